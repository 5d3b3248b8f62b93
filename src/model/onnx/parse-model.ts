/** Indexes ModelProto: versions, the main graph, functions and training graphs. Source: onnx.proto. */
import type { ByteSource } from '../bytes.ts';
import type { GraphFunction, ModelGraph } from '../graph.ts';
import { parseFunction } from './parse-function.ts';
import { parseGraph } from './parse-graph.ts';
import { Parse } from './parse.ts';
import type { MessageSpan, TensorRecord } from './record.ts';
import { wireBytes, wireVarint, WireReader } from './wire.ts';

export interface ParsedModel {
  readonly irVersion: number;
  readonly producer: string;
  /** Version by domain; the standard domain is `ai.onnx`. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: ModelGraph;
  readonly functions: readonly GraphFunction[];
  /** Initialization and algorithm graphs of training_info. */
  readonly training: readonly ModelGraph[];
  readonly tensors: readonly TensorRecord[];
}

/**
 * Reads the structure of a model and the position of every payload, but no payload.
 * @throws DeepCompressionError `invalid-model`, one line, with the byte where the trouble is.
 */
export function parseModel(source: ByteSource): ParsedModel {
  const reader: WireReader = new WireReader(source);
  const parse = new Parse(reader);
  const root: MessageSpan = { lengthAt: 0, start: 0, end: source.size, parent: undefined };
  if (source.size === 0) reader.fail('the file is empty');
  const opsets = new Map<string, number>();
  const functions: GraphFunction[] = [];
  const training: ModelGraph[] = [];
  let graph: ModelGraph | undefined;
  let irVersion = 0;
  let producer = '';
  let version = '';
  let trainings = 0;
  while (reader.next(root.end)) {
    const { field } = reader;
    if (field === 1) {
      reader.expect(wireVarint, 'ir_version');
      irVersion = reader.int(root.end);
    } else if (field === 2 || field === 3) {
      reader.expect(wireBytes, 'the producer');
      if (field === 2) producer = reader.string(root.end);
      else version = reader.string(root.end);
    } else if (field === 7) {
      reader.expect(wireBytes, 'the graph');
      if (graph !== undefined) reader.fail('the model holds two graphs');
      graph = parseGraph(parse, parse.enter(root), 'graph', 0);
    } else if (field === 8) {
      reader.expect(wireBytes, 'an operator set');
      parse.spend(1);
      const end = reader.length(root.end);
      let domain = '';
      let number = 0;
      while (reader.next(end)) {
        if (reader.field === 1 && reader.wire === wireBytes) domain = reader.string(end);
        else if (reader.field === 2 && reader.wire === wireVarint) number = reader.int(end);
        else reader.skip(end);
      }
      opsets.set(domain === '' ? 'ai.onnx' : domain, number);
    } else if (field === 20) {
      reader.expect(wireBytes, 'training information');
      const info = parse.enter(root);
      const path = `training_info[${trainings++}]`;
      while (reader.next(info.end)) {
        if ((reader.field === 1 || reader.field === 2) && reader.wire === wireBytes) {
          const part = reader.field === 1 ? 'initialization' : 'algorithm';
          training.push(parseGraph(parse, parse.enter(info), `${path}.${part}`, 1));
        } else reader.skip(info.end);
      }
    } else if (field === 25) {
      reader.expect(wireBytes, 'a function');
      functions.push(parseFunction(parse, parse.enter(root), `functions[${functions.length}]`));
    } else reader.skip(root.end);
  }
  if (graph === undefined) reader.fail('it holds no graph', 0);
  return {
    irVersion,
    producer: `${producer} ${version}`.trim(),
    opsets,
    graph,
    functions,
    training,
    tensors: parse.tensors,
  };
}
