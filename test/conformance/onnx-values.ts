/**
 * The independent path to a model's values: onnx-buf parses the whole file, and a tensor is found by
 * walking the path that the product's index reports for it.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto, type TensorProto } from 'onnx-buf';

export function parseModel(bytes: Uint8Array): ModelProto {
  return fromBinary(ModelProtoSchema, bytes);
}

export function serialiseModel(model: ModelProto): Uint8Array {
  return toBinary(ModelProtoSchema, model);
}

/** e.g. `graph.node[7].attribute[then_branch].g.initializer[0]` */
export function tensorAt(model: ModelProto, path: string): TensorProto {
  let at: unknown = model;
  for (const [, field, key] of path.matchAll(/([a-z_]+)(?:\[([^\]]*)\])?(?:\.|$)/g)) {
    const name = field.replace(/_(.)/g, (_, c: string) => c.toUpperCase());
    const value = (at as Record<string, unknown>)[name];
    if (key === undefined) at = value;
    else if (/^\d+$/.test(key)) at = (value as unknown[])[Number(key)];
    else at = (value as { name: string }[]).find((v) => v.name === key);
    if (at === undefined) throw new Error(`${path}: nothing at ${field}[${key}]`);
  }
  return at as TensorProto;
}

/** Values of a float32 tensor, from raw or typed data. */
export function floatsOf(tensor: TensorProto): Float32Array {
  if (tensor.dataType !== 1) throw new Error(`data type ${tensor.dataType} is not float32`);
  const raw = tensor.rawData;
  return raw !== undefined && raw.length > 0
    ? new Float32Array(raw.slice().buffer)
    : Float32Array.from(tensor.floatData);
}

export function setFloats(tensor: TensorProto, values: Float32Array): void {
  tensor.floatData = [];
  tensor.rawData = new Uint8Array(values.slice().buffer);
}
