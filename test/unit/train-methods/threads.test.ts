/** How work is divided among threads: by what it costs, within what memory allows, in order. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { partsOf } from '../../../src/train/methods/network.ts';
import { openPredictor } from '../../../src/train/methods/predict.ts';
import type { Samples } from '../../../src/train/methods/samples.ts';
import type { Helpers, Runtime, Session } from '../../../src/train/runtime.ts';

const helpersOf = (size: number, session: Session): Helpers & { opened: number } => ({
  size,
  opened: 0,
  open() {
    this.opened++;
    return Promise.resolve(session);
  },
  update: () => Promise.resolve(),
});

/** Predicts twice the sample, a little later the lower the sample's number is. */
const session = (name: string, done: string[]): Session => ({
  async run(feeds) {
    const { data } = feeds['x']!;
    const x = Float32Array.from(data as Float32Array);
    await new Promise((resolve) => setTimeout(resolve, 20 - x[0]!));
    done.push(name);
    return { y: { type: 'float32', dims: [x.length, 1], data: x.map((v) => 2 * v) } };
  },
  close: () => Promise.resolve(),
});

/** Samples 0, 1, 2, … of one value; as the real ones do, every batch is in the same array. */
function countingSamples(count: number): Samples {
  const array = new Float32Array(2);
  return {
    data: { samples: count } as Samples['data'],
    normalisation: { scale: 1, mean: [0], deviation: [1] },
    shapes: new Map([['x', [1]]]),
    fixedBatch: undefined,
    batch(order, from, to) {
      for (let i = from; i < to; i++) array[i - from] = order[i]!;
      const data = array.subarray(0, to - from);
      return { x: { type: 'float32', dims: [to - from, 1], data } };
    },
  };
}

test('batches go to all threads, and predictions come in the order of the samples', async () => {
  const done: string[] = [];
  const helpers = helpersOf(2, session('helper', done));
  const runtime: Runtime = { open: () => Promise.resolve(session('own', done)), helpers };
  const predict = async (model: Uint8Array<ArrayBuffer>, count: number): Promise<number[]> => {
    const samples = countingSamples(count);
    const predictor = await openPredictor(runtime, model, { samples, kind: 'scores', batch: 2 });
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    const { values } = await predictor.predict(order, {}, () => {});
    await predictor.close();
    return [...values];
  };
  const doubled = (count: number): number[] => Array.from({ length: count }, (_, i) => 2 * i);
  assert.deepEqual(await predict(new Uint8Array(8), 9), doubled(9));
  assert.equal(helpers.opened, 1);
  assert.deepEqual(done.sort(), ['helper', 'helper', 'helper', 'own', 'own'], '3 batches, then 2');
  assert.deepEqual(await predict(new Uint8Array(8), 2), doubled(2));
  assert.equal(helpers.opened, 1, 'one batch needs no helper');
});

test('models that would fill the memory of many threads are kept on one', async () => {
  const done: string[] = [];
  const helpers = helpersOf(2 ** 20, session('helper', done));
  const runtime: Runtime = { open: () => Promise.resolve(session('own', done)), helpers };
  const samples = countingSamples(6);
  const model = new Uint8Array(4096);
  const predictor = await openPredictor(runtime, model, { samples, kind: 'scores', batch: 2 });
  await predictor.predict(Uint32Array.of(0, 1, 2, 3, 4, 5), {}, () => {});
  assert.equal(helpers.opened, 0);
  assert.deepEqual(done, ['own', 'own', 'own']);
});

test('a batch is divided evenly, into parts that are worth a thread and fit into memory', () => {
  const helpers = helpersOf(7, session('', []));
  assert.equal(partsOf(64, 1000, 'reused', undefined), 1);
  assert.equal(partsOf(64, 1000, 'reused', helpers), 4);
  assert.equal(partsOf(64, 1000, 'usedOnce', helpers), 1);
  assert.equal(partsOf(256, 1000, 'usedOnce', helpers), 2);
  assert.equal(partsOf(63, 1000, 'reused', helpers), 3);
  assert.equal(partsOf(61, 1000, 'reused', helpers), 1);
  assert.equal(partsOf(8, 1000, 'reused', helpers), 1);
  assert.equal(partsOf(256, 2 ** 26, 'reused', helpers), 2);
});
