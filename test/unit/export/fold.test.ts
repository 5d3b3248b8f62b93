/** Folding, and moving weights out: both models give in onnxruntime what the original gives. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { DataFile } from '../../../src/export/data-file.ts';
import { toExternal } from '../../../src/export/external.ts';
import { folded } from '../../../src/engine/export/fold.ts';
import { raised } from '../../../src/engine/export/raise.ts';
import { executorOf } from '../../../src/engine/runtime/executor.ts';
import { memorySource, readBytes } from '../../../src/model/bytes.ts';
import { openOnnx } from '../../../src/model/onnx/open.ts';
import { ModelEdit } from '../../../src/model/onnx/edit.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { constant, graph, model, node, tensor, value } from '../../fixtures/onnx-writer.ts';
import { open, valuesOf } from '../model/support.ts';

const runtime = executorOf({ native: true });
const random = mulberry32(3);
const some = (count: number): number[] =>
  Array.from({ length: count }, () => Math.fround(random() + 0.25));
const vector = (name: string, count = 6): ReturnType<typeof tensor> =>
  tensor(name, [count], { values: some(count) });
const normalise = (input: string, output: string, k: number): ReturnType<typeof node> =>
  node('BatchNormalization', [input, ...['s', 'h', 'm', 'v'].map((n) => `${n}${k}`)], [output], {
    epsilon: { float: 0.01 },
  });
const operands = (k: number): ReturnType<typeof tensor>[] =>
  ['s', 'h', 'm', 'v'].map((n) => vector(`${n}${k}`));

/** Two convolutions that take their normalisation in, one whose output is read twice; constants to compute. */
const net = model(
  graph(
    [
      constant({ ...tensor('w2', [6, 6, 3, 3], { values: some(324) }), name: '' }, 'w2'),
      node('Mul', ['w1', 'two'], ['w1d']),
      node('Conv', ['x', 'w1d', 'b1'], ['c1'], { pads: [1, 1, 1, 1] }),
      normalise('c1', 'n1', 1),
      node('Conv', ['n1', 'w2'], ['c2'], { pads: [1, 1, 1, 1] }),
      normalise('c2', 'n2', 2),
      node('Conv', ['n2', 'w3'], ['c3']),
      normalise('c3', 'n3', 3),
      node('Tile', ['two', 'times'], ['many']),
      node('ReduceMax', ['many'], ['most']),
      node('Add', ['c3', 'n3'], ['a']),
      node('Add', ['a', 'most'], ['y']),
    ],
    {
      inputs: [value('x', [1, 3, 5, 5])],
      outputs: [value('y', [1, 6, 5, 5])],
      initializers: [
        tensor('w1', [6, 3, 3, 3], { values: some(162) }),
        tensor('w3', [6, 6, 1, 1], { values: some(36) }),
        tensor('two', [1], { values: [2] }),
        tensor('times', [1], { dtype: 'int64', values: [1000] }),
        ...[vector('b1'), ...operands(1), ...operands(2), ...operands(3)],
      ],
    },
  ),
) as Uint8Array<ArrayBuffer>;

const feeds = {
  x: {
    type: 'float32',
    dims: [1, 3, 5, 5],
    data: Float32Array.from({ length: 75 }, (_, i) => Math.sin(i)),
  },
};

async function run(bytes: Uint8Array, file?: { path: string; data: Uint8Array }) {
  const session = await runtime.open(bytes as Uint8Array<ArrayBuffer>, file && [file]);
  try {
    const { y } = await session.run(feeds);
    return [...(y!.data as Float32Array)];
  } finally {
    await session.close();
  }
}

function withOpset(version: number, main: ReturnType<typeof graph>): Uint8Array<ArrayBuffer> {
  const editor = new ModelEdit(memorySource('m.onnx', model(main)));
  editor.setOpset('', version);
  const edited = editor.source();
  return readBytes(edited, 0, edited.size) as Uint8Array<ArrayBuffer>;
}

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  const size = Math.max(...expected.map(Math.abs));
  actual.forEach((a, i) => assert.ok(Math.abs(a - expected[i]) < 1e-5 * size, `${i}`));
}

test('constants and normalisations go, and the outputs are what they were', async () => {
  const { bytes, notes } = await folded('m.onnx', net, runtime, feeds);
  assertClose(await run(bytes), await run(net));
  const { graph: after } = open(bytes);
  const kinds = after.nodes.map(({ opType }) => opType).sort();
  assert.deepEqual(kinds, ['Add', 'Add', 'BatchNormalization', 'Conv', 'Conv', 'Conv']);
  assert.match(notes[0], /^3 nodes that read constants alone became constants, 0 stay/);
  assert.equal(notes[1], '2 normalisations went into their convolutions');
  assert.match(notes[2], /^BatchNormalization stays: n3: the output of its Conv is read elsewhere/);
  assert.equal(after.initializers.has('s1'), false);
});

test('weights outside are the same bytes, and the runtime finds them', async () => {
  const editor = new ModelEdit(memorySource('m.onnx', net));
  const data = new DataFile('m.onnx.data');
  const layers = toExternal({ model: open(net), editor, ranges: new Map(), data });
  assert.deepEqual(
    layers.filter((l) => l.done !== '').map((l) => l.name),
    ['w2'],
  );
  assert.match(layers.find((l) => l.name === 'w1')!.why, /fewer than 1024 bytes/);
  const edited = editor.source();
  const bytes = readBytes(edited, 0, edited.size);
  const parts: Uint8Array[] = [];
  data.write({ write: (part) => void parts.push(part.slice()) });
  const weights = Buffer.concat(parts);
  assert.equal(weights.length, data.size);
  const opened = openOnnx('m.onnx', memorySource('m.onnx', bytes), (location) =>
    memorySource(location, weights),
  );
  const named = (m: ReturnType<typeof open>) => m.tensors.find(({ name }) => name === 'w2')!;
  assert.deepEqual(valuesOf(opened, named(opened)), valuesOf(open(net), named(open(net))));
  assert.deepEqual(await run(bytes, { path: data.location, data: weights }), await run(net));
});

test('a model raised to a later operator set computes what it did', async () => {
  const old = withOpset(
    11,
    graph(
      [
        node('ReduceMean', ['x'], ['mean'], { axes: [2, 3], keepdims: 1 }),
        node('Split', ['x'], ['p', 'q'], { axis: 3, split: [2, 3] }),
        node('Softmax', ['q'], ['soft'], { axis: 2 }),
        node('ReduceSum', ['soft'], ['sum'], { axes: [3], keepdims: 1 }),
        node('Add', ['p', 'sum'], ['a']),
        node('Mul', ['a', 'mean'], ['y']),
      ],
      { inputs: [value('x', [1, 3, 5, 5])], outputs: [value('y', [1, 3, 5, 2])] },
    ),
  );
  for (const least of [13, 21]) {
    const { bytes, notes } = raised(old, least);
    assertClose(await run(bytes), await run(old));
    assert.match(notes[0], /raised from operator set 11 to (17|21)/);
  }
  assert.equal(raised(old, 11).bytes, old);
  const grid = withOpset(16, graph([node('GridSample', ['x', 'g'], ['y'])]));
  assert.throws(() => raised(grid, 21), /GridSample changed with opset 20/);
});
