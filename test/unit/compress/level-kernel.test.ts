import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { blockWeights } from '../../../src/compress/coded.ts';
import { LevelKernel } from '../../../src/compress/code/level-kernel.ts';
import { decodeLevels, type LevelShape } from '../../../src/compress/code/levels.ts';
import { decodeLevelsPlain, encodeLevelsPlain } from '../../../src/compress/code/levels-plain.ts';
import { codeOf } from '../../../src/compress/share/grid.ts';
import { mulberry32 } from '../../../src/model/random.ts';

const kernel = new LevelKernel();

/** Asserts that kernel and plain coder make the same stream of `levels`, and the codes of it. */
function agree(shape: LevelShape, start: number, levels: ArrayLike<number>): void {
  const codes = Uint16Array.from(levels, (level) => codeOf(level, shape.largest));
  const n = codes.length;
  const expected = encodeLevelsPlain(shape, start, codes, n);
  assert.deepEqual(kernel.encode(shape, start, codes, n), expected);
  const decoded = new Uint16Array(n);
  assert.equal(kernel.decode(shape, start, expected, decoded, n), true);
  assert.deepEqual(decoded, codes);
}

/** Asserts that both make the same of bytes that nobody coded. */
function agreeOnBytes(shape: LevelShape, start: number, bytes: Uint8Array, n: number): void {
  const expected = new Uint16Array(n);
  const decoded = new Uint16Array(n);
  const sound = decodeLevelsPlain(shape, start, bytes, expected, n);
  assert.equal(kernel.decode(shape, start, bytes, decoded, n), sound);
  if (sound) assert.deepEqual(decoded, expected);
  else assert.throws(() => decodeLevels(shape, start, bytes, decoded, n), /a level out of range/);
}

const shapes: fc.Arbitrary<LevelShape> = fc.record({
  largest: fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom(1, 2, 3, 4, 7, 8, 127, 128, 255, 16383, 16384, 32767),
    fc.integer({ min: 1, max: 32767 }),
  ),
  rowLength: fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.constantFrom(1 << 20, (1 << 20) + 1, 3 << 20),
  ),
  kernelLength: fc.oneof(fc.constantFrom(1, 9, 64, 65), fc.integer({ min: 1, max: 130 })),
});

const starts = fc.constantFrom(0, blockWeights, 7 * blockWeights);

test('kernel and plain coder give the same streams and codes of levels, whatever the shape', () => {
  fc.assert(
    fc.property(
      shapes,
      starts,
      fc.integer({ min: 1, max: 20000 }),
      fc.constantFrom(1, 3, 10, 100),
      fc.nat(),
      (shape, start, n, steepness, seed) => {
        const random = mulberry32(seed);
        const level = (): number => {
          const size = Math.round(shape.largest * random() ** steepness);
          return random() < 0.5 ? size : -size;
        };
        agree(shape, start, Int16Array.from({ length: n }, level));
      },
    ),
    { numRuns: 60 },
  );
});

test('kernel and plain coder agree on levels that surprise them as much as they can', () => {
  for (const largest of [1, 2, 15, 255, 32767]) {
    const shape = { largest, rowLength: 700, kernelLength: 7 };
    const patterns: ((i: number) => number)[] = [
      () => 0,
      () => largest,
      () => -largest,
      (i) => (i % 4096 === 4095 ? largest : 0), // certainty, then the opposite: the least chance
      (i) => (i % 4096 === 4095 ? 0 : largest),
      (i) => (i < 30000 ? 1 : -largest),
      (i) => (i % (2 * largest + 1)) - largest,
    ];
    for (const pattern of patterns)
      agree(
        shape,
        0,
        Int16Array.from({ length: 40000 }, (_, i) => pattern(i)),
      );
  }
});

test('kernel and plain coder agree on bytes that no coder of levels wrote', () => {
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
  const shape = { largest: 5, rowLength: 50, kernelLength: 1 };
  for (const byte of [0, 255, 127, 128])
    agreeOnBytes(shape, 0, new Uint8Array(5000).fill(byte), 20000);
});

test('the largest block of the largest levels, with more stream than it can use, fits', () => {
  const random = mulberry32(5);
  const shape = { largest: 32767, rowLength: blockWeights, kernelLength: 64 };
  const bytes = Uint8Array.from({ length: 20 << 20 }, () => 256 * random());
  agreeOnBytes(shape, 0, bytes, blockWeights);
});
