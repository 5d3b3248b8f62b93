/** Indexes FunctionProto: a body of nodes with formal inputs and outputs. Source: onnx.proto. */
import type { GraphFunction, GraphNode } from '../graph.ts';
import type { InlineValues } from './inline-values.ts';
import type { Parse } from './parse.ts';
import { parseAttribute, parseNode } from './parse-graph.ts';
import type { MessageSpan } from './record.ts';
import { wireBytes, type WireReader } from './wire.ts';

export function parseFunction(parse: Parse, message: MessageSpan, path: string): GraphFunction {
  const reader: WireReader = parse.reader;
  const { end } = message;
  parse.spend(4);
  const nodes: GraphNode[] = [];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const inline: InlineValues[] = [];
  let name = '';
  let domain = '';
  let overload = '';
  while (reader.next(end)) {
    const { field } = reader;
    if (![1, 4, 5, 7, 10, 11, 13].includes(field)) {
      reader.skip(end);
      continue;
    }
    reader.expect(wireBytes, `field ${field} of a function`);
    parse.spend(1);
    if (field === 7) {
      nodes.push(parseNode(parse, parse.enter(message), `${path}.node[${nodes.length}]`, 1));
    } else if (field === 11) {
      parseAttribute(parse, parse.enter(message), path, 1, inline);
    } else {
      const text = reader.string(end);
      if (field === 1) name = text;
      else if (field === 4) inputs.push(text);
      else if (field === 5) outputs.push(text);
      else if (field === 10) domain = text === 'ai.onnx' ? '' : text;
      else overload = text;
    }
  }
  return { path, name, domain, overload, inputs, outputs, nodes };
}
