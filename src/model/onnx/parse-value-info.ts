/** Indexes ValueInfoProto: the name, element type and shape of a tensor value. Source: onnx.proto. */
import type { ValueInfo } from '../graph.ts';
import type { Parse } from './parse.ts';
import { wireBytes, wireVarint, type WireReader } from './wire.ts';

/** Parses the message that begins at the reader's position and ends at `end`. */
export function parseValueInfo(parse: Parse, end: number): ValueInfo {
  const reader: WireReader = parse.reader;
  parse.spend(2);
  let name = '';
  let type = { elemType: 0, shape: undefined as (number | string)[] | undefined };
  while (reader.next(end)) {
    if (reader.field === 1 && reader.wire === wireBytes) name = reader.string(end);
    else if (reader.field === 2 && reader.wire === wireBytes) {
      type = parseType(parse, reader.length(end));
    } else reader.skip(end);
  }
  return { name, ...type };
}

/** TypeProto; sequences, maps and optionals count as unknown. */
function parseType(
  parse: Parse,
  end: number,
): { elemType: number; shape: (number | string)[] | undefined } {
  const reader: WireReader = parse.reader;
  let elemType = 0;
  let shape: (number | string)[] | undefined;
  while (reader.next(end)) {
    const tensor = reader.field === 1 && reader.wire === wireBytes;
    if (!tensor) {
      reader.skip(end);
      continue;
    }
    const tensorEnd = reader.length(end);
    while (reader.next(tensorEnd)) {
      const { field, wire } = reader;
      if (field === 1 && wire === wireVarint) elemType = reader.int(tensorEnd);
      else if (field === 2 && wire === wireBytes)
        shape = parseShape(parse, reader.length(tensorEnd));
      else reader.skip(tensorEnd);
    }
  }
  return { elemType, shape };
}

function parseShape(parse: Parse, end: number): (number | string)[] {
  const reader: WireReader = parse.reader;
  const shape: (number | string)[] = [];
  while (reader.next(end)) {
    if (reader.field === 1 && reader.wire === wireBytes) {
      parse.spend(1);
      shape.push(parseDimension(parse, reader.length(end)));
    } else reader.skip(end);
  }
  return shape;
}

function parseDimension(parse: Parse, end: number): number | string {
  const reader: WireReader = parse.reader;
  let dimension: number | string = '';
  while (reader.next(end)) {
    if (reader.field === 1 && reader.wire === wireVarint) dimension = reader.int(end);
    else if (reader.field === 2 && reader.wire === wireBytes) dimension = reader.string(end);
    else reader.skip(end);
  }
  return dimension;
}
