import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockWeights, type CodedTensor } from '../../../src/compress/coded.ts';
import { levelCodebook } from '../../../src/compress/share/grid.ts';
import { LayerSimulator } from '../../../src/eie/run.ts';
import { codeLimit, makeMachine, weightBitsFor } from '../../../src/eie/machine.ts';
import { matricesOf } from '../../../src/layers/matrices.ts';
import type { Geometry } from '../../../src/model/model.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { randomGridOf, scaleAt } from '../container/random-models.ts';
import { toDense } from '../eie/entries.ts';

const codedOf = (weights: number, codebook: number[]): CodedTensor => ({
  tensor: 0,
  dtype: 'float32',
  weights,
  codebook: Float64Array.from(codebook),
  coder: 'huffman',
  indexBits: 4,
  valueLengths: new Uint8Array(),
  gapLengths: new Uint8Array(),
  rowLength: 1,
  kernelLength: 1,
  blocks: [],
});
const randomCodes = (n: number, seed: number): Uint16Array => {
  const random = mulberry32(seed);
  return Uint16Array.from({ length: n }, () => (random() < 0.4 ? 1 + Math.floor(random() * 3) : 0));
};
const decoder = (codes: Uint16Array) => (block: number, target: Uint16Array) =>
  target.set(codes.subarray(block * blockWeights, (block + 1) * blockWeights));
const fc2: Geometry = { kind: 'fc', rows: 4, cols: 6, matrices: 1, transposed: false };

test('a fully connected tensor is its matrix, stored either way round', () => {
  const codes = randomCodes(24, 1);
  const [one] = matricesOf('fc', codedOf(24, [0, 1, 2, 3]), fc2, decoder(codes), codeLimit);
  assert.deepEqual(toDense(one.matrix), codes);
  assert.deepEqual([one.name, one.part], ['fc', 0]);
  const [turned] = matricesOf(
    'fc',
    codedOf(24, [0, 1, 2, 3]),
    { ...fc2, transposed: true },
    decoder(codes),
    codeLimit,
  );
  const dense = toDense(turned.matrix);
  for (let r = 0; r < 4; r++)
    for (let c = 0; c < 6; c++) assert.equal(dense[r * 6 + c], codes[c * 4 + r]);
});

test('a tensor of several blocks keeps every weight in its place', () => {
  const rows = 3;
  const cols = blockWeights;
  const codes = new Uint16Array(rows * cols);
  const random = mulberry32(4);
  for (let i = 0; i < 5000; i++) codes[Math.floor(random() * codes.length)] = 1;
  codes[codes.length - 1] = 2;
  const [one] = matricesOf(
    'w',
    codedOf(codes.length, [0, 1, 2]),
    { ...fc2, rows, cols },
    decoder(codes),
    codeLimit,
  );
  assert.deepEqual(toDense(one.matrix), codes);
});

test('groups, gates and directions become matrices with names', () => {
  const codes = randomCodes(48, 2);
  const tensor = codedOf(48, [0, 1, 2, 3]);
  const conv: Geometry = { ...fc2, kind: 'conv', matrices: 2, kernel: [1, 2] };
  const groups = matricesOf('conv1', tensor, conv, decoder(codes), codeLimit);
  assert.deepEqual(
    groups.map((m) => m.name),
    ['conv1 [group 0]', 'conv1 [group 1]'],
  );
  groups.forEach((m, i) => assert.deepEqual(toDense(m.matrix), codes.slice(24 * i, 24 * i + 24)));

  const lstm: Geometry = { kind: 'recurrent', rows: 2, cols: 3, matrices: 8, transposed: false, gates: ['i', 'o', 'f', 'c'] }; // prettier-ignore
  const stacked = matricesOf('W', tensor, lstm, decoder(codes), codeLimit);
  assert.deepEqual(
    stacked.map((m) => m.name),
    ['W [direction 0]', 'W [direction 1]'],
  );
  assert.deepEqual(
    stacked.map((m) => m.matrix.rows),
    [8, 8],
  );
  stacked.forEach((m, i) => assert.deepEqual(toDense(m.matrix), codes.slice(24 * i, 24 * i + 24)));
});

test('a geometry that does not describe the tensor is refused', () => {
  const bad = () =>
    matricesOf('fc', codedOf(25, [0, 1]), fc2, decoder(new Uint16Array(25)), codeLimit);
  assert.throws(bad, /fc: 1 matrices of 4 x 6 are not its 25 weights/);
});

test('codebooks beyond 16 values need eight bits, beyond 256 more', () => {
  assert.deepEqual([2, 16, 17, 256, 257].map(weightBitsFor), [4, 4, 8, 8, 9]);
});

test('a layer on a grid with scales of channels and columns gives the output of its restored weights', () => {
  let withColumns = 0;
  for (let seed = 0; seed < 60; seed++) {
    const random = mulberry32(seed);
    const weights = 24 * (1 + Math.floor(random() * 20));
    const grid = randomGridOf(random, weights);
    const { rows, cols, transposed } = grid;
    const largest = seed % 2 === 0 ? 7 : 100;
    const codebook = levelCodebook(largest);
    const codes = Uint16Array.from({ length: weights }, () =>
      random() < 0.3 ? 0 : Math.floor(random() * codebook.length),
    );
    const tensor = { ...codedOf(weights, []), codebook, grid };
    const matrices = weights / rows / cols;
    const geometry: Geometry = { kind: 'fc', rows, cols, matrices, transposed };
    const restored = Float64Array.from(codes, (c, i) => codebook[c] * scaleAt(grid, i));
    for (const part of matricesOf('fc', tensor, geometry, decoder(codes), codeLimit)) {
      const x = Float32Array.from({ length: cols }, () => random() - 0.5);
      const { columnScales, rowScales } = part;
      if (columnScales) withColumns++;
      const layer = {
        ...{ name: 'fc', matrix: part.matrix, codebook: part.codebook, bias: null },
        ...(rowScales && { rowScales }),
        activations: columnScales ? x.map((a, c) => a * columnScales[c]) : x,
      };
      const weightBits = weightBitsFor(part.codebook.length);
      assert.equal(weightBits, part.codebook.length <= 16 ? 4 : 8);
      const machine = makeMachine({ detect: 'nonzero', weightBits });
      const { output } = new LayerSimulator(layer).run(machine);
      for (let r = 0; r < rows; r++) {
        let expected = 0;
        let size = 0;
        for (let c = 0; c < cols; c++) {
          const at = part.part * rows * cols + (transposed ? c * rows + r : r * cols + c);
          expected += restored[at] * x[c];
          size += Math.abs(restored[at] * x[c]);
        }
        assert.ok(Math.abs(output[r] - expected) <= 1e-5 * size, `row ${r} of seed ${seed}`);
      }
    }
  }
  assert.ok(withColumns > 5);
});

test('a grid whose channels are not the rows of the matrix is refused in one line', () => {
  const grid = { rows: 6, cols: 4, transposed: false, scales: new Int32Array(6) };
  const tensor = { ...codedOf(24, []), codebook: levelCodebook(3), grid };
  assert.throws(
    () => matricesOf('fc', tensor, fc2, decoder(randomCodes(24, 1)), codeLimit),
    /^DeepCompressionError: fc: the channels of its grid are not the rows of its matrix$/,
  );
});
