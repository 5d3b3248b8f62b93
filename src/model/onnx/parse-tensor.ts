/**
 * Indexes one TensorProto: type, shape, and where its payload lies, which is checked against type
 * and shape but never read. Source: onnx.proto, message TensorProto and the comments on its fields.
 */
import { bitsOf, dtypeFromCode } from '../dtype.ts';
import type { Storage } from '../model.ts';
import type { Parse } from './parse.ts';
import {
  countElements,
  elementRange,
  entriesFor,
  payloadFields,
  readInts,
  stepOver,
} from './payload.ts';
import { ChunkList, type Chunk, type MessageSpan, type TensorRecord, type Wire } from './record.ts';
import { wireBytes, wireVarint, type WireReader } from './wire.ts';

const rawData = 9;

/** Parses the TensorProto `message` and adds it to the index; returns its id. */
export function parseTensor(parse: Parse, message: MessageSpan, path: string): number {
  const reader: WireReader = parse.reader;
  const end = message.end;
  const shape: number[] = [];
  // made when met: a model may have a million small tensors
  let lists: Map<number, ChunkList> | undefined;
  let external: Map<string, string> | undefined;
  let typeCode = 0;
  let name = '';
  let location = 0;
  let raw: Chunk | undefined;
  let strings = 0;
  let stringBytes = 0;
  let segment = false;
  while (reader.next(end)) {
    const { field } = reader;
    if (field === 1) {
      readInts(reader, end, shape, 1024);
      if (shape.length > 1024) reader.fail(`${path} has more than 1024 dimensions`);
    } else if (field === 2) {
      reader.expect(wireVarint, 'data_type');
      typeCode = reader.int(end);
    } else if (field === 6) {
      reader.expect(wireBytes, 'string_data');
      const from = reader.fieldStart;
      strings++;
      stringBytes += reader.skip(end) - from;
    } else if (field === 8) {
      reader.expect(wireBytes, 'a tensor name');
      name = reader.string(end);
    } else if (field === rawData) {
      reader.expect(wireBytes, 'raw_data');
      const limit = reader.length(end);
      raw = { at: reader.fieldStart, start: reader.position, end: limit, stride: 0, elements: 0 };
      reader.position = limit;
    } else if (field === 13) {
      reader.expect(wireBytes, 'external_data');
      parseEntry(parse, (external ??= new Map()), end);
    } else if (field === 14) {
      reader.expect(wireVarint, 'data_location');
      location = reader.int(end);
    } else if (field === 3) {
      segment = true;
      reader.skip(end);
    } else if (field in payloadFields) {
      let list = (lists ??= new Map()).get(field);
      if (list === undefined) lists.set(field, (list = new ChunkList()));
      stepOver(reader, end, payloadFields[field].wire, list);
    } else reader.skip(end);
  }

  const what = `tensor ${JSON.stringify((name || path).slice(0, 200))}`;
  const dtype = dtypeFromCode(typeCode);
  if (dtype === undefined)
    reader.fail(`${what} has the unknown data type ${typeCode}`, message.start);
  if (dtype === 'undefined') reader.fail(`${what} has no data type`, message.start);
  if (segment) reader.fail(`${what} is stored in segments, which no ONNX release supports`);
  const parameters = countElements(reader, what, shape);
  const bits = bitsOf[dtype];
  const packedBytes = Math.ceil((parameters * bits) / 8);
  // An empty raw_data beside the values would override one put before it: then nothing is rewritten.
  const rewriteField = raw === undefined ? rawData : 0;
  const add = (
    storage: Storage,
    wire: Wire,
    bytes: number,
    chunks: TensorRecord['chunks'],
    where?: TensorRecord['external'],
  ): number =>
    parse.addTensor({
      id: parse.tensors.length,
      name,
      path,
      dtype,
      shape,
      parameters,
      storage,
      bytes,
      sparse: undefined,
      message,
      wire,
      rewriteField,
      chunks,
      external: where,
      file: 0,
    });

  if (location === 1) {
    if (dtype === 'string') reader.fail(`${what} holds strings in external data`, message.start);
    return add(
      'external',
      'bytes',
      packedBytes,
      [],
      externalRange(reader, what, external ?? new Map(), packedBytes),
    );
  }
  if (location !== 0)
    reader.fail(`${what} has the unknown data_location ${location}`, message.start);

  const found = [...(lists ?? [])].filter(([, list]) => list.bytes > 0);
  const kinds = found.map(([field]) => payloadFields[field].storage as string);
  if (raw !== undefined && raw.end > raw.start) kinds.push('raw_data');
  if (strings > 0) kinds.push('string_data');
  if (kinds.length > 1) {
    reader.fail(`${what} stores its values more than once: ${kinds.join(' and ')}`, message.start);
  }
  if (kinds.length === 0) {
    if (parameters > 0)
      reader.fail(`${what} should hold ${parameters} values but has none`, message.start);
    return add('empty', 'bytes', 0, []);
  }
  const wrong = (): never =>
    reader.fail(`${what} of type ${dtype} has its values in ${kinds[0]}`, message.start);
  const short = (has: string): never =>
    reader.fail(
      `${what}, ${dtype} ${shape.length === 0 ? 'scalar' : shape.join(' x ')}, has ${has}`,
      message.start,
    );
  if (kinds[0] === 'raw_data' && raw !== undefined) {
    if (dtype === 'string') wrong();
    const bytes = raw.end - raw.start;
    if (bytes !== packedBytes) short(`${bytes} bytes of raw_data instead of ${packedBytes}`);
    return add('raw_data', 'bytes', bytes, [raw]);
  }
  if (kinds[0] === 'string_data') {
    if (dtype !== 'string') wrong();
    if (strings !== parameters) short(`${strings} strings instead of ${parameters}`);
    return add('string_data', 'bytes', stringBytes, []);
  }
  const [field, list] = found[0];
  const { storage, wire, dtypes } = payloadFields[field];
  if (!dtypes.includes(dtype)) wrong();
  const entries = entriesFor(dtype, parameters);
  const [least, most] = elementRange(wire, list);
  if (entries < least || entries > most) {
    short(`${list.bytes} bytes of ${storage}, which cannot be ${entries} entries`);
  }
  return add(storage, wire, list.bytes, list.chunks);
}

/** A StringStringEntryProto into `target`. */
function parseEntry(parse: Parse, target: Map<string, string>, end: number): void {
  const reader: WireReader = parse.reader;
  const limit = reader.length(end);
  let key = '';
  let value = '';
  while (reader.next(limit)) {
    if (reader.field === 1 && reader.wire === wireBytes) key = reader.string(limit);
    else if (reader.field === 2 && reader.wire === wireBytes) value = reader.string(limit);
    else reader.skip(limit);
  }
  parse.spend(1);
  target.set(key, value);
}

function externalRange(
  reader: WireReader,
  what: string,
  entries: ReadonlyMap<string, string>,
  expected: number,
): { location: string; offset: number } {
  const number = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
      reader.fail(`${what} has the external data ${key} ${JSON.stringify(text.slice(0, 40))}`);
    }
    return value;
  };
  const location = entries.get('location');
  if (location === undefined) reader.fail(`${what} has external data without a location`);
  const length = number('length');
  if (length !== undefined && length !== expected) {
    reader.fail(`${what} needs ${expected} bytes of external data but names ${length}`);
  }
  return { location, offset: number('offset') ?? 0 };
}
