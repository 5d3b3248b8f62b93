/**
 * New ONNX models for importers, as messages of onnx-buf: IR 8, opset 17, initializers in raw_data. Kept small,
 * because in a .dcz everything but the weights is stored as it is: no documentation strings, no value_info. The
 * batch dimension is symbolic.
 */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from 'onnx-buf';
import type { NodeProtoSchema, TensorProtoSchema, ValueInfoProtoSchema } from 'onnx-buf';

export type ProtoNode = MessageInitShape<typeof NodeProtoSchema>;
export type ProtoTensor = MessageInitShape<typeof TensorProtoSchema>;

export interface ProtoValue {
  readonly name: string;
  /** Without the batch; null is open. */
  readonly shape: readonly (number | null)[];
}

export function float32Tensor(
  name: string,
  shape: readonly number[],
  rawData: Uint8Array<ArrayBuffer>,
): ProtoTensor {
  return { name, dims: shape.map(BigInt), dataType: TensorProto_DataType.FLOAT, rawData };
}

/** A vector. */
export function int64Tensor(name: string, values: readonly number[]): ProtoTensor {
  const bytes = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => bytes.setBigInt64(8 * i, BigInt(value), true));
  const rawData = new Uint8Array(bytes.buffer);
  return { name, dims: [BigInt(values.length)], dataType: TensorProto_DataType.INT64, rawData };
}

export function modelBytes(
  name: string,
  node: ProtoNode[],
  initializer: ProtoTensor[],
  inputs: readonly ProtoValue[],
  outputs: readonly ProtoValue[],
): Uint8Array<ArrayBuffer> {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'deep-compression',
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      ...{ name: name || 'network', node, initializer },
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

function valueInfo({ name, shape }: ProtoValue): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = [null, ...shape].map((size, i) => ({
    value:
      size === null
        ? { case: 'dimParam' as const, value: i === 0 ? 'N' : `d${i}` }
        : { case: 'dimValue' as const, value: BigInt(size) },
  }));
  const elemType = TensorProto_DataType.FLOAT;
  return { name, type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } } };
}
