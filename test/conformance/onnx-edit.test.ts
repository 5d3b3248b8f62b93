/**
 * The structural editor on real models and ONNX's own test models: unchanged they are the same bytes; with
 * a node and an output appended they run, and give what they gave before, the new output beside it.
 */
import { fromBinary } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { TensorProtoSchema } from 'onnx-buf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { memorySink } from '../../src/model/bytes.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { ModelEdit } from '../../src/model/onnx/edit.ts';
import { open } from '../unit/model/support.ts';
import { realModels, testdataModels } from './onnx-support.ts';

function edited(bytes: Uint8Array, change: (editor: ModelEdit) => void): Buffer {
  const editor = new ModelEdit(open(bytes).files[0].source);
  change(editor);
  const sink = memorySink();
  editor.write(sink);
  return Buffer.from(sink.take());
}

/** Looks at everything, as a pass over the graph would. */
function lookThrough(editor: ModelEdit): void {
  for (const graph of editor.everyGraph()) {
    for (const node of graph.nodes) {
      node.inputs = node.inputs;
      node.outputs = node.outputs;
    }
    for (const value of [...graph.inputs, ...graph.values, ...graph.outputs]) {
      if (value.dtype !== 'undefined') value.setType(value.dtype, value.shape);
    }
    for (const tensor of graph.initializers) assert.ok(tensor.shape.every((size) => size >= 0));
  }
  editor.freshName('x');
}

/** Appends an Identity of the first output and shows it. */
function appendOutput(editor: ModelEdit): string {
  const shown = editor.freshName('shown');
  const [first] = editor.graph.outputs;
  editor.graph.addNode({ opType: 'Identity', inputs: [first.name], outputs: [shown] });
  editor.graph.addOutput(shown);
  return shown;
}

const makers: Readonly<
  Record<number, [string, (b: ArrayBuffer) => Tensor.DataTypeMap[Tensor.Type]]>
> = {
  1: ['float32', (b) => new Float32Array(b)],
  2: ['uint8', (b) => new Uint8Array(b)],
  3: ['int8', (b) => new Int8Array(b)],
  6: ['int32', (b) => new Int32Array(b)],
  7: ['int64', (b) => new BigInt64Array(b)],
  9: ['bool', (b) => new Uint8Array(b)],
  11: ['float64', (b) => new Float64Array(b)],
};

/** The stated inputs of a test model by the names of the model's; undefined: not of a type handled here. */
function feedsOf(folder: string, names: readonly string[]): Record<string, Tensor> | undefined {
  const feeds: Record<string, Tensor> = {};
  for (const [i, name] of names.entries()) {
    const file = join(folder, `input_${i}.pb`);
    if (!existsSync(file)) return undefined;
    const proto = fromBinary(TensorProtoSchema, readFileSync(file));
    const [type, make] = makers[proto.dataType] ?? ['', undefined];
    const count = proto.dims.reduce((a, b) => a * Number(b), 1);
    if (make === undefined || (proto.rawData.length === 0 && count > 0)) return undefined;
    const data = make(new Uint8Array(proto.rawData).buffer);
    feeds[name] = new Tensor(type as 'float32', data as Float32Array, proto.dims.map(Number));
  }
  return feeds;
}

type Values = Record<string, { dims: readonly number[]; data: unknown }>;

/** Outputs of a model; undefined when this runtime does not run it. */
async function run(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<Values | undefined> {
  let session: InferenceSession | undefined;
  try {
    session = await InferenceSession.create(bytes, {
      logSeverityLevel: 4,
      graphOptimizationLevel: 'disabled',
    });
    const outputs = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => [name, { dims: [...dims], data }]),
    );
  } catch {
    return undefined;
  } finally {
    await session?.release();
  }
}

for (const path of realModels) {
  const bytes = readFileSync(path);
  test(`${path.split('/').at(-1)}: looked through it is the same file`, () => {
    assert.ok(edited(bytes, lookThrough).equals(bytes));
  });
}

test("ONNX's own test models are the same bytes unchanged, and run with an output appended", async (t) => {
  const paths = testdataModels();
  if (paths.length === 0) {
    return t.skip('libonnx-testdata is not installed and DC_ONNX_TESTDATA names no folder');
  }
  let same = 0;
  let ran = 0;
  for (const path of paths) {
    const bytes = readFileSync(path);
    try {
      assert.ok(edited(bytes, lookThrough).equals(bytes), path);
      same++;
    } catch (error) {
      assert.ok(error instanceof DeepCompressionError, `${path}: ${String(error)}`);
      continue;
    }
    const { graph } = open(bytes);
    const set = readdirSync(dirname(path)).find((name) => name.startsWith('test_data_set'));
    const names = graph.inputs.map((i) => i.name).filter((name) => !graph.initializers.has(name));
    const feeds = set === undefined ? undefined : feedsOf(join(dirname(path), set), names);
    // Identity of a sequence or an optional value needs a newer operator set than some models have.
    if (feeds === undefined || graph.outputs[0].elemType === 0) continue;
    const before = await run(bytes, feeds);
    if (before === undefined) continue;
    let shown = '';
    const after = await run(
      edited(bytes, (editor) => void (shown = appendOutput(editor))),
      feeds,
    );
    assert.ok(after !== undefined, `${path} does not run with an output more`);
    const { [shown]: last, ...rest } = after;
    assert.deepEqual(last, rest[graph.outputs[0].name], path);
    if (!/bernoulli|dropout|random|multinomial/.test(path)) assert.deepEqual(rest, before, path);
    ran++;
  }
  t.diagnostic(`${same} of ${paths.length} the same bytes, ${ran} run with an output more`);
  assert.ok(same >= 0.99 * paths.length, `only ${same} of ${paths.length} are the same`);
  assert.ok(ran >= 0.5 * paths.length, `only ${ran} of ${paths.length} ran`);
});
