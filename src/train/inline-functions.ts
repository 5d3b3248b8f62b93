/**
 * Puts the bodies of local functions in the place of their calls, so that passes see nothing but
 * operators. The values of a body are renamed for each call, its attributes bound to the call's or to
 * their defaults. Source: onnx.proto (FunctionProto), IR.md (functions). Limits: calls inside the
 * bodies of If, Loop and Scan stay calls (no gradient passes these, reverse.ts), and so do calls of
 * functions that are written for another version of the operator set than the model.
 */
import { clone, create } from '@bufbuild/protobuf';
import { AttributeProtoSchema, GraphProtoSchema, NodeProtoSchema } from 'onnx-buf';
import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from 'onnx-buf';
import { DeepCompressionError } from '../model/errors.ts';
import { functionKey } from '../model/onnx/trace.ts';
import { constantTensor, freshName, makeNode, type Graph } from './graph.ts';

/** A body of two calls, twenty deep, is a million nodes. */
const mostNodes = 100_000;
const deepest = 32;

/** @throws DeepCompressionError `unsupported` when the bodies make too many nodes */
export function inlineFunctions(graph: Graph): void {
  const { model } = graph;
  if (model.functions.length === 0) return;
  const bodies = new Map<string, FunctionProto>();
  for (const body of model.functions) {
    const { opsetImport, domain, name, overload } = body;
    const own = opsetImport.find((set) => isOnnx(set.domain));
    if (own && Number(own.version) !== graph.opset) continue;
    bodies.set(keyOf({ domain, opType: name, overload }), body);
  }
  graph.nodes = expand(graph, graph.nodes, bodies, 0, { left: mostNodes });
  const keys = new Set(
    model.functions.map(({ domain, name, overload }) => keyOf({ domain, opType: name, overload })),
  );
  if (!graph.nodes.some((node) => callsOne(node, keys))) model.functions = [];
}

function isOnnx(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function keyOf(call: Pick<NodeProto, 'domain' | 'opType' | 'overload'>): string {
  const { domain, opType: name, overload } = call;
  return functionKey({ domain: isOnnx(domain) ? '' : domain, name, overload });
}

function expand(
  graph: Graph,
  nodes: readonly NodeProto[],
  bodies: ReadonlyMap<string, FunctionProto>,
  depth: number,
  budget: { left: number },
): NodeProto[] {
  if (depth > deepest)
    throw new DeepCompressionError('invalid-model', 'local functions call each other too deep');
  return nodes.flatMap((node) => {
    const body = bodies.get(keyOf(node));
    if (body === undefined) return [node];
    budget.left -= body.node.length + body.output.length;
    if (budget.left < 0)
      throw new DeepCompressionError(
        'unsupported',
        `the calls of local functions make more than ${mostNodes} nodes: the model cannot be trained`,
      );
    return expand(graph, bodyOf(graph, node, body), bodies, depth + 1, budget);
  });
}

/** The nodes of one call; constants become initializers. */
function bodyOf(graph: Graph, call: NodeProto, body: FunctionProto): NodeProto[] {
  const names = new Map([['', '']]);
  body.input.forEach((formal, i) => names.set(formal, call.input[i] ?? ''));
  const made = new Set(body.node.flatMap((node) => node.output));
  const copies: NodeProto[] = [];
  body.output.forEach((formal, i) => {
    const actual = call.output[i] ?? '';
    if (actual === '') return;
    // an output that is an input, or another output once more, is a value of its own outside
    if (made.has(formal) && !names.has(formal)) names.set(formal, actual);
    else copies.push(makeNode('Identity', [formal], [actual]));
  });
  const rename = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const fresh = freshName(graph, `${name}/${graph.names.size}`);
    names.set(name, fresh);
    return fresh;
  };
  const attributes = new Map(
    [...body.attributeProto, ...call.attribute].map((attribute) => [attribute.name, attribute]),
  );
  const nodes: NodeProto[] = [];
  for (const node of body.node) {
    const copy = create(NodeProtoSchema, {
      ...{ name: node.name, opType: node.opType, domain: node.domain, overload: node.overload },
      input: node.input.map(rename),
      output: node.output.map(rename),
      attribute: bound(node.attribute, attributes).map((attribute) =>
        withBodies(attribute, (sub) => renameGraph(graph, sub, rename, attributes, 1)),
      ),
    });
    const constant = copy.opType === 'Constant' ? constantTensor(copy) : undefined;
    if (constant) graph.initializers.set(copy.output[0]!, constant);
    else nodes.push(copy);
  }
  for (const copy of copies) nodes.push(makeNode('Identity', copy.input.map(rename), copy.output));
  return nodes;
}

/** Attributes with what the call says in the place of references; a reference to nothing goes. */
function bound(
  attributes: readonly AttributeProto[],
  given: ReadonlyMap<string, AttributeProto>,
): AttributeProto[] {
  return attributes.flatMap((attribute) => {
    if (attribute.refAttrName === '') return [attribute];
    const value = given.get(attribute.refAttrName);
    return value ? [create(AttributeProtoSchema, { ...value, name: attribute.name })] : [];
  });
}

function withBodies(
  attribute: AttributeProto,
  change: (graph: GraphProto) => GraphProto,
): AttributeProto {
  if (!attribute.g && attribute.graphs.length === 0) return attribute;
  const copy = clone(AttributeProtoSchema, attribute);
  if (copy.g) copy.g = change(copy.g);
  copy.graphs = copy.graphs.map(change);
  return copy;
}

/** A body of If, Loop or Scan inside a function: its own values get names of their own as well. */
function renameGraph(
  graph: Graph,
  sub: GraphProto,
  outside: (name: string) => string,
  attributes: ReadonlyMap<string, AttributeProto>,
  depth: number,
): GraphProto {
  if (depth > deepest) throw new DeepCompressionError('invalid-model', 'subgraphs nest too deep');
  const own = new Map<string, string>();
  const named = [...sub.input, ...sub.initializer].map(({ name }) => name);
  for (const name of [...named, ...sub.node.flatMap((node) => node.output)])
    if (name !== '') own.set(name, freshName(graph, `${name}/${graph.names.size}`));
  const rename = (name: string): string => own.get(name) ?? outside(name);
  return create(GraphProtoSchema, {
    name: sub.name,
    input: sub.input.map((value) => ({ ...value, name: rename(value.name) })),
    output: sub.output.map((value) => ({ ...value, name: rename(value.name) })),
    initializer: sub.initializer.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
    node: sub.node.map((node) =>
      create(NodeProtoSchema, {
        ...node,
        input: node.input.map(rename),
        output: node.output.map(rename),
        attribute: bound(node.attribute, attributes).map((attribute) =>
          withBodies(attribute, (inner) =>
            renameGraph(graph, inner, rename, attributes, depth + 1),
          ),
        ),
      }),
    ),
  });
}

function callsOne(node: NodeProto, keys: ReadonlySet<string>): boolean {
  const inside = (sub: GraphProto): boolean => sub.node.some((inner) => callsOne(inner, keys));
  return (
    keys.has(keyOf(node)) ||
    node.attribute.some(({ g, graphs }) => (g !== undefined && inside(g)) || graphs.some(inside))
  );
}
