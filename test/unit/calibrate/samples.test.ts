/** Samples as runs of a model: one file or several inputs, sequences with state, and what is refused. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { statePairs } from '../../../src/calibrate/state.ts';
import { calibrateModel, type CalibrateModel } from '../../../src/engine/calibrate/calibrate.ts';
import { readRuns } from '../../../src/engine/calibrate/runs.ts';
import { executorOf } from '../../../src/engine/runtime/executor.ts';
import { memorySource } from '../../../src/model/bytes.ts';
import { openOnnx } from '../../../src/model/onnx/open.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { unnormalised } from '../../../src/train/dataset/dataset.ts';
import type { GraphValue } from '../../../src/train/graph.ts';
import { noise, npy, npz } from '../engine/eie-models.ts';
import { temporaryFolder } from '../engine/support.ts';
import { model, node, normal } from '../train/models.ts';
import { opened, tensorNamed } from './support.ts';

const folder = temporaryFolder();
const random = mulberry32(9);
const saved = (name: string, bytes: Uint8Array): { file: { path: string } } => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { file: { path } };
};
const reading = { normalisation: unnormalised, most: 100, turn: () => Promise.resolve() };
const float = (name: string, ...shape: (number | string)[]): GraphValue => ({
  name,
  type: 1,
  shape,
});

/** s' = tanh(x w + s r) */
const stateful = (inputs: GraphValue[] = [float('x', 'n', 3), float('state', 'n', 2)]) =>
  model({
    nodes: [
      node('MatMul', ['x', 'w'], ['a']),
      node('MatMul', ['state', 'r'], ['b']),
      node('Add', ['a', 'b'], ['c']),
      node('Tanh', ['c'], ['stateN']),
    ],
    initializers: { w: normal([3, 2], 0.7, random), r: normal([2, 2], 0.7, random) },
    inputs,
    outputs: ['stateN'],
  });

const calibrateWith = (more: Partial<CalibrateModel> & Pick<CalibrateModel, 'model' | 'data'>) =>
  calibrateModel({
    ...{ seed: 1, executor: executorOf({ native: true }) },
    signal: new AbortController().signal,
    onProgress: () => {},
    ...more,
  });

test('state is fed back from step to step, and begins at zeros in every sequence', async () => {
  const onnx = opened(stateful());
  const [w, r] = ['w', 'r'].map((name) => {
    const tensor = tensorNamed(onnx, name);
    const values = new Float32Array(tensor.parameters);
    onnx.reader.readValues(tensor, 0, values);
    return values;
  });
  const x = noise(2 * 4 * 3, 4);
  for (const shape of [
    [8, 3],
    [2, 4, 3],
  ]) {
    const states: number[][] = [];
    let s = [0, 0];
    for (let step = 0; step < 8; step++) {
      if (shape.length === 3 && step % 4 === 0) s = [0, 0];
      states.push(s);
      const before = s;
      s = [0, 1].map((o) => {
        let sum = 0;
        for (let i = 0; i < 3; i++) sum += x[step * 3 + i]! * w![i * 2 + o]!;
        for (let i = 0; i < 2; i++) sum += before[i]! * r![i * 2 + o]!;
        return Math.tanh(sum);
      });
    }
    const data = saved('steps.npy', npy(shape, x));
    const { calibration, runs } = await calibrateWith({ model: onnx, data });
    assert.equal(runs, 8);
    const { second } = calibration.get(tensorNamed(onnx, 'r').id)!;
    for (let i = 0; i < 4; i++) {
      const expected = states.reduce((sum, v) => sum + (v[i >> 1]! * v[i & 1]!) / 8, 0);
      assert.ok(Math.abs(second[i]! - expected) < 1e-5);
    }
  }
});

test('pairs of state are known by their names, or by being the only ones left', () => {
  const pairs = (inputs: string[], outputs: string[]): string[] => {
    const graph = opened(stateful()).graph;
    const value = (name: string) => ({ name, elemType: 1, shape: [2, '', 64] });
    return statePairs(
      { ...graph, inputs: inputs.map(value), outputs: outputs.map(value) },
      inputs[0]!,
    ).map((p) => `${p.input.name} ${p.output}`);
  };
  assert.deepEqual(pairs(['input', 'state'], ['output', 'stateN']), ['state stateN']);
  assert.deepEqual(pairs(['input', 'h', 'c'], ['output', 'hn', 'cn']), ['h hn', 'c cn']);
  assert.deepEqual(pairs(['x', 'h0', 'c0'], ['y', 'h_out', 'c_out']), ['h0 h_out', 'c0 c_out']);
  assert.deepEqual(pairs(['x', 'cache_in'], ['y', 'cache_out']), ['cache_in cache_out']);
  assert.deepEqual(pairs(['x', 'memory'], ['what']), ['memory what']);
  assert.deepEqual(pairs(['x', 'other'], ['y', 'z']), []);
});

