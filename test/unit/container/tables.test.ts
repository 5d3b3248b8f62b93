import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeLengths as huffmanLengths } from '../../../src/compress/code/code-lengths.ts';
import { AdaptiveDecoder, AdaptiveEncoder } from '../../../src/container/adaptive.ts';
import { codebookContexts, codeCodebook, isExactIn } from '../../../src/container/codebook.ts';
import { codeLengths, lengthContexts } from '../../../src/container/length-tables.ts';
import type { CompressibleDType } from '../../../src/model/dtype.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { randomCodebook } from './random-models.ts';

const refuse = (why: string): never => {
  throw new RangeError(why);
};

function encodeCodebooks(books: readonly Float64Array[]): Uint8Array {
  const coder = new AdaptiveEncoder(codebookContexts);
  for (const book of books) assert.deepEqual(codeCodebook(coder, 0, book, refuse), book);
  return coder.finish();
}

function decodeCodebooks(bytes: Uint8Array, count: number): Float64Array[] {
  const coder = new AdaptiveDecoder(codebookContexts, bytes, () => refuse('overrun'));
  const empty = new Float64Array(1);
  const books = Array.from({ length: count }, () => codeCodebook(coder, 0, empty, refuse));
  assert.ok(coder.atEnd);
  return books;
}

test('decisions and raw bits come back, and both sides count the same bytes', () => {
  const one = fc.tuple(fc.nat(3), fc.nat(1), fc.nat(32), fc.nat());
  fc.assert(
    fc.property(fc.array(one, { maxLength: 300 }), (list) => {
      const encoder = new AdaptiveEncoder(4);
      const lengths = list.map(([context, bit, count, value]) => {
        encoder.bit(context, bit);
        encoder.raw(count === 32 ? value : value % 2 ** count, count);
        return encoder.length;
      });
      const bytes = encoder.finish();
      const decoder = new AdaptiveDecoder(4, bytes, () => refuse('overrun'));
      list.forEach(([context, bit, count, value], i) => {
        assert.equal(decoder.bit(context, 0), bit);
        assert.equal(decoder.raw(0, count), count === 32 ? value : value % 2 ** count);
        assert.equal(decoder.length, lengths[i]);
      });
      assert.ok(decoder.atEnd);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('a byte of an adaptive stream stands for less than 400 decisions', () => {
  const encoder = new AdaptiveEncoder(1);
  for (let i = 0; i < 100_000; i++) encoder.bit(0, 1);
  assert.ok(100_000 / encoder.finish().length < 400);
  const decoder = new AdaptiveDecoder(1, new Uint8Array(3), () => refuse('overrun'));
  assert.throws(() => {
    for (let i = 0; i < 4000; i++) decoder.bit(0, 0);
  }, RangeError);
});

test('codebooks of every dtype come back exactly, infinities and -0 included', () => {
  const random = mulberry32(11);
  for (const dtype of ['float32', 'float16', 'bfloat16', 'float64'] as const) {
    const books = [0, 1, 2, 3, 15, 16, 255, 256].flatMap((count) => [
      randomCodebook(random, dtype, count),
      randomCodebook(random, dtype, count),
    ]);
    assert.deepEqual(decodeCodebooks(encodeCodebooks(books), books.length), books);
    for (const book of books) assert.ok(isExactIn(book, dtype));
  }
});

test('extreme codebooks come back exactly', () => {
  const books = [
    [0],
    [0, 0],
    [0, -0, 0],
    [0, NaN],
    [0, -Infinity, -3.4028234663852886e38, -1e-45, -0, 0, 1e-45, 3.4028234663852886e38, Infinity],
    [0, -Number.MAX_VALUE, -5e-324, 5e-324, 0.1, Number.MAX_VALUE, Infinity],
    [0, 1, 1, 1, 2, 2],
  ].map((values) => Float64Array.from(values));
  assert.deepEqual(decodeCodebooks(encodeCodebooks(books), books.length), books);
});

test('values that descend, and more than 256, are refused', () => {
  const coder = (): AdaptiveEncoder => new AdaptiveEncoder(codebookContexts);
  assert.throws(() => codeCodebook(coder(), 0, Float64Array.of(0, 2, 1), refuse), RangeError);
  assert.throws(() => codeCodebook(coder(), 0, Float64Array.of(0, 0.2, 0.1), refuse), RangeError);
  assert.throws(() => codeCodebook(coder(), 0, new Float64Array(258), refuse), RangeError);
});

test('a value is exact in a dtype only when it is one of its numbers', () => {
  const exact = (value: number, dtype: CompressibleDType): boolean =>
    isExactIn(Float64Array.of(0, value), dtype);
  assert.ok(exact(0.5, 'float16') && exact(-0, 'bfloat16') && exact(NaN, 'float16'));
  assert.ok(!exact(0.1, 'float32') && !exact(65536, 'float16') && !exact(1 + 2 ** -8, 'bfloat16'));
});

test('a bell-shaped codebook of 256 trained values takes less than 3 bytes a value', () => {
  const random = mulberry32(5);
  const values = Array.from({ length: 255 }, (_, i) => {
    const x = (i - 127) / 40;
    return Math.fround(x * Math.exp(x * x * 0.05) * 0.01 + (random() - 0.5) * 1e-5);
  });
  const book = Float64Array.of(0, ...values.sort((a, b) => a - b));
  assert.ok(encodeCodebooks([book]).length < 3 * 255);
});

function encodeLengths(tables: readonly Uint8Array[]): Uint8Array {
  const coder = new AdaptiveEncoder(lengthContexts);
  for (const table of tables) codeLengths(coder, 0, table.length, table, refuse);
  return coder.finish();
}

test('tables of code lengths come back without their unused end', () => {
  const table = fc.uint8Array({ min: 0, max: 16, maxLength: 300 });
  fc.assert(
    fc.property(fc.array(table, { maxLength: 5 }), (tables) => {
      const bytes = encodeLengths(tables);
      const coder = new AdaptiveDecoder(lengthContexts, bytes, () => refuse('overrun'));
      for (const expected of tables) {
        const read = codeLengths(coder, 0, expected.length, new Uint8Array(0), refuse);
        const padded = new Uint8Array(expected.length);
        padded.set(read);
        assert.deepEqual(padded, expected);
        assert.ok(read.length === 0 || read[read.length - 1] > 0);
      }
      assert.ok(coder.atEnd);
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('a table of 255 weight codes takes 40 to 70 bytes, and an empty one of 65,536 gaps one byte', () => {
  const counts = Float64Array.from({ length: 255 }, (_, i) => {
    const x = (i - 127) / 50;
    return Math.round(5000 * Math.exp((-x * x) / 2)) + 1;
  });
  const bytes = encodeLengths([huffmanLengths(counts)]).length;
  assert.ok(bytes < 70, `${bytes} bytes`);
  assert.ok(encodeLengths([new Uint8Array(65_536)]).length <= 1);
});
