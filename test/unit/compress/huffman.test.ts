import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  codeLengths,
  entropyBits,
  maxCodeLength,
  packageMerge,
  streamBits,
} from '../../../src/compress/code/code-lengths.ts';
import {
  canonicalCodes,
  decodeSymbols,
  encodeSymbols,
  huffmanTable,
} from '../../../src/compress/code/huffman.ts';
import { crc32 } from '../../../src/model/crc32.ts';
import * as reference from './reference.ts';

const countsOf = (symbols: readonly number[], size: number): Float64Array => {
  const counts = new Float64Array(size);
  for (const s of symbols) counts[s]++;
  return counts;
};

test('a Huffman code has the bits of the textbook construction', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }), (counts) => {
      const c = Float64Array.from(counts);
      assert.equal(streamBits(c, codeLengths(c)), reference.huffmanBits(counts));
    }),
  );
});

test('package-merge equals Huffman wherever the limit does not bind', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 2, maxLength: 40 }), (w) => {
      const sorted = Float64Array.from(w).sort();
      const lengths = packageMerge(sorted, 40);
      assert.equal(streamBits(sorted, lengths), reference.huffmanBits(w));
    }),
  );
});

test('code lengths stay within 16 bits for Fibonacci counts, form a full code, and cost little', () => {
  const counts = new Float64Array(34).fill(1);
  for (let i = 2; i < 34; i++) counts[i] = counts[i - 1] + counts[i - 2];
  const lengths = codeLengths(counts);
  assert.equal(Math.max(...lengths), maxCodeLength);
  assert.equal(
    lengths.reduce((space, l) => space + 2 ** -l, 0),
    1,
  );
  const free = reference.huffmanBits([...counts]);
  assert.ok(streamBits(counts, lengths) >= free);
  assert.ok(streamBits(counts, lengths) < free * 1.001);
});

test('a limit of 4 bits is met optimally, by exhaustion over all codes of five symbols', () => {
  const counts = [1, 1, 2, 5, 30];
  const limit = 3;
  let best = Infinity;
  const walk = (lengths: number[]): void => {
    if (lengths.length === counts.length) {
      if (lengths.reduce((s, l) => s + 2 ** -l, 0) <= 1) {
        best = Math.min(
          best,
          lengths.reduce((s, l, i) => s + l * counts[i], 0),
        );
      }
      return;
    }
    for (let l = 1; l <= limit; l++) walk([...lengths, l]);
  };
  walk([]);
  const c = Float64Array.from(counts);
  assert.equal(streamBits(c, codeLengths(c, limit)), best);
});

test('the mean code length lies between the entropy and the entropy plus one bit', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1e6), { minLength: 2, maxLength: 300 }), (list) => {
      const counts = Float64Array.from(list);
      const total = list.reduce((a, b) => a + b, 0);
      fc.pre(list.filter((c) => c > 0).length >= 2);
      const bits = streamBits(counts, codeLengths(counts));
      const entropy = entropyBits(counts);
      assert.ok(bits >= entropy - 1e-6 * total);
      assert.ok(bits < entropy + total);
    }),
  );
});

test('symbols come back from their stream, with codes of every length', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.nat(1 << 20), { maxLength: 300 }),
      (size, skew, raw) => {
        const symbols = raw.map((x) => Math.floor(size * (x / (1 << 20)) ** skew) % size);
        const lengths = codeLengths(countsOf(symbols, size));
        const stream = encodeSymbols(
          canonicalCodes(lengths),
          Uint16Array.from(symbols),
          raw.length,
        );
        const decoded = new Uint16Array(raw.length);
        decodeSymbols(huffmanTable(lengths), stream, decoded, raw.length);
        assert.deepEqual([...decoded], symbols);
        assert.equal(stream.length, Math.ceil(streamBits(countsOf(symbols, size), lengths) / 8));
      },
    ),
  );
});

test('codes longer than the primary table decode', () => {
  const counts = new Float64Array(30).fill(1);
  for (let i = 2; i < 30; i++) counts[i] = counts[i - 1] + counts[i - 2];
  const lengths = codeLengths(counts);
  const symbols = Uint16Array.from({ length: 3000 }, (_, i) => (i * 7) % 30);
  const stream = encodeSymbols(canonicalCodes(lengths), symbols, 3000);
  const decoded = new Uint16Array(3000);
  decodeSymbols(huffmanTable(lengths), stream, decoded, 3000);
  assert.deepEqual(decoded, symbols);
});

test('65,536 symbols of equal count take 16 bits each', () => {
  const lengths = codeLengths(new Float64Array(65536).fill(3));
  assert.ok(lengths.every((l) => l === 16));
  const symbols = Uint16Array.from({ length: 65536 }, (_, i) => (i * 40503) & 65535);
  const decoded = new Uint16Array(65536);
  decodeSymbols(
    huffmanTable(lengths),
    encodeSymbols(canonicalCodes(lengths), symbols, 65536),
    decoded,
    65536,
  );
  assert.deepEqual(decoded, symbols);
});

test('a sole symbol takes no bits and no symbol takes no code', () => {
  const lengths = codeLengths(Float64Array.of(0, 0, 7));
  assert.deepEqual([...lengths], [0, 0, 1]);
  const stream = encodeSymbols(canonicalCodes(lengths), Uint16Array.of(2, 2), 2);
  assert.equal(stream.length, 0);
  const decoded = new Uint16Array(5);
  decodeSymbols(huffmanTable(lengths), stream, decoded, 5);
  assert.deepEqual([...decoded], [2, 2, 2, 2, 2]);
  assert.deepEqual([...codeLengths(new Float64Array(4))], [0, 0, 0, 0]);
  decodeSymbols(huffmanTable(new Uint8Array(4)), stream, decoded, 0);
});

test('streams that are cut, padded, continued or of no code are refused', () => {
  const refused = { code: 'invalid-container' };
  const lengths = Uint8Array.of(1, 2, 3, 3);
  const symbols = Uint16Array.of(0, 1, 2, 3, 3, 3, 2, 1, 0);
  const stream = encodeSymbols(canonicalCodes(lengths), symbols, 9);
  const target = new Uint16Array(9);
  const table = huffmanTable(lengths);
  assert.throws(() => decodeSymbols(table, stream.slice(0, -1), target, 9), refused);
  assert.throws(() => decodeSymbols(table, Uint8Array.of(...stream, 0), target, 9), refused);
  const dirty = Uint8Array.from(stream);
  dirty[dirty.length - 1] |= 128;
  assert.throws(() => decodeSymbols(table, dirty, target, 9), refused);
  assert.throws(() => huffmanTable(Uint8Array.of(1, 2)), refused);
  assert.throws(() => huffmanTable(Uint8Array.of(1, 1, 1)), refused);
  assert.throws(() => huffmanTable(Uint8Array.of(17, 1)), refused);
  assert.throws(() => huffmanTable(Uint8Array.of(0, 2)), refused);
  assert.throws(() => decodeSymbols(huffmanTable(Uint8Array.of(0)), stream, target, 1), refused);
  assert.throws(() => decodeSymbols(huffmanTable(Uint8Array.of(1)), stream, target, 1), refused);
});

test('CRC-32 has the check value of its catalogue and equals the bit-by-bit reference', () => {
  assert.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(7), fc.nat(40), (bytes, offset, cut) => {
      const moved = new Uint8Array(bytes.length + offset);
      moved.set(bytes, offset);
      const view = moved.subarray(offset);
      assert.equal(crc32(view), reference.crc32(bytes));
      assert.equal(crc32(view.subarray(cut), crc32(view.subarray(0, cut))), crc32(view));
    }),
  );
});
