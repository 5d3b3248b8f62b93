import assert from 'node:assert/strict';
import { memorySink, memorySource, type ByteSource } from '../../../src/model/bytes.ts';
import { DeepCompressionError, type ErrorCode } from '../../../src/model/errors.ts';
import type { Model, Tensor } from '../../../src/model/model.ts';
import { openOnnx, type OnnxModel } from '../../../src/model/onnx/open.ts';
import { rewriteModel } from '../../../src/model/onnx/rewrite.ts';

/** Opens a model in memory; `external` by location. */
export function open(
  bytes: Uint8Array,
  external: Readonly<Record<string, Uint8Array>> = {},
): OnnxModel {
  return openOnnx('m.onnx', memorySource('m.onnx', bytes), (location): ByteSource => {
    if (location in external) return memorySource(location, external[location]);
    throw new DeepCompressionError('not-found', `cannot read ${location}: there is no such file`);
  });
}

export function tensorOf(model: Model, name: string): Tensor {
  const tensor = model.tensors.find((t) => t.name === name);
  assert.ok(tensor, `there is no tensor ${name}`);
  return tensor;
}

export function valuesOf(model: Model, tensor: Tensor | string): number[] {
  const found = typeof tensor === 'string' ? tensorOf(model, tensor) : tensor;
  const target = new Float64Array(found.parameters);
  model.reader.readValues(found, 0, target);
  return [...target];
}

/** The model's files after a rewrite. */
export function rewritten(
  model: Model,
  values: ReadonlyMap<number, Float32Array | Float64Array> = new Map(),
): Uint8Array[] {
  const sinks = model.files.map(() => memorySink());
  rewriteModel(model, values, (i) => sinks[i]);
  return sinks.map((sink) => sink.take());
}

/** For assert.throws: one line of ours with this code, saying this. */
export function saying(code: ErrorCode, text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DeepCompressionError, `not one of ours: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };
}
