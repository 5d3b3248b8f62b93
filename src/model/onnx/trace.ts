/**
 * Follows a value back to the tensors it comes from, through operators that only pass values on:
 * Identity, Cast, Transpose, quantization, reshaping and taking apart; out of subgraphs, into the
 * branches of If, and through calls of functions. Every trace is cut after a number of steps, so a
 * hostile graph costs time linear in its size.
 */
import type { GraphFunction, GraphNode } from '../graph.ts';
import { definingScope, type Scope } from './scope.ts';

/** Operators between a tensor and its consumer, the one nearest the tensor first. */
export interface Hops {
  readonly node: GraphNode;
  readonly rest: Hops | undefined;
}

/** A call that a trace has entered. */
interface Frame {
  readonly scope: Scope;
  readonly node: GraphNode;
  readonly up: Frame | undefined;
}

interface Step {
  readonly scope: Scope;
  readonly name: string;
  readonly hops: Hops | undefined;
  readonly frame: Frame | undefined;
  /** Passed an operator that changes integers: only shape arithmetic does that. */
  readonly arithmetic: boolean;
}

export interface Origin {
  readonly kind: 'tensor' | 'formal';
  /** Tensor id, or index of the function's formal input. */
  readonly id: number;
  readonly hops: Hops | undefined;
  readonly arithmetic: boolean;
}

const mostSteps = 64;
/** Pass on the values of input 0, perhaps moved. */
const passing = new Set([
  ...['Identity', 'Cast', 'CastLike', 'Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten'],
  ...['DequantizeLinear', 'QuantizeLinear', 'Slice', 'Split'],
]);
const arithmeticOps = new Set([
  ...['Concat', 'Gather', 'Add', 'Sub', 'Mul', 'Div', 'Mod', 'Equal', 'Where', 'Max', 'Min'],
  ...['Ceil', 'Floor', 'ReduceProd'],
]);

/** False for operators that make new values: nothing behind them is an origin. */
export function passesOn(node: GraphNode): boolean {
  return passing.has(node.opType) || arithmeticOps.has(node.opType) || node.opType === 'If';
}

export type FunctionScopes = (node: GraphNode) => Scope | undefined;

export function functionKey(
  f: Pick<GraphFunction, 'domain' | 'overload'> & { name: string },
): string {
  return `${f.domain}\n${f.name}\n${f.overload}`;
}

/**
 * Origins of `name` as `scope` sees it. `shape`: also through integer arithmetic, as shapes are
 * computed. `hops`: those already passed, after the consumer's side.
 */
export function trace(
  scope: Scope,
  name: string,
  shape: boolean,
  functions: FunctionScopes,
  hops?: Hops,
): Origin[] {
  const origins: Origin[] = [];
  const work: Step[] = [{ scope, name, hops, frame: undefined, arithmetic: false }];
  let left = mostSteps;
  for (let step = work.pop(); step !== undefined && left-- > 0; step = work.pop()) {
    const place = definingScope(step.scope, step.name);
    const producer = place?.producers.get(step.name);
    if (step.name === '' || place === undefined || producer === undefined) continue;
    const { frame, arithmetic } = step;
    const at = { scope: place, frame, arithmetic, hops: step.hops };
    if (producer.kind === 'tensor') {
      origins.push({ kind: 'tensor', id: producer.id, hops: step.hops, arithmetic });
    } else if (producer.kind === 'formal') {
      const outer = actual(place, producer.index, frame);
      if (outer !== undefined) work.push({ ...at, ...outer });
      else if (place.parent === undefined) {
        origins.push({ kind: 'formal', id: producer.index, hops: step.hops, arithmetic });
      }
    } else {
      const { node, output } = producer;
      const body = functions(node);
      if (body !== undefined) {
        const call = { scope: place, node, up: frame };
        work.push({ ...at, scope: body, name: body.outputs[output] ?? '', frame: call });
        continue;
      }
      for (const graph of node.opType === 'If' ? branches(node, place) : []) {
        work.push({ ...at, scope: graph, name: graph.outputs[output] ?? '' });
      }
      const beyond = { ...at, hops: { node, rest: step.hops } };
      if (node.domain !== '' && node.domain !== 'com.microsoft') continue;
      if (passing.has(node.opType)) work.push({ ...beyond, name: node.inputs[0] ?? '' });
      else if (shape && arithmeticOps.has(node.opType)) {
        for (const input of node.inputs) work.push({ ...beyond, name: input, arithmetic: true });
      } else if (node.opType === 'Concat' && allConstant(node, place, functions, 2)) {
        for (const input of node.inputs) work.push({ ...beyond, name: input });
      }
    }
  }
  return origins;
}

/** True when `name` comes from tensors (or what a function is given) and nothing else. */
export function isConstant(
  scope: Scope,
  name: string,
  functions: FunctionScopes,
  nesting = 2,
): boolean {
  for (let left = mostSteps; left > 0; left--) {
    const place = definingScope(scope, name);
    const producer = place?.producers.get(name);
    if (place === undefined || producer === undefined) return false;
    if (producer.kind === 'tensor') return true;
    if (producer.kind === 'formal') {
      const outer = actual(place, producer.index, undefined);
      if (outer === undefined) return false;
      ({ scope, name } = outer);
      continue;
    }
    const { node } = producer;
    if (node.domain !== '' || functions(node) !== undefined) return false;
    if (node.opType === 'Concat') return allConstant(node, place, functions, nesting);
    if (!passing.has(node.opType)) return false;
    scope = place;
    name = node.inputs[0] ?? '';
  }
  return false;
}

function allConstant(
  node: GraphNode,
  scope: Scope,
  functions: FunctionScopes,
  nesting: number,
): boolean {
  if (nesting === 0 || node.inputs.length > 16) return false;
  return node.inputs.every((input) => isConstant(scope, input, functions, nesting - 1));
}

function branches(node: GraphNode, scope: Scope): Scope[] {
  const scopes: Scope[] = [];
  for (const { graphs } of node.attributes.values()) {
    for (const graph of graphs ?? []) {
      const child = scope.children.get(graph);
      if (child !== undefined) scopes.push(child);
    }
  }
  return scopes;
}

/** What a formal input stands for: an input of the node that owns the body or calls the function. */
function actual(
  place: Scope,
  index: number,
  frame: Frame | undefined,
): { scope: Scope; name: string; frame: Frame | undefined } | undefined {
  const { owner, parent } = place;
  if (owner !== undefined && parent !== undefined) {
    // Scan of opset 8 has one input more than its body: the sequence lengths.
    const shift = owner.opType === 'Scan' ? Math.max(0, owner.inputs.length - place.formals) : 0;
    return { scope: parent, name: owner.inputs[index + shift] ?? '', frame };
  }
  if (frame === undefined) return undefined;
  return { scope: frame.scope, name: frame.node.inputs[index] ?? '', frame: frame.up };
}
