/**
 * Indexes GraphProto, NodeProto and AttributeProto: light objects for the graph, and
 * every tensor in it, wherever it hides. Source: onnx.proto.
 */
import type { Attribute, ModelGraph, GraphNode, SparseValues, ValueInfo } from '../graph.ts';
import { addInlineValues, copyFloats, longestList, type InlineValues } from './inline-values.ts';
import type { Parse } from './parse.ts';
import { parseSparse } from './parse-sparse.ts';
import { parseTensor } from './parse-tensor.ts';
import { parseValueInfo } from './parse-value-info.ts';
import { readInts, stepOver } from './payload.ts';
import { ChunkList, type Chunk, type MessageSpan } from './record.ts';
import { wireBytes, wireFixed32, wireVarint, type WireReader } from './wire.ts';

/** Nesting of subgraphs; protobuf itself stops at 100 messages, about 33 graphs. */
const deepest = 40;
const noAttributes: ReadonlyMap<string, Attribute> = new Map();
const noNames: readonly string[] = [];
const noInitializers: ReadonlyMap<string, number> = new Map();
const noSparseInitializers: ReadonlyMap<string, SparseValues> = new Map();
const noNodes: readonly GraphNode[] = [];
const noValues: readonly ValueInfo[] = [];

export function parseGraph(
  parse: Parse,
  message: MessageSpan,
  path: string,
  depth: number,
): ModelGraph {
  const reader: WireReader = parse.reader;
  const { end } = message;
  if (depth > deepest) reader.fail(`graphs are nested more than ${deepest} deep`);
  parse.spend(4);
  // Empty ones are shared: a file may hold a graph in every four bytes.
  let nodes = noNodes as GraphNode[];
  let inputs = noValues as ValueInfo[];
  let outputs = noValues as ValueInfo[];
  let values = noValues as ValueInfo[];
  let initializers = noInitializers as Map<string, number>;
  let sparseInitializers = noSparseInitializers as Map<string, SparseValues>;
  let name = '';
  let dense = 0;
  let sparse = 0;
  const claim = (id: string): void => {
    if (id !== '' && (initializers.has(id) || sparseInitializers.has(id))) {
      reader.fail(`${path} has two initializers named ${JSON.stringify(id.slice(0, 200))}`);
    }
  };
  while (reader.next(end)) {
    const { field } = reader;
    if (field === 1) {
      reader.expect(wireBytes, 'a node');
      if (nodes === noNodes) nodes = [];
      nodes.push(parseNode(parse, parse.enter(message), `${path}.node[${nodes.length}]`, depth));
    } else if (field === 2) {
      reader.expect(wireBytes, 'the name of a graph');
      name = reader.string(end);
    } else if (field === 5) {
      reader.expect(wireBytes, 'an initializer');
      const id = parseTensor(parse, parse.enter(message), `${path}.initializer[${dense++}]`);
      claim(parse.tensors[id].name);
      if (initializers === noInitializers) initializers = new Map();
      initializers.set(parse.tensors[id].name, id);
    } else if (field === 15) {
      reader.expect(wireBytes, 'a sparse initializer');
      const at = `${path}.sparse_initializer[${sparse++}]`;
      const value = parseSparse(parse, parse.enter(message), at);
      if (value.values >= 0) {
        claim(parse.tensors[value.values].name);
        if (sparseInitializers === noSparseInitializers) sparseInitializers = new Map();
        sparseInitializers.set(parse.tensors[value.values].name, value);
      }
    } else if (field === 11 || field === 12 || field === 13) {
      reader.expect(wireBytes, 'a value');
      const value = parseValueInfo(parse, parse.enter(message).end);
      if (field === 11) (inputs = owned(inputs)).push(value);
      else if (field === 12) (outputs = owned(outputs)).push(value);
      else (values = owned(values)).push(value);
    } else reader.skip(end);
  }
  return { path, name, nodes, inputs, outputs, values, initializers, sparseInitializers };
}

function owned(list: ValueInfo[]): ValueInfo[] {
  return list === noValues ? [] : list;
}

export function parseNode(
  parse: Parse,
  message: MessageSpan,
  path: string,
  depth: number,
): GraphNode {
  const reader: WireReader = parse.reader;
  const { end } = message;
  parse.spend(4);
  let inputs = noNames as string[];
  let outputs = noNames as string[];
  let attributes = noAttributes as Map<string, Attribute>;
  const inline: InlineValues[] = [];
  let name = '';
  let opType = '';
  let domain = '';
  let overload = '';
  while (reader.next(end)) {
    const { field } = reader;
    if (field > 8 || field === 6) {
      reader.skip(end);
      continue;
    }
    reader.expect(wireBytes, `field ${field} of a node`);
    parse.spend(1);
    if (field === 5) {
      if (attributes === noAttributes) attributes = new Map();
      const attribute = parseAttribute(parse, parse.enter(message), path, depth, inline);
      if (attributes.has(attribute.name)) {
        reader.fail(
          `${path} has two attributes named ${JSON.stringify(attribute.name.slice(0, 200))}`,
        );
      }
      attributes.set(attribute.name, attribute);
      continue;
    }
    const text = reader.string(end);
    if (field === 1) {
      if (inputs === noNames) inputs = [];
      inputs.push(text);
    } else if (field === 2) {
      if (outputs === noNames) outputs = [];
      outputs.push(text);
    } else if (field === 3) name = text;
    else if (field === 4) opType = text;
    else if (field === 7) domain = text === 'ai.onnx' ? '' : text;
    else if (field === 8) overload = text;
  }
  if (opType === '') reader.fail(`${path} has no operator`, message.start);
  if (opType === 'Constant' && domain === '') {
    for (const values of inline) addInlineValues(parse, values, path);
    for (const { tensors, sparse } of attributes.values()) {
      for (const id of [...(tensors ?? []), ...(sparse ?? []).map((s) => s.values)]) {
        if (id >= 0 && parse.tensors[id].name === '') parse.tensors[id].name = outputs[0] ?? '';
      }
    }
  }
  return { path, name, opType, domain, overload, inputs, outputs, attributes };
}

