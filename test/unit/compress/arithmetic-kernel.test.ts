import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { rates } from '../../../src/compress/code/adaptive.ts';
import {
  decodeArithmetic,
  encodeArithmetic,
  type BlockShape,
} from '../../../src/compress/code/arithmetic.ts';
import { ArithmeticKernel } from '../../../src/compress/code/arithmetic-kernel.ts';
import { decodePlain, encodePlain } from '../../../src/compress/code/arithmetic-plain.ts';
import { blockWeights } from '../../../src/compress/coded.ts';
import { mulberry32 } from '../../../src/model/random.ts';

const kernel = new ArithmeticKernel();

/** Asserts that kernel and plain coder make the same stream of `codes`, and the codes of it. */
function agree(shape: BlockShape, start: number, codes: Uint16Array): void {
  const n = codes.length;
  const expected = encodePlain(shape, start, codes, n);
  assert.deepEqual(kernel.encode(shape, start, codes, n), expected);
  const decoded = new Uint16Array(n);
  assert.equal(kernel.decode(shape, start, expected, decoded, n), true);
  assert.deepEqual(decoded, codes);
}

/** Asserts that both make the same of bytes that nobody coded. */
function agreeOnBytes(shape: BlockShape, start: number, bytes: Uint8Array, n: number): void {
  const expected = new Uint16Array(n);
  const decoded = new Uint16Array(n);
  const sound = decodePlain(shape, start, bytes, expected, n);
  assert.equal(kernel.decode(shape, start, bytes, decoded, n), sound);
  if (sound) assert.deepEqual(decoded, expected);
  else
    assert.throws(() => decodeArithmetic(shape, start, bytes, decoded, n), /not in its codebook/);
}

const codebooks = fc
  .record({
    values: fc.integer({ min: 0, max: 256 }),
    spread: fc.constantFrom(0, 1e-40, 1, 1e300),
  })
  .map(({ values, spread }) =>
    Float64Array.from({ length: values + 1 }, (_, c) =>
      c === 0 ? 0 : spread * (c / (values + 1) - 0.4),
    ),
  );

const shapes: fc.Arbitrary<BlockShape> = fc.record({
  codebook: codebooks,
  rowLength: fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.constantFrom(1 << 20, (1 << 20) + 1, 3 << 20),
  ),
  kernelLength: fc.oneof(fc.constantFrom(1, 9, 64, 65), fc.integer({ min: 1, max: 130 })),
});

const starts = fc.constantFrom(0, blockWeights, 7 * blockWeights);

test('kernel and plain coder give the same streams and codes, whatever the shape', () => {
  fc.assert(
    fc.property(
      shapes,
      starts,
      fc.integer({ min: 1, max: 20000 }),
      fc.constantFrom(0, 0.5, 0.9, 0.999, 1),
      fc.nat(),
      (shape, start, n, sparsity, seed) => {
        const random = mulberry32(seed);
        const values = shape.codebook.length - 1;
        const codes = Uint16Array.from({ length: n }, () =>
          values === 0 || random() < sparsity ? 0 : 1 + Math.floor(values * random() ** 2),
        );
        agree(shape, start, codes);
      },
    ),
    { numRuns: 60 },
  );
});

test('kernel and plain coder agree on weights that surprise them as much as they can', () => {
  const codebook = Float64Array.from({ length: 257 }, (_, c) => (c - 128) / 128);
  const shape = { codebook, rowLength: 700, kernelLength: 7 };
  const patterns: ((i: number) => number)[] = [
    () => 0,
    () => 1,
    () => 256,
    (i) => (i % 4096 === 4095 ? 256 : 0), // certainty, then the opposite: the least probability
    (i) => (i % 4096 === 4095 ? 0 : 1),
    (i) => (i < 30000 ? 1 : 256),
    (i) => 1 + (i % 256),
  ];
  for (const pattern of patterns) {
    agree(
      shape,
      0,
      Uint16Array.from({ length: 60000 }, (_, i) => pattern(i)),
    );
  }
});

test('kernel and plain coder agree on bytes that no coder wrote', () => {
  fc.assert(
    fc.property(
      shapes,
      starts,
      fc.uint8Array({ maxLength: 400 }),
      fc.integer({ min: 1, max: 3000 }),
      (shape, start, bytes, n) => agreeOnBytes(shape, start, bytes, n),
    ),
    { numRuns: 100 },
  );
  const shape = { codebook: Float64Array.of(0, 1, 2, 3), rowLength: 50, kernelLength: 1 };
  for (const byte of [0, 255, 127, 128])
    agreeOnBytes(shape, 0, new Uint8Array(5000).fill(byte), 20000);
});

test('the largest block of the largest codebook, with more stream than it can use, fits', () => {
  const random = mulberry32(5);
  const shape = {
    codebook: Float64Array.from({ length: 257 }, (_, c) => c),
    rowLength: blockWeights,
    kernelLength: 64,
  };
  const bytes = Uint8Array.from({ length: 20 << 20 }, () => 256 * random());
  agreeOnBytes(shape, 0, bytes, blockWeights);
});

test('more shared values than the kernel tells apart are left to the plain coder', () => {
  const codebook = Float64Array.from({ length: 258 }, (_, c) => c);
  const shape = { codebook, rowLength: 100, kernelLength: 1 };
  const codes = Uint16Array.from({ length: 3000 }, (_, i) => (i * 7) % 258);
  assert.equal(kernel.encode(shape, 0, codes, codes.length), undefined);
  const stream = encodeArithmetic(shape, 0, codes, codes.length);
  assert.deepEqual(stream, encodePlain(shape, 0, codes, codes.length));
  const decoded = new Uint16Array(codes.length);
  assert.equal(kernel.decode(shape, 0, stream, decoded, codes.length), undefined);
  decodeArithmetic(shape, 0, stream, decoded, codes.length);
  assert.deepEqual(decoded, codes);
});

test('the rate of an estimate comes out of single precision as it stands in the table', () => {
  for (let n = 0; n < 512; n++) {
    const rounded = Math.fround(Math.fround(655360 / (10 * n + 16)) + 2 ** 23);
    assert.equal(rounded - 2 ** 23, rates[n], `after ${n} updates`);
  }
});
