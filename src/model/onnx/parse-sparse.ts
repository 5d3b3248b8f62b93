/** Indexes SparseTensorProto: the tensors of its values and indices. Source: onnx.proto. */
import type { SparseValues } from '../graph.ts';
import type { Parse } from './parse.ts';
import { parseTensor } from './parse-tensor.ts';
import { countElements, readInts } from './payload.ts';
import type { MessageSpan } from './record.ts';
import { wireBytes, type WireReader } from './wire.ts';

export function parseSparse(parse: Parse, message: MessageSpan, path: string): SparseValues {
  const reader: WireReader = parse.reader;
  const { end } = message;
  const shape: number[] = [];
  let values = -1;
  let indices = -1;
  while (reader.next(end)) {
    const { field } = reader;
    if (field === 1 || field === 2) {
      reader.expect(wireBytes, 'part of a sparse tensor');
      const part = field === 1 ? 'values' : 'indices';
      if ((field === 1 ? values : indices) >= 0) reader.fail(`${path}.${part} occurs twice`);
      const id = parseTensor(parse, parse.enter(message), `${path}.${part}`);
      if (field === 1) values = id;
      else indices = id;
    } else if (field === 3) {
      readInts(reader, end, shape, 1024);
      if (shape.length > 1024) reader.fail(`${path} has more than 1024 dimensions`);
    } else reader.skip(end);
  }
  countElements(reader, path, shape);
  const sparse = { values, indices, shape };
  if (values >= 0) parse.tensors[values].sparse = sparse;
  return sparse;
}
