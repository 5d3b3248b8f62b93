import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { blockWeights, type CodedBlock, type CodedTensor } from '../../../src/compress/coded.ts';
import { codeLengths, streamBits } from '../../../src/compress/code/code-lengths.ts';
import {
  BlockEncoder,
  blocksOf,
  weightsOfBlock,
  type TensorCoding,
} from '../../../src/compress/code/encode-block.ts';
import {
  cheapestIndex,
  countRuns,
  fromEntries,
  gapCounts,
  indexCost,
  longRun,
  toEntries,
} from '../../../src/compress/code/relative-index.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import * as reference from './reference.ts';
import { decodeBlock, restoreBlock } from './decode-once.ts';

const runsOf = (codes: Uint16Array): { short: Float64Array; long: Float64Array } => {
  const short = new Float64Array(longRun);
  const long = countRuns(codes, codes.length, short);
  return { short, long };
};

const histogram = (symbols: ArrayLike<number>, size: number): Float64Array => {
  const counts = new Float64Array(size);
  for (let i = 0; i < symbols.length; i++) counts[symbols[i]]++;
  return counts;
};

/** A tensor of these codes, coded with `coder` and `indexBits`. */
function codeTensor(
  codes: Uint16Array,
  values: number,
  options: Partial<TensorCoding> & { coder: 'huffman' | 'arithmetic' },
): CodedTensor {
  const codebook = Float64Array.from({ length: values + 1 }, (_, c) =>
    c === 0 ? 0 : (c - values / 2 - 0.25) / 64,
  );
  const indexBits = options.coder === 'arithmetic' ? 0 : (options.indexBits ?? 4);
  const runs = runsOf(new Uint16Array(0));
  const counts = histogram([], values + 1);
  for (let b = 0; b < blocksOf(codes.length); b++) {
    const part = codes.subarray(b * blockWeights, (b + 1) * blockWeights);
    countRuns(part, part.length, runs.short).forEach((r) => {
      runs.long = Float64Array.of(...runs.long, r);
    });
    histogram(part, values + 1).forEach((n, c) => (counts[c] += n));
  }
  const gaps = gapCounts(runs, indexBits);
  if (indexBits > 0) counts[0] = gaps.fillers;
  const huffman = options.coder === 'huffman';
  const coding: TensorCoding = {
    tensor: 0,
    dtype: options.dtype ?? 'float32',
    weights: codes.length,
    codebook,
    coder: options.coder,
    indexBits,
    valueLengths: huffman ? codeLengths(counts) : new Uint8Array(0),
    gapLengths: huffman && indexBits > 0 ? codeLengths(gaps.counts) : new Uint8Array(0),
    rowLength: options.rowLength ?? 16,
    kernelLength: options.kernelLength ?? 1,
  };
  const encoder = new BlockEncoder(coding);
  const blocks: CodedBlock[] = [];
  for (let b = 0; b < blocksOf(codes.length); b++) {
    blocks.push(encoder.encode(b, codes.subarray(b * blockWeights, (b + 1) * blockWeights)));
  }
  return { ...coding, blocks };
}

function decodeTensor(t: CodedTensor): Uint16Array {
  const codes = new Uint16Array(t.weights);
  for (let b = 0; b < blocksOf(t.weights); b++) {
    decodeBlock(
      t,
      b,
      codes.subarray(b * blockWeights, b * blockWeights + weightsOfBlock(t.weights, b)),
    );
  }
  return codes;
}

/** Codes 0 .. values of a chosen sparsity, in runs or not. */
const someCodes = fc
  .record({
    values: fc.integer({ min: 0, max: 256 }),
    n: fc.integer({ min: 1, max: 3000 }),
    sparsity: fc.constantFrom(0, 0.3, 0.9, 0.995, 1),
    seed: fc.nat(),
  })
  .map(({ values, n, sparsity, seed }) => {
    let s = seed | 1;
    const random = (): number => ((s = Math.imul(s, 1664525) + 1013904223) >>> 8) / 2 ** 24;
    const codes = Uint16Array.from({ length: n }, () =>
      values === 0 || random() < sparsity ? 0 : 1 + Math.floor(values * random() ** 2),
    );
    return { values, codes };
  });

