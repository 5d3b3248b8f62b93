/** Which channels go together: heads of attention, units of recurrent layers, and what stays and why. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { mulberry32 } from '../../../src/model/random.ts';
import { graph, model, node, value, type NodeInit } from '../../fixtures/onnx-writer.ts';
import { NetworkWriter, randomNetwork } from './networks.ts';
import { analysed, feedsOf, masked, outputsOf, without, type Analysed } from './support.ts';

type Writer = NetworkWriter;

function network(
  input: readonly (number | string)[],
  output: readonly (number | string)[],
  write: (w: Writer) => NodeInit[],
): Uint8Array<ArrayBuffer> {
  const w = new NetworkWriter(mulberry32(7));
  const last = write(w);
  return model(
    graph([...w.nodes, ...last], {
      inputs: [value('x', input)],
      outputs: [value('y', output)],
      initializers: w.tensors,
    }),
  );
}

const sizes = ({ found }: Analysed): Record<string, number> =>
  Object.fromEntries(found.groups.map(({ name, channels }) => [name, channels.length]));

async function sameAsMasked(found: Analysed, feeds: ReturnType<typeof feedsOf>): Promise<void> {
  const gone = new Set(
    found.found.groups.flatMap(({ channels }) => channels.filter((_, i) => i % 2 === 1)),
  );
  const expected = (await outputsOf(masked(found, gone), feeds))['y'];
  const actual = (await outputsOf(without(found, gone), feeds))['y'];
  const size = Math.max(...expected.map(Math.abs));
  assert.ok(size > 0);
  actual.forEach((y, i) =>
    assert.ok(Math.abs(y - expected[i]) < 1e-4 * size, `${y}, ${expected[i]}`),
  );
}

/** Self-attention of 3 heads of 4, as exporters write it; `batch`: the length that Shape asks for. */
const attention = (computed: boolean): Uint8Array<ArrayBuffer> =>
  network(['n', 5, 6], ['n', 5, 6], (w) => {
    const project = (perm: number[]): string => {
      const product = w.add('MatMul', ['x', w.weights([6, 12])], [1, 5, 12]);
      const biased = w.add('Add', [product, w.weights([12])], [1, 5, 12]);
      let shape = w.numbers([0, -1, 3, 4]);
      if (computed) {
        const batch = w.add('Gather', [w.add('Shape', ['x'], [3]), w.numbers([0], [])], [], {
          axis: 0,
        });
        const one = w.add('Unsqueeze', [batch, w.numbers([0])], [1]);
        shape = w.add('Concat', [one, w.numbers([-1]), w.numbers([3]), w.numbers([4])], [4], {
          axis: 0,
        });
      }
      const heads = w.add('Reshape', [biased, shape], [1, 5, 3, 4]);
      return w.add('Transpose', [heads], [1, 3, 5, 4], { perm });
    };
    const scores = w.add('MatMul', [project([0, 2, 1, 3]), project([0, 2, 3, 1])], [1, 3, 5, 5]);
    const weights = w.add('Softmax', [scores], [1, 3, 5, 5], { axis: -1 });
    const mixed = w.add('MatMul', [weights, project([0, 2, 1, 3])], [1, 3, 5, 4]);
    const back = w.add('Transpose', [mixed], [1, 5, 3, 4], { perm: [0, 2, 1, 3] });
    const flat = w.add('Reshape', [back, w.numbers([0, -1, 12])], [1, 5, 12]);
    return [node('MatMul', [flat, w.weights([12, 6])], ['y'])];
  });

test('heads of attention go as a whole, with their part of every projection', async () => {
  const feeds = feedsOf({ x: [1, 5, 6] });
  const found = await analysed(attention(false), feeds);
  const [group, ...others] = found.found.groups;
  assert.equal(others.length, 0);
  assert.equal(group.channels.length, 3);
  assert.equal(group.layers.length, 3);
  assert.equal(group.readers.length, 1);
  await sameAsMasked(found, feeds);
});

test('heads stay where the shape that counts them is computed', async () => {
  const found = await analysed(attention(true), feedsOf({ x: [1, 5, 6] }));
  assert.deepEqual(found.found.groups, []);
  assert.match(found.found.boundaries[0].why, /Reshape .* computes its shape/);
});

for (const [opType, gates] of [
  ['LSTM', 4],
  ['GRU', 3],
  ['RNN', 1],
] as const)
  test(`units of ${opType} go with their rows in every gate, their recurrent column and their states`, async () => {
    const bytes = network([4, 1, 3], [4, 1, 2], (w) => {
      const hidden = 5;
      const y = w.add(
        opType,
        [
          'x',
          w.weights([1, gates * hidden, 3]),
          w.weights([1, gates * hidden, hidden]),
          w.weights([1, 2 * gates * hidden]),
        ],
        [4, 1, 1, hidden],
        { hidden_size: hidden },
      );
      const flat = w.add('Squeeze', [y, w.numbers([1])], [4, 1, hidden]);
      return [node('MatMul', [flat, w.weights([hidden, 2])], ['y'])];
    });
    const feeds = feedsOf({ x: [4, 1, 3] });
    const found = await analysed(bytes, feeds);
    assert.deepEqual(Object.values(sizes(found)), [5]);
    await sameAsMasked(found, feeds);
  });

