/** Statistics of BatchNormalization move as their inputs do, each node behind those set before it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { reestimate } from '../../../src/engine/structure/reestimate.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { graph, model, node, tensor, value } from '../../fixtures/onnx-writer.ts';
import { open, valuesOf } from '../model/support.ts';
import { nodeRuntime } from '../train/runtimes.ts';
import { feedsOf, outputsOf } from './support.ts';

const random = mulberry32(2);
const some = (count: number, least = -1): number[] =>
  Array.from({ length: count }, () => least + (1 - least) * random());
const [kernel, second, scale, shift, mean, variance] = [
  ...[some(12), some(12), some(4, 0.5), some(4), some(4), some(4, 0.5)],
];

/** Two convolutions with a BatchNormalization behind each; the first kernel is multiplied by `factor`. */
function network(factor: number): Uint8Array<ArrayBuffer> {
  const normalise = (x: string, y: string, at: number) =>
    node('BatchNormalization', [x, 'scale', 'shift', `mean${at}`, `variance${at}`], [y]);
  return model(
    graph(
      [
        node('Conv', ['x', 'a', 'bias'], ['p']),
        normalise('p', 'q', 1),
        node('Relu', ['q'], ['r']),
        node('Conv', ['r', 'b'], ['s']),
        normalise('s', 'y', 2),
      ],
      {
        inputs: [value('x', [1, 3, 6, 6])],
        outputs: [value('y', [1, 4, 6, 6])],
        initializers: [
          tensor('a', [4, 3, 1, 1], { values: kernel.map((w) => factor * w) }),
          tensor('bias', [4], { values: [1, 1, 1, 1].map((b) => factor * b - (factor - 1) * 0.3) }),
          tensor('b', [4, 4, 1, 1], { values: [...second, ...second.slice(0, 4)] }),
          tensor('scale', [4], { values: scale }),
          tensor('shift', [4], { values: shift }),
          ...[1, 2].flatMap((at) => [
            tensor(`mean${at}`, [4], { values: mean }),
            tensor(`variance${at}`, [4], { values: variance }),
          ]),
        ],
      },
    ),
  );
}

const runs = {
  ...{ count: 6, continues: () => false, states: [] },
  feeds: (run: number) => feedsOf({ x: [1, 3, 6, 6] }, run + 1),
};
const set = (bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof reestimate> =>
  reestimate(
    { model: open(network(1)), bytes: network(1) },
    { model: open(bytes), bytes },
    (_, length) => Int32Array.from({ length }, (_, i) => i),
    nodeRuntime,
    runs,
    () => Promise.resolve(),
  );

test('a model of which nothing went keeps its statistics', async () => {
  const made = open(await set(network(1)));
  for (const name of ['mean1', 'variance1', 'mean2', 'variance2']) {
    const before = valuesOf(open(network(1)), name);
    valuesOf(made, name).forEach((v, i) => assert.ok(Math.abs(v - before[i]) < 1e-5, name));
  }
});

test('where the inputs are scaled and shifted, the outputs are what they were', async () => {
  const feeds = feedsOf({ x: [1, 3, 6, 6] }, 77);
  const expected = (await outputsOf(network(1), feeds))['y'];
  const far = (await outputsOf(network(0.4), feeds))['y'];
  const actual = (await outputsOf(await set(network(0.4)), feeds))['y'];
  const distance = (other: number[]): number =>
    Math.max(...other.map((y, i) => Math.abs(y - expected[i])));
  assert.ok(distance(far) > 0.1);
  // epsilon, which does not scale, is left
  assert.ok(distance(actual) < 1e-3, `${distance(actual)}`);
});
