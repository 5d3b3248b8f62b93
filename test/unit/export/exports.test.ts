/**
 * Exports beside a slow reference: the original with its weights rounded by plain loops gives in
 * onnxruntime what the export gives, for initializers, Constant nodes and weights inside a body, with
 * and without DequantizeLinear's axis.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { DataFile } from '../../../src/export/data-file.ts';
import { exportFormats, type ExportName } from '../../../src/export/formats.ts';
import type { ExportedLayer } from '../../../src/export/weights.ts';
import { memorySource, readBytes } from '../../../src/model/bytes.ts';
import { fromFloat16, toFloat16 } from '../../../src/model/half.ts';
import { ModelEdit } from '../../../src/model/onnx/edit.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { constant, graph, model, node, tensor, value } from '../../fixtures/onnx-writer.ts';
import { open, rewritten, tensorOf, valuesOf } from '../model/support.ts';

const random = mulberry32(5);
const some = (count: number): number[] =>
  Array.from({ length: count }, () => Math.fround((random() - 0.5) * 4 ** (2 * random())));

const inputs = [value('x', [3, 70])];
const matrixValues = some(70 * 24);
const matrix = (values = matrixValues): ReturnType<typeof tensor> =>
  tensor('w', [70, 24], { values });
const product = node('MatMul', ['x', 'w'], ['y']);

/** A matrix of 70 inputs and 24 outputs as an initializer. */
const withInitializer = (values = matrixValues): Uint8Array =>
  model(
    graph([product], { inputs, outputs: [value('y', [3, 24])], initializers: [matrix(values)] }),
  );

const withConstant = model(
  graph([constant({ ...matrix(), name: '' }, 'w'), product], {
    inputs,
    outputs: [value('y', [3, 24])],
  }),
);

const withKernel = model(
  graph([node('Reshape', ['x', 's'], ['r']), node('Conv', ['r', 'w'], ['y'])], {
    ...{ inputs, outputs: [value('y', [1, 8, 3, 5])] },
    initializers: [
      tensor('w', [8, 6, 3, 3], { values: some(8 * 6 * 9) }),
      tensor('s', [4], { dtype: 'int64', values: [1, 6, 5, 7] }),
    ],
  }),
);

const branch = (weights: ReturnType<typeof tensor>[]): ReturnType<typeof graph> =>
  graph([product], { outputs: [value('y', [3, 24])], initializers: weights });
const condition = node('ReduceSum', ['x'], ['sum'], { keepdims: 0 });
const withBody = model(
  graph(
    [
      condition,
      node('Cast', ['sum'], ['c'], { to: 9 }),
      node('If', ['c'], ['y'], {
        then_branch: { graph: branch([matrix()]) },
        else_branch: { graph: branch([tensor('w', [70, 24], { values: some(70 * 24) })]) },
      }),
    ],
    { inputs, outputs: [value('y', [3, 24])] },
  ),
);

async function run(bytes: Uint8Array): Promise<number[]> {
  const options = { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 } as const;
  const session = await InferenceSession.create(bytes, options);
  const data = Float32Array.from({ length: 210 }, (_, i) => Math.sin(i));
  const { y } = await session.run({ x: new Tensor('float32', data, [3, 70]) });
  await session.release();
  return [...(y.data as Float32Array)];
}

function exported(
  bytes: Uint8Array,
  to: ExportName,
  opset = 17,
): { bytes: Uint8Array; layers: ExportedLayer[] } {
  const source = memorySource('m.onnx', bytes);
  const editor = new ModelEdit(source);
  editor.setOpset('', opset);
  if (opset === 21) editor.irVersion = 10;
  const data = new DataFile('m.data');
  const layers = exportFormats[to].apply({ model: open(bytes), editor, ranges: new Map(), data });
  const edited = editor.source();
  return { bytes: readBytes(edited, 0, edited.size), layers };
}

/** The model with every weight called w rounded by `round`, which sees one group of values at a time. */
function roundedBy(
  bytes: Uint8Array,
  groupOf: (index: number, shape: readonly number[]) => string,
  round: (values: number[]) => number[],
): Uint8Array {
  const opened = open(bytes);
  const edits = new Map<number, Float32Array>();
  for (const w of opened.tensors.filter((t) => t.role === 'weight')) {
    const values = valuesOf(opened, w);
    const groups = new Map<string, number[]>();
    for (let i = 0; i < values.length; i++) {
      const key = groupOf(i, w.shape);
      groups.set(key, [...(groups.get(key) ?? []), i]);
    }
    for (const members of groups.values()) {
      const result = round(members.map((i) => values[i]));
      members.forEach((i, k) => (values[i] = result[k]));
    }
    edits.set(w.id, Float32Array.from(values));
  }
  return rewritten(opened, edits)[0];
}

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  const size = Math.max(...expected.map(Math.abs));
  assert.equal(actual.length, expected.length);
  actual.forEach((a, i) =>
    assert.ok(Math.abs(a - expected[i]) < 1e-5 * size, `${i}: ${a}, ${expected[i]}`),
  );
}