test('transposed convolutions, joined and in groups, pass channels on', async () => {
  const bytes = network([1, 2, 4, 4], [1, 2, 8, 8], (w) => {
    const a = w.layer({ name: 'x', channels: 2 }, 6);
    const b = w.add(
      'ConvTranspose',
      [a.name, w.weights([6, 2, 2, 2]), w.weights([6])],
      [1, 6, 8, 8],
      { group: 3, strides: [2, 2] },
    );
    const c = w.add('ConvTranspose', [b, w.weights([6, 5, 1, 1]), w.weights([5])], [1, 5, 8, 8]);
    return [node('Conv', [c, w.weights([2, 5, 1, 1])], ['y'])];
  });
  const feeds = feedsOf({ x: [1, 2, 4, 4] });
  const found = await analysed(bytes, feeds);
  assert.deepEqual(Object.values(sizes(found)).sort(), [3, 5]);
  await sameAsMasked(found, feeds);
});

test('channels over which a layer normalises are found, and said to change the others', async () => {
  const bytes = network([1, 5, 6], [1, 5, 2], (w) => {
    const a = w.add('MatMul', ['x', w.weights([6, 8])], [1, 5, 8]);
    const b = w.add('LayerNormalization', [a, w.weights([8]), w.weights([8])], [1, 5, 8]);
    return [node('MatMul', [b, w.weights([8, 2])], ['y'])];
  });
  const found = await analysed(bytes, feedsOf({ x: [1, 5, 6] }));
  const [group] = found.found.groups;
  assert.match(group.changes ?? '', /^LayerNormalization /);
  const gone = new Set(group.channels.slice(0, 3));
  assert.equal((await outputsOf(without(found, gone), feedsOf({ x: [1, 5, 6] })))['y'].length, 10);
});

const whole: readonly [string, (w: Writer) => NodeInit[], RegExp][] = [
  [
    'the model gives them out',
    (w) => [node('Conv', ['x', w.weights([4, 3, 1, 1])], ['y'])],
    /output y/,
  ],
  [
    'an operator is not known',
    (w) => {
      const a = w.conv({ name: 'x', channels: 3 }, 4);
      const own = node('com.microsoft:Gelu', [a.name], ['g']);
      return [own, node('Conv', ['g', w.weights([4, 4, 1, 1])], ['y'])];
    },
    /^Gelu g is not followed/,
  ],
  [
    'they meet the input',
    (w) => {
      const a = w.conv({ name: 'x', channels: 3 }, 3);
      const b = w.add('Add', [a.name, 'x'], [1, 3, 6, 6]);
      return [node('Conv', [b, w.weights([4, 3, 1, 1])], ['y'])];
    },
    /it meets a value that stays whole in Add/,
  ],
  [
    'a softmax runs over them',
    (w) => {
      const a = w.conv({ name: 'x', channels: 3 }, 5);
      const b = w.add('Softmax', [a.name], [1, 5, 6, 6], { axis: 1 });
      return [node('Conv', [b, w.weights([4, 5, 1, 1])], ['y'])];
    },
    /^Softmax n_v\d+ needs all of it/,
  ],
];

for (const [why, write, expected] of whole)
  test(`channels stay, with the reason, where ${why}`, async () => {
    const bytes = network([1, 3, 6, 6], [1, 4, 6, 6], write);
    const found = await analysed(bytes, feedsOf({ x: [1, 3, 6, 6] }));
    assert.ok(
      found.found.boundaries.some(({ why: said }) => expected.test(said)),
      JSON.stringify(found.found.boundaries),
    );
    assert.deepEqual(found.found.groups, []);
  });

test('a weight that two layers share is cut for both', async () => {
  const bytes = network([1, 4, 6, 6], [1, 2, 6, 6], (w) => {
    const shared = w.weights([4, 4, 1, 1]);
    const a = w.layer({ name: 'x', channels: 4 }, 4);
    const b = w.add('Conv', [a.name, shared], [1, 4, 6, 6]);
    const c = w.add('Conv', [b, shared], [1, 4, 6, 6]);
    return [node('Conv', [c, w.weights([2, 4, 1, 1])], ['y'])];
  });
  const feeds = feedsOf({ x: [1, 4, 6, 6] });
  const found = await analysed(bytes, feeds);
  assert.equal(found.found.groups.length, 1);
  await sameAsMasked(found, feeds);
});

test('what was followed once is followed the same again', async () => {
  const feeds = feedsOf({ x: [1, 3, 6, 6] });
  const [a, b] = [
    await analysed(randomNetwork(5, 4), feeds),
    await analysed(randomNetwork(5, 4), feeds),
  ];
  assert.deepEqual(a.found, b.found);
});