/** Of what lies inside a node: a long name would be repeated in the path of each of its parts. */
const longestName = 100;

/** @param start where the attribute's message begins in the file */
export function attributePath(nodePath: string, name: string, start: number): string {
  const short = name.length > longestName ? `${name.slice(0, longestName)}… at ${start}` : name;
  return `${nodePath}.attribute[${short}]`;
}

export function parseAttribute(
  parse: Parse,
  message: MessageSpan,
  nodePath: string,
  depth: number,
  inline: InlineValues[],
): Attribute {
  const reader: WireReader = parse.reader;
  const { end } = message;
  // The name comes first in every file met, but the wire format does not promise it, and the
  // paths of what lies inside need it.
  let name = '';
  const begin = reader.position;
  while (reader.next(end)) {
    if (reader.field === 1 && reader.wire === wireBytes) {
      name = reader.string(end);
      break;
    }
    reader.skip(end);
  }
  reader.position = begin;
  const path = attributePath(nodePath, name, message.start);
  const attribute: Attribute = { name, type: 0 };
  const floats = new ChunkList();
  const ints = new ChunkList();
  let f: Chunk | undefined;
  let i: Chunk | undefined;
  let sparse = 0;
  while (reader.next(end)) {
    const { field } = reader;
    const at = reader.fieldStart;
    if (field === 2) {
      reader.expect(wireFixed32, 'a float attribute');
      const start = reader.position;
      attribute.f = reader.float(end);
      f = { at, start, end: reader.position, stride: 0, elements: 1 };
    } else if (field === 3 || field === 20) {
      reader.expect(wireVarint, 'an integer attribute');
      const start = reader.position;
      const value = reader.int(end);
      if (field === 20) attribute.type = value;
      else {
        attribute.i = value;
        i = { at, start, end: reader.position, stride: 0, elements: 1 };
      }
    } else if (field === 4 || field === 9) {
      reader.expect(wireBytes, 'a string attribute');
      parse.spend(1);
      // Whole compiled engines are kept in strings: only short ones are of use here.
      const limit = reader.length(end);
      const start = reader.position;
      const text = limit - start <= longestList ? reader.text(limit) : '';
      reader.position = limit;
      if (field === 4) attribute.s = text;
      else (attribute.strings ??= []).push(text);
    } else if (field === 5 || field === 10) {
      reader.expect(wireBytes, 'a tensor attribute');
      const many = (attribute.tensors ??= []);
      const at = field === 5 ? `${path}.t` : `${path}.tensors[${many.length}]`;
      if (field === 5 && many.length > 0) reader.fail(`${at} occurs twice`);
      many.push(parseTensor(parse, parse.enter(message), at));
    } else if (field === 6 || field === 11) {
      reader.expect(wireBytes, 'a graph attribute');
      const many = (attribute.graphs ??= []);
      const at = field === 6 ? `${path}.g` : `${path}.graphs[${many.length}]`;
      if (field === 6 && many.length > 0) reader.fail(`${at} occurs twice`);
      many.push(parseGraph(parse, parse.enter(message), at, depth + 1));
    } else if (field === 22 || field === 23) {
      reader.expect(wireBytes, 'a sparse tensor attribute');
      const at = field === 22 ? `${path}.sparse_tensor` : `${path}.sparse_tensors[${sparse}]`;
      if (field === 22 && sparse > 0) reader.fail(`${at} occurs twice`);
      sparse++;
      (attribute.sparse ??= []).push(parseSparse(parse, parse.enter(message), at));
    } else if (field === 21) {
      reader.expect(wireBytes, 'an attribute reference');
      attribute.reference = reader.string(end);
    } else if (field === 7) {
      attribute.floats ??= [];
      const start = reader.position;
      stepOver(reader, end, 'fixed32', floats);
      copyFloats(parse, attribute.floats, start, reader.wire === wireBytes);
    } else if (field === 8) {
      attribute.ints ??= [];
      const start = reader.position;
      stepOver(reader, end, 'varint', ints);
      const stop = reader.position;
      if (attribute.ints.length <= longestList) {
        reader.position = start;
        readInts(reader, end, attribute.ints, longestList);
        reader.position = stop;
      }
    } else reader.skip(end);
  }
  if (attribute.floats !== undefined && attribute.floats.length > longestList)
    delete attribute.floats;
  if (attribute.ints !== undefined && attribute.ints.length > longestList) delete attribute.ints;
  if (/^value_(float|int)s?$/.test(name)) inline.push({ attribute, message, floats, ints, f, i });
  return attribute;
}
