/**
 * Real models, and ONNX's own test models: our index agrees with onnx-buf and onnx-proto about every
 * tensor, an unedited rewrite is the same file, an edited one differs in the edited values alone.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { ModelProtoSchema, type ModelProto, type TensorProto } from 'onnx-buf';
import onnxProto from 'onnx-proto';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../src/model/half.ts';
import type { OnnxModel } from '../../src/model/onnx/open.ts';
import { open, rewritten, valuesOf as readAll } from '../unit/model/support.ts';
import { realModels, tensorsByPath, testdataModels, valuesOf } from './onnx-support.ts';

const codes: Readonly<Record<string, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
  float4e2m1: 23,
  float8e8m0: 24,
  uint2: 25,
  int2: 26,
};

/** Same tensors, same shapes, same values. Returns how many values were compared. */
function compare(model: OnnxModel, theirs: ModelProto): number {
  const expected = tensorsByPath(theirs);
  const ours = model.tensors.filter((t) => t.storage !== 'attribute' && !/\[value_/.test(t.path));
  assert.deepEqual(ours.map((t) => t.path).sort(), [...expected.keys()].sort());
  let compared = 0;
  for (const tensor of ours) {
    const t = expected.get(tensor.path) as TensorProto;
    assert.deepEqual([...tensor.shape], t.dims.map(Number), tensor.path);
    assert.equal(codes[tensor.dtype], t.dataType, tensor.path);
    if (t.name !== '') assert.equal(tensor.name, t.name);
    const values = valuesOf(t);
    if (values === undefined) continue;
    assert.deepEqual(readAll(model, tensor), values, tensor.path);
    compared += values.length;
  }
  return compared;
}

/** A value unlike the given one, and exact in the tensor's type. */
function changed(value: number, dtype: string): number {
  const next = Number.isFinite(value) ? value / 2 - 1 : 3;
  if (dtype === 'float16') return fromFloat16(toFloat16(next));
  if (dtype === 'bfloat16') return fromBfloat16(toBfloat16(next));
  return dtype === 'float32' ? Math.fround(next) : next;
}

/** Rewrites every tensor that can be replaced; all else must be equal, unknown fields included. */
function editEverything(model: OnnxModel, bytes: Uint8Array): number {
  const edits = new Map<number, Float64Array>();
  for (const tensor of model.tensors) {
    if (model.writer.whyNotReplaceable(tensor) !== undefined) continue;
    const values = readAll(model, tensor).map((v) => changed(v, tensor.dtype));
    edits.set(tensor.id, Float64Array.from(values));
  }
  const [after] = rewritten(model, edits);
  const [before, now] = [bytes, after].map((b) => fromBinary(ModelProtoSchema, b));
  const old = tensorsByPath(before);
  const found = tensorsByPath(now);
  for (const [id, values] of edits) {
    const { path, storage } = model.tensors[id];
    if (storage === 'attribute') continue;
    assert.deepEqual(valuesOf(found.get(path) as TensorProto), [...values], path);
    for (const message of [old.get(path), found.get(path)] as TensorProto[]) {
      message.rawData = new Uint8Array(0);
      message.floatData = [];
      message.doubleData = [];
      message.int32Data = [];
    }
  }
  if ([...edits.keys()].every((id) => model.tensors[id].storage !== 'attribute')) {
    // Written by onnx-buf both are the same bytes, unknown fields included.
    const [a, b] = [before, now].map((m) => Buffer.from(toBinary(ModelProtoSchema, m)));
    assert.ok(a.equals(b));
  }
  return edits.size;
}

for (const path of realModels) {
  const bytes = readFileSync(path);
  const name = path.split('/').at(-1);

  test(`${name}: our index agrees with onnx-buf on every value`, () => {
    assert.ok(compare(open(bytes), fromBinary(ModelProtoSchema, bytes)) > 100_000);
  });

  test(`${name}: onnx-proto sees the same nodes, operator sets and producer`, () => {
    const theirs = onnxProto.onnx.ModelProto.decode(bytes);
    const ours = open(bytes);
    assert.deepEqual(
      ours.graph.nodes.map((n) => [n.opType, n.inputs, n.outputs, [...n.attributes.keys()]]),
      theirs.graph?.node?.map((n) => [
        n.opType,
        n.input,
        n.output,
        n.attribute?.map((a) => a.name),
      ]),
    );
    assert.deepEqual(
      ours.opsets,
      Object.fromEntries(theirs.opsetImport.map((o) => [o.domain || 'ai.onnx', Number(o.version)])),
    );
    assert.equal(ours.irVersion, Number(theirs.irVersion));
    assert.deepEqual(
      ours.graph.inputs.map((i) => i.name),
      theirs.graph?.input?.map((i) => i.name),
    );
  });

  test(`${name}: an unedited rewrite is the same file`, () => {
    assert.ok(Buffer.from(rewritten(open(bytes))[0]).equals(bytes));
  });

  test(`${name}: with every float changed, all else is equal`, () => {
    const count = editEverything(open(bytes), bytes);
    assert.ok(count > 30, `${count} tensors`);
  });
}

test("silero's weights are found in nested If branches, recurrent ones included", () => {
  const weights = open(readFileSync(realModels[4])).tensors.filter((t) => t.role === 'weight');
  assert.deepEqual(
    weights.map((t) => t.geometry?.kind),
    [...'cccccrrc', ...'cccccrrc'].map((k) => (k === 'c' ? 'conv' : 'recurrent')),
  );
  assert.ok(weights.every((t) => /attribute\[(then|else)_branch\]/.test(t.path)));
});

test("ONNX's own test models open or are refused in one line, and rewrite identically", (t) => {
  const paths = testdataModels();
  if (paths.length === 0) {
    return t.skip('libonnx-testdata is not installed and DC_ONNX_TESTDATA names no folder');
  }
  let opened = 0;
  let edited = 0;
  for (const path of paths) {
    const bytes = readFileSync(path);
    try {
      const model = open(bytes);
      opened++;
      assert.ok(Buffer.from(rewritten(model)[0]).equals(bytes), path);
      compare(model, fromBinary(ModelProtoSchema, bytes));
      edited += editEverything(model, bytes);
    } catch (error) {
      assert.ok(error instanceof DeepCompressionError, `${path}: ${String(error)}`);
      assert.doesNotMatch(error.message, /\n/, path);
    }
  }
  t.diagnostic(`${opened} of ${paths.length} opened, ${edited} tensors replaced`);
  assert.ok(opened >= 0.99 * paths.length, `only ${opened} of ${paths.length} opened`);
});
