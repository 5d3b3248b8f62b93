/**
 * Which nodes multiply by a tensor, and which value they multiply: what must be known to see a
 * layer's inputs. The operators between tensor and node are followed as the model room does it
 * (trace.ts); bodies of If, Loop and Scan are visited where they stand, those of local functions once
 * for every call. A tensor that several nodes use has several uses.
 */
import type { GraphFunction, ModelGraph, GraphNode } from '../model/graph.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import { operandRole } from '../model/onnx/operands.ts';
import { functionScope, graphScope, type Scope } from '../model/onnx/scope.ts';
import { functionKey, isConstant, trace, type Hops } from '../model/onnx/trace.ts';

/**
 * How vectors lie in the value: along its last axis, along the one before, under a kernel, as the hidden
 * states of a recurrent layer, or as numbers of the rows that are looked up.
 */
export type VectorLayout = 'last' | 'second-last' | 'conv' | 'conv-transpose' | 'hidden' | 'rows';

/** A graph of the model as one use sees it: from the main graph through bodies and calls. */
export interface Place {
  /** `graph`, then the nodes passed on the way. */
  readonly path: string;
  readonly scope: Scope;
  /** How it hangs in the place around it; undefined for the main graph. */
  readonly inside:
    | {
        readonly parent: Place;
        readonly owner: GraphNode;
        /** The body of If, Loop or Scan, or the function that `owner` calls. */
        readonly body: ModelGraph | GraphFunction;
        readonly called: boolean;
      }
    | undefined;
}

export interface Multiplied {
  /** '' for the node's own first output where it gives that no name (hidden states). */
  readonly value: string;
  readonly layout: VectorLayout;
  /** Hidden states before the first step; '' where they are zeros. */
  readonly initial: string;
}

export interface WeightUse {
  readonly tensor: number;
  readonly node: GraphNode;
  /** The operand of `node` that the tensor is. */
  readonly index: number;
  readonly hops: Hops | undefined;
  readonly place: Place;
  /** What it multiplies, or why that is not known. */
  readonly multiplied: Multiplied | { readonly why: string };
}

const deepestCalls = 32;
/** A function can call functions that call functions: the calls are counted, not trusted. */
const mostPlaces = 10_000;

/** In the order of the graph. */
export function weightUses(model: OnnxModel): WeightUse[] {
  const uses: WeightUse[] = [];
  const bodies = new Map(
    model.functions.map((body) => [functionKey(body), { body, scope: functionScope(body) }]),
  );
  const calleeOf = ({ domain, opType: name, overload }: GraphNode) =>
    bodies.size === 0 ? undefined : bodies.get(functionKey({ domain, name, overload }));
  const bodyOf = (node: GraphNode): Scope | undefined => calleeOf(node)?.scope;
  let places = 0;

  /** Tensors behind a name, also those that a function is called with. */
  const tensorsOf = (
    place: Place,
    name: string,
    hops?: Hops,
  ): { id: number; hops: Hops | undefined }[] =>
    trace(place.scope, name, false, bodyOf, hops).flatMap(({ kind, id, hops: passed }) => {
      if (kind === 'tensor') return [{ id, hops: passed }];
      let call = place.inside;
      while (call !== undefined && !call.called) call = call.parent.inside;
      return call ? tensorsOf(call.parent, call.owner.inputs[id] ?? '', passed) : [];
    });

  const visit = (place: Place, calls: number): void => {
    if (++places > mostPlaces || calls > deepestCalls) return;
    for (const node of place.scope.nodes) {
      const callee = calleeOf(node);
      if (callee !== undefined) {
        const inside = { parent: place, owner: node, body: callee.body, called: true };
        visit({ path: `${place.path} ${node.path}`, scope: callee.scope, inside }, calls + 1);
        continue;
      }
      node.inputs.forEach((name, index) => {
        if (name === '' || !isMultiplier(node, index)) return;
        const origins = tensorsOf(place, name);
        if (origins.length === 0) return;
        const multiplied = multipliedBy(node, index);
        if ('value' in multiplied && isConstant(place.scope, multiplied.value, bodyOf)) return;
        for (const { id, hops } of origins)
          uses.push({ tensor: id, node, index, hops, place, multiplied });
      });
    }
    for (const [body, scope] of place.scope.children) {
      const owner = scope.owner!;
      const inside = { parent: place, owner, body, called: false };
      visit({ path: `${place.path} ${body.path}`, scope, inside }, calls);
    }
  };
  visit({ path: 'graph', scope: graphScope(model.graph), inside: undefined }, 0);
  return uses;
}

function isMultiplier(node: GraphNode, index: number): boolean {
  const role = operandRole(node, index);
  return role === 'weight' || (role === 'embedding' && node.opType === 'Gather');
}

function multipliedBy(node: GraphNode, index: number): WeightUse['multiplied'] {
  const { opType, inputs, outputs, attributes } = node;
  const value = (name: string | undefined, layout: VectorLayout, initial = '') =>
    name
      ? { value: name, layout, initial }
      : { why: `${opType} names no value that it multiplies` };
  const flag = (name: string): boolean => (attributes.get(name)?.i ?? 0) !== 0;
  if (/^(Fused)?Conv$/.test(opType)) return value(inputs[0], 'conv');
  if (opType === 'ConvTranspose') return value(inputs[0], 'conv-transpose');
  if (/^(Fused)?(MatMul|Gemm)$/.test(opType))
    return index === 0
      ? value(inputs[1], flag('transB') ? 'last' : 'second-last')
      : value(inputs[0], flag('transA') ? 'second-last' : 'last');
  if (opType === 'Gather')
    return (attributes.get('axis')?.i ?? 0) === 0
      ? value(inputs[1], 'rows')
      : { why: 'it is looked up by columns' };
  if (/^(LSTM|GRU|RNN)$/.test(opType))
    // What the recurrent weights multiply is the layer's own output of the step before.
    return index === 1
      ? value(inputs[0], 'last')
      : { value: outputs[0] ?? '', layout: 'hidden', initial: inputs[5] ?? '' };
  return { why: `the operator ${opType} is not known here` };
}