test('entries are those of the definition, for every index width', () => {
  fc.assert(
    fc.property(someCodes, fc.integer({ min: 2, max: 16 }), ({ codes }, bits) => {
      const n = codes.length;
      const values = new Uint16Array(n);
      const gaps = new Uint16Array(n);
      const entries = toEntries(codes, n, bits, values, gaps);
      const expected = reference.relativeIndex([...codes], bits);
      assert.deepEqual(
        Array.from({ length: entries }, (_, e) => [values[e], gaps[e]]),
        expected,
      );
      const back = new Uint16Array(n).fill(9);
      fromEntries(values, gaps, entries, back, n);
      assert.deepEqual(back, codes);
      const counted = gapCounts(runsOf(codes), bits);
      assert.deepEqual(counted.counts, histogram(gaps.subarray(0, entries), 2 ** bits));
      assert.equal(counted.fillers, expected.filter(([code]) => code === 0).length);
    }),
  );
});

test('the cost of an index width is what its streams then take', () => {
  fc.assert(
    fc.property(someCodes, fc.constantFrom(0, 2, 4, 8, 16), ({ values, codes }, bits) => {
      const t = codeTensor(codes, values, { coder: 'huffman', indexBits: bits });
      const cost = indexCost(runsOf(codes), histogram(codes, values + 1), bits);
      assert.equal(Math.ceil(cost.valueBits / 8), t.blocks[0].values.length);
      assert.equal(Math.ceil(cost.gapBits / 8), t.blocks[0].gaps.length);
    }),
  );
});

test('the cheapest index is at most as dear as every other', () => {
  fc.assert(
    fc.property(someCodes, ({ values, codes }) => {
      const counts = histogram(codes, values + 1);
      const best = cheapestIndex(runsOf(codes), counts);
      for (const bits of [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]) {
        assert.ok(best.totalBits <= indexCost(runsOf(codes), counts, bits).totalBits, `${bits}`);
      }
    }),
    { numRuns: 30 },
  );
});

test('codes come back from Huffman blocks of every index width', () => {
  fc.assert(
    fc.property(
      someCodes,
      fc.constantFrom(0, ...Array.from({ length: 15 }, (_, i) => i + 2)),
      ({ values, codes }, indexBits) => {
        const t = codeTensor(codes, values, { coder: 'huffman', indexBits });
        assert.deepEqual(decodeTensor(t), codes);
      },
    ),
  );
});

test('codes come back from arithmetic blocks of every shape', () => {
  fc.assert(
    fc.property(
      someCodes,
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 130 }),
      ({ values, codes }, rowLength, kernelLength) => {
        const t = codeTensor(codes, values, { coder: 'arithmetic', rowLength, kernelLength });
        assert.deepEqual(decodeTensor(t), codes);
      },
    ),
  );
});

test('degenerate tensors come back: empty, one weight, all pruned, none pruned, one value', () => {
  for (const coder of ['huffman', 'arithmetic'] as const) {
    for (const indexBits of [0, 2, 5, 16]) {
      for (const [values, list] of [
        [3, []],
        [3, [2]],
        [3, [0]],
        [0, [0, 0, 0]],
        [1, [1, 1, 1, 1]],
        [1, [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]],
        [256, Array.from({ length: 600 }, (_, i) => i % 257)],
      ] as const) {
        const codes = Uint16Array.from(list as readonly number[]);
        const t = codeTensor(codes, values, { coder, indexBits });
        assert.deepEqual(decodeTensor(t), codes);
      }
    }
  }
});

test('tensors of several blocks come back, rows across block borders included', () => {
  const n = 2 * blockWeights + 12345;
  const codes = new Uint16Array(n);
  let s = 1;
  for (let i = 0; i < n; i++) {
    s = Math.imul(s, 1664525) + 1013904223;
    codes[i] = s >>> 30 === 0 ? 1 + ((s >>> 20) & 15) : 0;
  }
  codes.fill(0, 1000, 200000); // a run longer than any index
  for (const coder of ['huffman', 'arithmetic'] as const) {
    const t = codeTensor(codes, 16, { coder, indexBits: 4, rowLength: 1000, kernelLength: 9 });
    assert.equal(t.blocks.length, 3);
    assert.deepEqual(decodeTensor(t), codes);
  }
});

