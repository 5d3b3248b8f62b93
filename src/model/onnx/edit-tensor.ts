/** What can be changed in a tensor and in a typed value, each a view of its message. Source: onnx.proto. */
import { codeOfDType, dtypeFromCode, type DType } from '../dtype.ts';
import { intField, messageField, textField } from './edit-fields.ts';
import { openField, type Field, type Message, type Range } from './edit-message.ts';
import {
  dimensionField,
  entryMessage,
  payloadOf,
  rawDataField,
  shapeMessage,
  typeMessage,
  valueFields,
  type Dimensions,
  type NewTensor,
} from './edit-parts.ts';

export class TensorEdit {
  readonly #message: Message;

  constructor(readonly field: Field) {
    this.#message = openField(field);
  }

  get name(): string {
    return this.#message.text(8);
  }
  set name(value: string) {
    this.#message.replaceAll(8, [textField(8, value)]);
  }
  get dtype(): DType {
    return dtypeFromCode(this.#message.int(2)) ?? 'undefined';
  }
  get shape(): number[] {
    return this.#message.ints(1);
  }
  /** Another shape for the same values. */
  set shape(shape: readonly number[]) {
    this.#message.replaceAll(
      1,
      shape.map((size) => intField(1, size)),
    );
  }

  /** Other values, of whatever type and shape; its name and what is said about it stay. */
  replace(tensor: NewTensor): void {
    this.shape = tensor.shape;
    this.#message.replaceAll(2, [intField(2, codeOfDType(tensor.dtype))]);
    const held = valueFields.flatMap((number) => this.#message.every(number));
    this.#message.insert([payloadOf(tensor)], held[0]);
    for (const field of held) this.#message.remove(field);
  }

  /** Moves the values to another file: entries location, offset and length of external_data. */
  moveOut(entries: Readonly<Record<string, string>>): void {
    const held = valueFields.flatMap((number) => this.#message.every(number));
    for (const field of held) this.#message.remove(field);
    this.#message.insert([
      ...Object.entries(entries).map(([key, value]) => messageField(13, entryMessage(key, value))),
      intField(14, 1),
    ]);
  }

  /** Where raw_data lies; undefined: the values are held in another form, or in another file. */
  get raw(): Range | undefined {
    const field = this.#message.last(rawDataField);
    return field && { source: field.source, start: field.valueAt, end: field.end };
  }
}

/** ValueInfoProto: the type and shape of a tensor value. */
export class ValueEdit {
  readonly #message: Message;

  constructor(readonly field: Field) {
    this.#message = openField(field);
  }

  get name(): string {
    return this.#message.text(1);
  }
  set name(value: string) {
    this.#message.replaceAll(1, [textField(1, value)]);
  }

  /** 'undefined' for what is no tensor, or of no stated type. */
  get dtype(): DType {
    return dtypeFromCode(this.#tensor()?.int(1) ?? 0) ?? 'undefined';
  }
  get shape(): Dimensions {
    const shape = this.#tensor()?.all(2).at(-1);
    return shape && openField(shape).all(1).map(dimensionOf);
  }

  /** What is said of dimensions that stay, stays. */
  setType(dtype: DType, shape: Dimensions): void {
    const tensor = this.#tensor();
    if (tensor === undefined) {
      this.#message.replaceAll(2, [messageField(2, typeMessage(dtype, shape))]);
      return;
    }
    if (this.dtype !== dtype) tensor.replaceAll(1, [intField(1, codeOfDType(dtype))]);
    const old = tensor.all(2).at(-1);
    if (old === undefined || shape === undefined) {
      if (old !== undefined || shape !== undefined)
        tensor.replaceAll(2, shape === undefined ? [] : [messageField(2, shapeMessage(shape))]);
      return;
    }
    const dimensions = openField(old);
    const before = dimensions.all(1);
    const same = before.length === shape.length;
    if (same && before.every((field, i) => dimensionOf(field) === shape[i])) return;
    const made = shape.map((size, i) =>
      same && dimensionOf(before[i]) === size ? before[i] : dimensionField(size),
    );
    dimensions.replaceAll(1, made);
  }

  #tensor(): Message | undefined {
    const type = this.#message.all(2).at(-1);
    const tensor = type && openField(type).all(1).at(-1);
    return tensor && openField(tensor);
  }
}

function dimensionOf(field: Field): number | string {
  const dimension = openField(field);
  const [size] = dimension.ints(1);
  return size ?? dimension.text(2);
}