const cases = { withInitializer: withInitializer(), withConstant, withKernel, withBody };
/** Outputs are the last axis of a matrix, the first of a kernel. */
const channel = (i: number, shape: readonly number[]): string =>
  shape.length === 2
    ? `${i % shape[1]}`
    : `${Math.floor((i * shape[0]) / shape.reduce((a, b) => a * b))}`;

for (const [name, bytes] of Object.entries(cases)) {
  for (const opset of name === 'withBody' ? [17] : [17, 11]) {
    test(`${name}, operator set ${opset}: int8 is each channel rounded to 255 levels`, async () => {
      const { bytes: after, layers } = exported(bytes, 'int8', opset);
      assert.ok(
        layers.every((layer) => layer.done.startsWith('int8')),
        JSON.stringify(layers),
      );
      const reference = roundedBy(bytes, channel, (values) => {
        const scale = Math.fround(Math.max(...values.map(Math.abs)) / 127);
        return values.map((v) => Math.round(v / scale) * scale);
      });
      assertClose(await run(after), await run(reference));
      assert.ok(after.length < 0.6 * bytes.length);
    });
  }

  test(`${name}: fp16 is every weight rounded to float16`, async () => {
    const { bytes: after, layers } = exported(bytes, 'fp16');
    assert.ok(
      layers.every((layer) => layer.done.startsWith('float16')),
      JSON.stringify(layers),
    );
    const round = (values: number[]): number[] => values.map((v) => fromFloat16(toFloat16(v)));
    assertClose(await run(after), await run(roundedBy(bytes, () => '', round)));
  });
}

const forms4 = { int4: [21, /^int4, blocks of 32$/], 'matmul-nbits': [17, /MatMulNBits/] } as const;
const matrices = { withInitializer: withInitializer(), withConstant };
for (const [name, bytes, to] of Object.entries(matrices).flatMap(([key, value]) =>
  (['int4', 'matmul-nbits'] as const).map((form) => [key, value, form] as const),
)) {
  test(`${name}: ${to} is every 32 inputs of an output rounded to 16 levels`, async () => {
    const [opset, said] = forms4[to];
    const { bytes: after, layers } = exported(bytes, to, opset);
    assert.match(layers[0].done, said);
    const blockOf = (i: number): string => `${i % 24} ${Math.floor(i / 24 / 32)}`;
    const reference = roundedBy(bytes, blockOf, (values) => {
      const extreme = values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
      const scale = Math.fround(-extreme / 8);
      return values.map((v) => Math.min(7, Math.max(-8, Math.round(v / scale))) * scale);
    });
    assertClose(await run(after), await run(reference));
  });
}

test('codebook stores shared values as codes, bit for bit, -0 included', async () => {
  const shared = [-0, 0, ...some(200)];
  const values = Array.from({ length: 70 * 24 }, () => shared[Math.floor(random() * 202)]);
  const bytes = withInitializer(values);
  const { bytes: after, layers } = exported(bytes, 'codebook');
  assert.match(layers[0].done, /^20\d shared values, exact$/);
  assert.deepEqual(await run(after), await run(bytes));
  assert.ok(after.length < 0.45 * bytes.length);
});

test('what cannot be stored in a form is left alone, with the reason', () => {
  const reason = (bytes: Uint8Array, to: ExportName): string => {
    const result = exported(bytes, to);
    assert.deepEqual(Buffer.from(result.bytes), Buffer.from(bytes));
    return result.layers.map((layer) => layer.why).join();
  };
  assert.match(reason(withInitializer(), 'codebook'), /more than 256 different values/);
  assert.match(reason(withKernel, 'matmul-nbits'), /MatMul by a matrix only/);
  const large = withInitializer(matrixValues.with(3, 70000));
  assert.match(reason(large, 'fp16'), /^1 of its values are beyond float16/);
  assert.match(reason(withInitializer(matrixValues.with(3, Infinity)), 'int8'), /not finite/);
});

test('a channel of zeros stays zero', async () => {
  const values = matrixValues.map((v, i) => (i % 24 === 5 ? 0 : v));
  for (const to of ['int8', 'int4', 'matmul-nbits'] as const) {
    const { bytes } = exported(withInitializer(values), to, to === 'int4' ? 21 : 17);
    assert.deepEqual(
      (await run(bytes)).filter((_, i) => i % 24 === 5),
      [0, 0, 0],
    );
    if (to === 'int8') assert.equal(tensorOf(open(bytes), 'w_quantized').dtype, 'int8');
  }
});