test('the arithmetic coder comes near the entropy of independent weights', () => {
  const n = 200000;
  const codes = new Uint16Array(n);
  let s = 7;
  for (let i = 0; i < n; i++) {
    s = Math.imul(s, 1664525) + 1013904223;
    codes[i] = s >>> 29 === 0 ? 1 + ((s >>> 25) & 7) : 0; // 1 in 8 survives, 8 values
  }
  const t = codeTensor(codes, 8, { coder: 'arithmetic', rowLength: 500 });
  const counts = histogram(codes, 9);
  let entropy = 0;
  for (const c of counts) if (c > 0) entropy += (c * Math.log2(n / c)) / 8;
  const bytes = t.blocks[0].values.length;
  assert.ok(bytes < 1.02 * entropy, `${bytes} of ${entropy}`);
  const huffman = streamBits(counts, codeLengths(counts)) / 8;
  assert.ok(bytes < huffman);
});

test('the arithmetic coder gives these bytes for ever, on every machine', () => {
  const codes = Uint16Array.from({ length: 64 }, (_, i) => ((i * i) % 7 === 1 ? 1 + (i % 5) : 0));
  const t = codeTensor(codes, 5, { coder: 'arithmetic', rowLength: 8, kernelLength: 4 });
  assert.equal(Buffer.from(t.blocks[0].values).toString('hex'), '5803ad236bf5a5a93f15f85878fc');
});

test('restored bytes are the shared values in every dtype, at any alignment', () => {
  const codes = Uint16Array.of(0, 2, 1, 3);
  const codebook = Float64Array.of(0, -1.5, -0, 0.25);
  for (const [dtype, width, hex] of [
    ['float32', 4, '00000000000000800000c0bf0000803e'],
    ['float16', 2, '0000008000be0034'],
    ['bfloat16', 2, '00000080c0bf803e'],
    ['float64', 8, '00000000000000000000000000000080000000000000f8bf000000000000d03f'],
  ] as const) {
    for (let offset = 0; offset < 9; offset++) {
      const target = new Uint8Array(offset + 4 * width).subarray(offset);
      restoreBlock({ codebook, dtype }, codes, target, 0);
      assert.equal(Buffer.from(target).toString('hex'), hex, `${dtype} at ${offset}`);
    }
  }
});

test('random bytes in a block decode to codes in range or are refused in one line', () => {
  fc.assert(
    fc.property(
      someCodes,
      fc.constantFrom('huffman', 'arithmetic'),
      fc.constantFrom(0, 2, 4, 9, 16),
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(3000),
      fc.nat(2),
      ({ values, codes }, coder, indexBits, bytes, gaps, entries, what) => {
        const t = codeTensor(codes, values, { coder, indexBits });
        const sound = t.blocks[0];
        const block = {
          ...sound,
          values: what === 1 ? sound.values : bytes,
          gaps: what === 0 ? sound.gaps : gaps,
          entries: what === 2 ? entries : sound.entries,
        };
        const decoded = new Uint16Array(codes.length + 1).fill(999);
        try {
          decodeBlock({ ...t, blocks: [block] }, 0, decoded);
          assert.ok(decoded.subarray(0, -1).every((c) => c <= values));
        } catch (error) {
          assert.ok(error instanceof DeepCompressionError, String(error));
          assert.equal(error.code, 'invalid-container');
          assert.doesNotMatch(error.message, /\n/);
        }
        assert.equal(decoded[codes.length], 999);
      },
    ),
    { numRuns: 500 },
  );
});

test('blocks that are not there, and lying entry counts, are refused', () => {
  const codes = Uint16Array.of(1, 0, 2);
  const refused = { code: 'invalid-container' };
  for (const coder of ['huffman', 'arithmetic'] as const) {
    const t = codeTensor(codes, 2, { coder });
    const target = new Uint16Array(3);
    assert.throws(() => decodeBlock(t, 1, target), refused);
    assert.throws(() => decodeBlock(t, -1, target), refused);
    assert.throws(() => decodeBlock(t, 0, new Uint16Array(2)), refused);
    for (const entries of [-1, 4, NaN, 1e9]) {
      const blocks = [{ ...t.blocks[0], entries }];
      assert.throws(() => decodeBlock({ ...t, blocks }, 0, target), refused);
    }
  }
});
