/**
 * A protobuf message that can be changed and written again: a list of fields, each of them a range of the
 * file (or of new bytes) until it is opened or replaced. What nobody opens is copied as it lies there, so
 * unknown fields, odd encodings and large payloads survive without being read. Writing gives ranges; the
 * length before a message is written anew only where something inside it changed, padded as it was.
 */
import { memorySource, readBytes, type ByteSource } from '../bytes.ts';
import { varint } from './varint.ts';
import { wireBytes, wireVarint, WireReader } from './wire.ts';

/** Bytes `[start, end)` of a source. */
export interface Range {
  readonly source: ByteSource;
  readonly start: number;
  readonly end: number;
}

/** One field: its tag, its length where it has one, and its value. */
export interface Field extends Range {
  readonly number: number;
  readonly wire: number;
  /** Where the length varint begins; for other wire types where the value does. */
  readonly lengthAt: number;
  /** Where the value begins. */
  readonly valueAt: number;
  /** Set once the value was opened as a message; it then stands for the value. */
  message?: Message;
}

const utf8 = new TextDecoder();

export class Message {
  readonly #fields: Field[];
  #changed: boolean;

  /** @param isNew there are no bytes of it in any file yet */
  constructor(fields: Field[], isNew = true) {
    this.#fields = fields;
    this.#changed = isNew;
  }

  /** The fields of the message in bytes `[start, end)` of the reader's source. */
  static read(reader: WireReader, source: ByteSource, start: number, end: number): Message {
    const fields: Field[] = [];
    reader.position = start;
    while (reader.next(end)) {
      const { field: number, wire, fieldStart } = reader;
      const lengthAt = reader.position;
      let valueAt = lengthAt;
      if (wire === wireBytes) {
        const limit = reader.length(end);
        valueAt = reader.position;
        reader.position = limit;
      } else reader.skip(end);
      fields.push({
        source,
        number,
        wire,
        lengthAt,
        valueAt,
        start: fieldStart,
        end: reader.position,
      });
    }
    return new Message(fields, false);
  }

  /** All fields with this number that hold bytes: messages or strings. */
  all(number: number): Field[] {
    return this.#fields.filter((f) => f.number === number && f.wire === wireBytes);
  }

  /** All fields with this number, whatever they hold. */
  every(number: number): Field[] {
    return this.#fields.filter((f) => f.number === number);
  }

  /** The field behind another one; undefined: there is none. */
  after(field: Field | undefined): Field | undefined {
    return field && this.#fields[this.#fields.indexOf(field) + 1];
  }

  /** The field that counts where a singular one occurs more than once. */
  last(number: number): Field | undefined {
    return this.#fields.findLast((f) => f.number === number);
  }

  texts(number: number): string[] {
    return this.all(number).map(textOf);
  }

  /** A string field; '' when it is not there. */
  text(number: number): string {
    const field = this.#fields.findLast((f) => f.number === number && f.wire === wireBytes);
    return field === undefined ? '' : textOf(field);
  }

  /** A varint field; 0 when it is not there. */
  int(number: number): number {
    const field = this.#fields.findLast((f) => f.number === number && f.wire === wireVarint);
    return field === undefined ? 0 : readInts(field)[0];
  }

  /** A repeated int64 field, packed or not. */
  ints(number: number): number[] {
    return this.#fields.filter((f) => f.number === number).flatMap(readInts);
  }

  /** Adds fields before another one, or at the end. */
  insert(fields: readonly Field[], before?: Field): void {
    const at = before === undefined ? this.#fields.length : this.#fields.indexOf(before);
    this.#fields.splice(at < 0 ? this.#fields.length : at, 0, ...fields);
    this.#changed = true;
  }

  remove(field: Field): void {
    const at = this.#fields.indexOf(field);
    if (at < 0) return;
    this.#fields.splice(at, 1);
    this.#changed = true;
  }

  /** Puts fields in the place of all those with this number: where the first was, else at the end. */
  replaceAll(number: number, fields: readonly Field[]): void {
    const at = this.#fields.findIndex((f) => f.number === number);
    const next = at < 0 ? undefined : this.#fields.slice(at).find((f) => f.number !== number);
    for (const field of this.#fields.filter((f) => f.number === number)) this.remove(field);
    this.insert(fields, next);
  }

  replace(field: Field, by: Field): void {
    const at = this.#fields.indexOf(field);
    if (at < 0) throw new Error('a field of another message');
    this.#fields[at] = by;
    this.#changed = true;
  }

  get changed(): boolean {
    return this.#changed || this.#fields.some((f) => f.message?.changed === true);
  }

  /** Appends what the message is made of now; returns its length in bytes. */
  write(into: Range[]): number {
    let length = 0;
    for (const field of this.#fields) {
      if (field.message?.changed !== true) {
        push(into, field);
        length += field.end - field.start;
        continue;
      }
      const content: Range[] = [];
      const size = field.message.write(content);
      const { source, start, lengthAt, valueAt } = field;
      push(into, { source, start, end: lengthAt });
      const oldWidth = valueAt - lengthAt;
      const padded = oldWidth > varint(field.end - valueAt).length;
      const head = memorySource('length', varint(size, padded ? oldWidth : 1));
      push(into, { source: head, start: 0, end: head.size });
      for (const range of content) push(into, range);
      length += lengthAt - start + head.size + size;
    }
    return length;
  }
}

function push(into: Range[], { source, start, end }: Range): void {
  if (end === start) return;
  const last = into.at(-1);
  if (last?.source === source && last.end === start) into[into.length - 1] = { ...last, end };
  else into.push({ source, start, end });
}

const readers = new WeakMap<ByteSource, WireReader>();

/** One reader a file: its window is worth keeping. New fields are small, and have none. */
function readerOf(source: ByteSource): WireReader {
  let reader = readers.get(source);
  if (reader === undefined) readers.set(source, (reader = new WireReader(source)));
  return reader;
}

/** The whole of a source as a message. */
export function readMessage(source: ByteSource): Message {
  return Message.read(readerOf(source), source, 0, source.size);
}

/** The value of a field as a message; opened once, then the same. */
export function openField(field: Field): Message {
  const { source, valueAt, end } = field;
  return (field.message ??= Message.read(readerOf(source), source, valueAt, end));
}

export function textOf({ source, valueAt, end }: Field): string {
  const reader = readers.get(source);
  if (reader === undefined) return utf8.decode(readBytes(source, valueAt, end - valueAt));
  reader.position = valueAt;
  return reader.text(end);
}

function readInts({ source, wire, valueAt, end }: Field): number[] {
  const reader: WireReader = readers.get(source) ?? new WireReader(source);
  const found: number[] = [];
  reader.position = valueAt;
  if (wire !== wireVarint && wire !== wireBytes) return found;
  while (reader.position < end) found.push(reader.int(end));
  return found;
}
