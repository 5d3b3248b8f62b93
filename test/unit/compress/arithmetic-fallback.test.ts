import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeArithmetic, encodeArithmetic } from '../../../src/compress/code/arithmetic.ts';
import {
  ArithmeticKernel,
  arithmeticKernel,
} from '../../../src/compress/code/arithmetic-kernel.ts';
import { LevelKernel, levelKernel } from '../../../src/compress/code/level-kernel.ts';
import { decodeLevels, encodeLevels } from '../../../src/compress/code/levels.ts';
import { encodeLevelsPlain } from '../../../src/compress/code/levels-plain.ts';
import { encodePlain } from '../../../src/compress/code/arithmetic-plain.ts';

test('without WebAssembly, blocks are coded all the same', () => {
  // before anything was coded on this thread: a file of its own
  assert.ok(Reflect.deleteProperty(globalThis, 'WebAssembly'));
  assert.throws(() => new ArithmeticKernel(), ReferenceError);
  assert.equal(arithmeticKernel(), undefined);

  const shape = { codebook: Float64Array.of(0, -1, 1, 2), rowLength: 30, kernelLength: 1 };
  const codes = Uint16Array.from({ length: 3000 }, (_, i) =>
    (i * i) % 11 === 1 ? 1 + (i % 3) : 0,
  );
  const stream = encodeArithmetic(shape, 0, codes, codes.length);
  assert.deepEqual(stream, encodePlain(shape, 0, codes, codes.length));
  const decoded = new Uint16Array(codes.length);
  decodeArithmetic(shape, 0, stream, decoded, codes.length);
  assert.deepEqual(decoded, codes);

  assert.throws(() => new LevelKernel(), ReferenceError);
  assert.equal(levelKernel(), undefined);
  const grid = { largest: 1, rowLength: 30, kernelLength: 1 };
  const levels = codes.map((code) => Math.min(code, 2));
  const coded = encodeLevels(grid, 0, levels, levels.length);
  assert.deepEqual(coded, encodeLevelsPlain(grid, 0, levels, levels.length));
  decodeLevels(grid, 0, coded, decoded, levels.length);
  assert.deepEqual(decoded, levels);
});
