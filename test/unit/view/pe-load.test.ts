/** The load of EIE's processing elements: against a count by hand, and against the simulator itself. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { asking, modelOf, sparseValues, viewOf } from './support.ts';

const pes = 64;

function balanceOf(values: Float32Array, rowOf: (i: number) => number): number {
  const loads = new Array<number>(pes).fill(0);
  values.forEach((v, i) => {
    if (v !== 0) loads[rowOf(i) % pes]!++;
  });
  return loads.reduce((a, b) => a + b) / pes / Math.max(...loads);
}

test('rows are dealt out in turn, whichever way they lie in the file', async () => {
  const values = (n: number): Float32Array => sparseValues(n, 0.7, n);
  const [plain, transposed, conv, grouped] = [130 * 77, 77 * 130, 70 * 27, 8 * 36].map(values);
  const view = viewOf(
    modelOf([
      { shape: [130, 77], values: plain! },
      { shape: [77, 130], values: transposed!, attributes: { transB: 0 } },
      { op: 'Conv', shape: [70, 3, 3, 3], values: conv! },
      { op: 'Conv', shape: [8, 4, 3, 3], values: grouped!, attributes: { group: 2 } },
      { shape: [10, 10], values: new Float32Array(100) },
    ]),
  );
  const found = await Promise.all(
    [0, 1, 2, 3, 4].map(async (layer) => (await view.measure({ layer }, asking)).peBalance),
  );
  assert.deepEqual(found, [
    balanceOf(plain!, (i) => Math.floor(i / 77)),
    balanceOf(transposed!, (i) => i % 130),
    balanceOf(conv!, (i) => Math.floor(i / 27)),
    balanceOf(grouped!, (i) => Math.floor(i / 36) % 4),
    null,
  ]);
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
      const loads = Array.from(perPe.entries, (entries, pe) => entries - perPe.filler[pe]!);
      const balance = loads.reduce((a, b) => a + b) / loads.length / Math.max(...loads);
      assert.ok(Math.abs(measures[0]!.peBalance - balance) < 1e-12, name);
    }
  } finally {
    await jobs.closeView({ view: opened.view }, none, () => {});
  }
});
