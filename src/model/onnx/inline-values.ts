/**
 * Numbers that an attribute holds itself. Of a Constant node (`value_float(s)`, `value_int(s)`) they
 * are tensors of the index; of any other they are just parameters. Source: ONNX Constant, opset 12.
 */
import type { DType } from '../dtype.ts';
import type { Attribute } from '../graph.ts';
import type { Parse } from './parse.ts';
import { countElements, elementRange } from './payload.ts';
import type { Chunk, ChunkList, MessageSpan } from './record.ts';
import type { WireReader } from './wire.ts';

/** Longer lists are not kept in `Attribute`. */
export const longestList = 65536;

/** Values that an attribute holds itself, a tensor only if its node turns out to be a Constant. */
export interface InlineValues {
  readonly attribute: Attribute;
  readonly message: MessageSpan;
  readonly floats: ChunkList;
  readonly ints: ChunkList;
  readonly f: Chunk | undefined;
  readonly i: Chunk | undefined;
}

/** Adds the floats just stepped over, unless the list is already longer than is kept. */
export function copyFloats(parse: Parse, target: number[], start: number, packed: boolean): void {
  const reader: WireReader = parse.reader;
  const end = reader.position;
  reader.position = start;
  const limit = packed ? reader.length(end) : end;
  while (reader.position + 4 <= limit && target.length <= longestList)
    target.push(reader.float(limit));
  reader.position = end;
}

/** Constant's value_float(s) and value_int(s) as tensors of the index. */
export function addInlineValues(parse: Parse, values: InlineValues, nodePath: string): void {
  const { attribute, message } = values;
  const single = attribute.name === 'value_float' || attribute.name === 'value_int';
  const float = attribute.name.startsWith('value_float');
  const scalar = float ? values.f : values.i;
  const list = float ? values.floats : values.ints;
  const wire = float ? 'fixed32' : 'varint';
  const dtype: DType = float ? 'float32' : 'int64';
  if (single && scalar === undefined) return;
  const [least, most] = elementRange(wire, list);
  const known = float ? attribute.floats : attribute.ints;
  // Packed varints can only be counted by reading them; a longer list than is kept is not indexed.
  const count = single ? 1 : least === most ? least : (known?.length ?? -1);
  if (count < 0) return;
  const shape = single ? [] : [count];
  countElements(parse.reader, nodePath, shape);
  attribute.tensors = [
    parse.addTensor({
      id: parse.tensors.length,
      name: '',
      path: `${nodePath}.attribute[${attribute.name}]`,
      dtype,
      shape,
      parameters: count,
      storage: count === 0 ? 'empty' : 'attribute',
      bytes: single && scalar !== undefined ? scalar.end - scalar.start : list.bytes,
      sparse: undefined,
      message,
      wire,
      rewriteField: float ? 7 : 0,
      chunks: single && scalar !== undefined ? [scalar] : list.chunks,
      external: undefined,
      file: 0,
    }),
  ];
}
