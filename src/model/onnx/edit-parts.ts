/** New tensors, attributes, nodes and typed values as messages of ONNX. Source: onnx.proto. */
import { memorySource, type ByteSource } from '../bytes.ts';
import { bitsOf, codeOfDType, type DType } from '../dtype.ts';
import {
  bytesField,
  floatField,
  intField,
  messageField,
  payloadField,
  textField,
} from './edit-fields.ts';
import { Message, type Field } from './edit-message.ts';
import { joined, signedVarint } from './varint.ts';

export interface NewTensor {
  readonly dtype: Exclude<DType, 'string' | 'undefined'>;
  readonly shape: readonly number[];
  /**
   * Little-endian and densely packed, as raw_data is; types of less than a byte begin in the lowest bits.
   * A source is read when the model is written, in pieces.
   */
  readonly data: Uint8Array | ByteSource;
}

/** Values of attributes by their kind. */
export type NewAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: NewTensor };

export interface NewNode {
  readonly opType: string;
  /** '' or left out: the standard operators. */
  readonly domain?: string;
  readonly name?: string;
  /** '' stands for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, NewAttribute>>;
}

/** A number, a symbolic name, or '' for an unknown dimension; undefined: not even the rank is known. */
export type Dimensions = readonly (number | string)[] | undefined;

/** Fields of a TensorProto that hold its values, in whatever form. */
export const valueFields = [4, 5, 6, 7, 9, 10, 11, 13, 14] as const;
export const rawDataField = 9;

/** @throws Error when the bytes are not as many as type and shape need */
export function tensorMessage(name: string, tensor: NewTensor): Message {
  const { dtype, shape } = tensor;
  return new Message([
    ...shape.map((size) => intField(1, size)),
    intField(2, codeOfDType(dtype)),
    textField(8, name),
    payloadOf(tensor),
  ]);
}

/** raw_data of a tensor. */
export function payloadOf({ dtype, shape, data }: NewTensor): Field {
  const source = data instanceof Uint8Array ? memorySource('values', data) : data;
  const bytes = Math.ceil((shape.reduce((a, b) => a * b, 1) * bitsOf[dtype]) / 8);
  if (source.size !== bytes) throw new Error(`a tensor of ${bytes} bytes was given ${source.size}`);
  return payloadField(rawDataField, source);
}

export function attributeMessage(name: string, value: NewAttribute): Message {
  return new Message([textField(1, name), ...attributeFields(value)]);
}

/** AttributeProto: the value and, in field 20, its type. */
function attributeFields(value: NewAttribute): Field[] {
  if ('float' in value) return [floatField(2, value.float), intField(20, 1)];
  if ('int' in value) return [intField(3, value.int), intField(20, 2)];
  if ('string' in value) return [textField(4, value.string), intField(20, 3)];
  if ('tensor' in value) return [messageField(5, tensorMessage('', value.tensor)), intField(20, 4)];
  if ('floats' in value) {
    const packed = new Uint8Array(Float32Array.from(value.floats).buffer);
    return [bytesField(7, packed), intField(20, 6)];
  }
  if ('ints' in value)
    return [bytesField(8, joined(value.ints.map(signedVarint))), intField(20, 7)];
  return [...value.strings.map((text) => textField(9, text)), intField(20, 8)];
}

export function nodeMessage(node: NewNode): Message {
  return new Message([
    ...node.inputs.map((name) => textField(1, name)),
    ...node.outputs.map((name) => textField(2, name)),
    ...(node.name ? [textField(3, node.name)] : []),
    textField(4, node.opType),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) =>
      messageField(5, attributeMessage(name, value)),
    ),
    ...(node.domain ? [textField(7, node.domain)] : []),
  ]);
}

/** A ValueInfoProto; without a type the runtime infers it. */
export function valueMessage(name: string, type?: DType, shape?: Dimensions): Message {
  const fields = [textField(1, name)];
  if (type !== undefined) fields.push(messageField(2, typeMessage(type, shape)));
  return new Message(fields);
}

/** A TypeProto of a tensor. */
export function typeMessage(type: DType, shape: Dimensions): Message {
  const tensor = new Message([
    intField(1, codeOfDType(type)),
    ...(shape === undefined ? [] : [messageField(2, shapeMessage(shape))]),
  ]);
  return new Message([messageField(1, tensor)]);
}

export function shapeMessage(shape: readonly (number | string)[]): Message {
  return new Message(shape.map(dimensionField));
}

/** One TensorShapeProto.Dimension in its shape. */
export function dimensionField(size: number | string): Field {
  const fields = typeof size === 'number' ? [intField(1, size)] : [textField(2, size)];
  return messageField(1, new Message(size === '' ? [] : fields));
}

/** A StringStringEntryProto. */
export function entryMessage(key: string, value: string): Message {
  return new Message([textField(1, key), textField(2, value)]);
}
