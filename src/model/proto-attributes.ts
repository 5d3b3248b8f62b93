/** ONNX attributes as messages of onnx-buf, for the places that build graphs. */
import { create } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType as Type, AttributeProtoSchema } from 'onnx-buf';
import type { AttributeProto } from 'onnx-buf';

export function intAttribute(name: string, value: number): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.INT, i: BigInt(value) });
}

export function intsAttribute(name: string, values: readonly number[]): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.INTS, ints: values.map(BigInt) });
}

export function floatAttribute(name: string, value: number): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.FLOAT, f: value });
}

export function stringAttribute(name: string, value: string): AttributeProto {
  const s = new TextEncoder().encode(value);
  return create(AttributeProtoSchema, { name, type: Type.STRING, s });
}