test('an .npz gives several inputs by name, sample by sample', async () => {
  const two = model({
    nodes: [
      node('MatMul', ['a', 'w'], ['p']),
      node('MatMul', ['b', 'v'], ['q']),
      node('Add', ['p', 'q'], ['y']),
    ],
    initializers: { w: normal([3, 2], 1, random), v: normal([4, 2], 1, random) },
    inputs: [float('a', 1, 3), float('b', 1, 4)],
    outputs: ['y'],
  });
  const a = noise(5 * 3, 1);
  const b = noise(5 * 4, 2);
  const data = saved('two.npz', npz({ a: npy([5, 3], a), b: npy([5, 4], b) }));
  const onnx = opened(two);
  const { calibration, runs } = await calibrateWith({ model: onnx, data });
  assert.equal(runs, 5);
  const square = [0, 1, 2, 3, 4].reduce((sum, n) => sum + b[n * 4 + 3]! ** 2 / 5, 0);
  const { second } = calibration.get(tensorNamed(onnx, 'v').id)!;
  assert.ok(Math.abs(second[15]! - square) < 1e-6);
  await assert.rejects(
    () => calibrateWith({ model: onnx, data: saved('a.npz', npz({ a: npy([5, 3], a) })) }),
    /has nothing for input b: give an .npz with an array for each input by name/,
  );
});

test('a model that fixes its batch takes as many samples a run, the last ones repeated', async () => {
  const onnx = opened(stateful([float('x', 4, 3), float('state', 4, 2)]));
  const fixed = { ...onnx, graph: { ...onnx.graph, outputs: [] } };
  const state = npy([6, 2], noise(12, 3));
  const data = saved('six.npz', npz({ x: npy([6, 3], noise(18, 2)), state }));
  const { runs } = await readRuns(fixed, data, reading);
  assert.equal(runs.count, 2);
  assert.deepEqual(runs.feeds(1)['x']!.dims, [4, 3]);
  const last = [...runs.feeds(1)['x']!.data].map(Number);
  assert.deepEqual(last.slice(3, 6), last.slice(9, 12));
});

test('too few samples are said, with how many would be enough', async () => {
  const wide = model({
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    initializers: { w: normal([30, 2], 1, random) },
    inputs: [float('x', 'n', 30)],
    outputs: ['y'],
  });
  const data = saved('few.npy', npy([10, 30], noise(300, 6)));
  const { notes } = await calibrateWith({ model: opened(wide), data });
  assert.deepEqual(notes, [
    'too few samples for w: 10 vectors for the 30 inputs of w; 30 samples would be enough',
  ]);
  const same = saved('same.npy', npy([40, 30], new Float32Array(1200).fill(0.5)));
  const again = await calibrateWith({ model: opened(wide), data: same });
  assert.deepEqual(again.notes, ['inputs that never change: w']);
});

test('samples of another shape, and models that do not run, are refused in one line', async () => {
  const onnx = opened(stateful());
  const wrong = saved('wrong.npy', npy([5, 4], noise(20, 1)));
  await assert.rejects(
    () => calibrateWith({ model: onnx, data: wrong }),
    /4.*does not fit input x/,
  );
  const unknown = model({
    nodes: [
      { ...node('Strange', ['x'], ['a']), domain: 'nowhere' },
      node('MatMul', ['a', 'w'], ['y']),
    ],
    initializers: { w: normal([3, 2], 1, random) },
    inputs: [float('x', 'n', 3)],
    outputs: ['y'],
  });
  const data = saved('right.npy', npy([5, 3], noise(15, 1)));
  const model_ = openOnnx('s.onnx', memorySource('s.onnx', unknown), () => {
    throw new Error('no external data here');
  });
  await assert.rejects(
    () => calibrateWith({ model: model_, data }),
    /ONNX Runtime does not open the model/,
  );
});

test('a cancelled calibration stops', async () => {
  const cancel = new AbortController();
  const data = saved('many.npy', npy([5000, 3], noise(15000, 1)));
  let told = 0;
  const work = calibrateWith({
    ...{ model: opened(stateful()), data, signal: cancel.signal },
    onProgress: ({ fraction }) => {
      if (fraction > 0 && told++ === 10) cancel.abort();
    },
  });
  await assert.rejects(work, { code: 'cancelled' });
  assert.ok(told < 1000);
});
