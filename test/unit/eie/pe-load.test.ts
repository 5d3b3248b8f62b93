/** The load of EIE's processing elements: against the simulator's encoder, and its whole run. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { BlockDecoder } from '../../../src/compress/code/decode-block.ts';
import { codeLimit } from '../../../src/eie/machine.ts';
import { encode } from '../../../src/eie/encode.ts';
import { matricesOf } from '../../../src/layers/matrices.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { Geometry } from '../../../src/model/model.ts';
import { fromDense, type SparseCodes } from '../../../src/layers/sparse.ts';
import { PeLoad } from '../../../src/eie/pe-load.ts';
import {
  asking,
  compressedView,
  modelOf,
  recipeOf,
  sparseValues,
  viewOf,
} from '../view/support.ts';

/** From the encodings the simulator makes: entries of each PE, the fullest one of each matrix. */
function byEncoder(matrices: readonly SparseCodes[]): number | null {
  let [total, most] = [0, 0];
  for (const matrix of matrices) {
    const { ptr, columns, stored } = encode(matrix, null, 64, 4, false);
    total += stored;
    most += Math.max(...ptr.subarray(columns * 64));
  }
  return most > 0 ? total / 64 / most : null;
}

function transposed(codes: Uint8Array, rows: number, cols: number): Uint8Array {
  return codes.map((_, i) => codes[(i % cols) * rows + Math.floor(i / cols)]);
}

test('any matrix, cut into any pieces, has the entries that the encoder stores', () => {
  const shape = fc.record({
    rows: fc.integer({ min: 1, max: 2600 }),
    cols: fc.integer({ min: 1, max: 7 }),
    matrices: fc.integer({ min: 1, max: 3 }),
    transposed: fc.boolean(),
    sparsity: fc.constantFrom(0, 0.5, 0.98, 1),
    piece: fc.integer({ min: 1, max: 5000 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(shape, ({ rows, cols, matrices, sparsity, piece, seed, ...s }) => {
      const size = rows * cols;
      const codes = Uint8Array.from(sparseValues(size * matrices, sparsity, seed), (v) =>
        v === 0 ? 0 : 1,
      );
      const geometry: Geometry = { kind: 'fc', rows, cols, matrices, transposed: s.transposed };
      const counter = PeLoad.of(geometry, codes.length);
      assert.ok(counter);
      for (let at = 0; at < codes.length; at += piece) counter.add(codes.subarray(at, at + piece));
      const parts = Array.from({ length: matrices }, (_, m) => {
        const part = codes.subarray(m * size, (m + 1) * size);
        return fromDense(s.transposed ? transposed(part, rows, cols) : part, rows, cols);
      });
      assert.equal(counter.result(), byEncoder(parts));
    }),
    { numRuns: 60 },
  );
});

test('layers of a .dcz, convolutions in groups among them, as the simulator takes them', async () => {
  const model = modelOf([
    { shape: [1100, 90], values: sparseValues(1100 * 90, 0, 1) },
    { op: 'MatMul', shape: [90, 1100], values: sparseValues(1100 * 90, 0, 2) },
    {
      ...{ op: 'Conv', shape: [130, 6, 3, 3], values: sparseValues(130 * 54, 0, 3) },
      attributes: { kernel_shape: [3, 3], group: 2 },
    },
  ]);
  for (const coder of ['huffman', 'arithmetic'] as const) {
    const { view, plan } = await compressedView(model, recipeOf(coder));
    assert.equal(plan.tensors.length, 3);
    for (const { coded } of plan.tensors) {
      const { geometry } = model.tensors[coded.tensor];
      assert.ok(geometry);
      const decoder = new BlockDecoder(coded);
      const parts = matricesOf(
        '',
        coded,
        geometry,
        (block, codes) => decoder.decode(block, coded.blocks[block], codes),
        codeLimit,
      );
      const { peBalance: balance } = await view.measure({ layer: coded.tensor }, asking);
      assert.equal(balance, byEncoder(parts.map((p) => p.matrix)), `${coded.tensor}`);
      assert.ok(balance !== null && balance > 0.3 && balance < 1, `${balance}`);
    }
  }
});

test('a plain layer is counted by its own zeros; what is no layer of EIE has no balance', async () => {
  const values = sparseValues(300 * 200, 0.9, 5);
  const bias = sparseValues(300, 0, 6);
  const view = viewOf(
    modelOf([
      { shape: [300, 200], values },
      { shape: [300, 200], values: new Float32Array(300 * 200) },
    ]),
  );
  const codes = Uint8Array.from(values, (v) => (v === 0 ? 0 : 1));
  const { peBalance: balance } = await view.measure({ layer: 0 }, asking);
  assert.equal(balance, byEncoder([fromDense(codes, 300, 200)]));
  assert.equal((await view.measure({ layer: 1 }, asking)).peBalance, null, 'nothing stored');
  const minus = { model: view, layer: 1 };
  assert.equal((await view.measure({ layer: 0, minus }, asking)).peBalance, null, 'a difference');
  assert.equal(PeLoad.of(undefined, bias.length), undefined);
});

test('it is what the simulator walks when every activation counts', async () => {
  const file = { path: join('media', 'samples', 'lenet-300-100.dcz') };
  const none = new AbortController().signal;
  const ortFolder = join('node_modules', 'onnxruntime-web', 'dist');
  const jobs = allJobs({ workerFile: undefined, ortFolder });
  const simulated = await jobs.simulate(
    { source: { kind: 'model', file }, density: 1, seed: 1 },
    none,
    () => {},
  );
  const opened = await jobs.openView({ file }, none, () => {});
  try {
    for (const { name, perPe } of simulated.layers) {
      const layer = opened.overview.layers.find((l) => l.name === name)!.layer;
      const query = { view: opened.view, name: 'measure', query: { layers: [layer] } } as const;
      const { measures } = (await jobs.view(query, none, () => {})) as {
        measures: readonly { peBalance: number }[];
      };
      const loads = Array.from(perPe.entries);
      const balance = loads.reduce((a, b) => a + b) / loads.length / Math.max(...loads);
      assert.ok(Math.abs(measures[0]!.peBalance - balance) < 1e-12, name);
    }
  } finally {
    await jobs.closeView({ view: opened.view }, none, () => {});
  }
});
