/**
 * The reverse pass: appends to a graph the operators that compute, from the gradients of some
 * values, the gradients of others. Reverse-mode differentiation over the node list; what one node
 * contributes is left to its rule (gradients/).
 */
import type { GraphProto, NodeProto } from 'onnx-buf';
import { DeepCompressionError } from '../model/errors.ts';
import { Emitter } from './emitter.ts';
import type { Graph } from './graph.ts';
import { gradientRule } from './gradients/registry.ts';
import { noRuleFor } from './gradients/rule.ts';
import type { Facts, ValueFacts } from './probe.ts';

export interface ReverseOptions {
  /** Stop at operators without a rule (what lies before them gets no gradient) instead of failing. */
  readonly freezeUnsupported: boolean;
}

export interface ReverseResult {
  /** Gradient value of every wanted value that has one. */
  readonly gradients: ReadonlyMap<string, string>;
  /** Operators without a rule at which the pass stopped: `Op (node name)`. */
  readonly stoppedAt: readonly string[];
}

/**
 * @param seeds gradients that are given: of outputs of the graph, by value name
 * @param wanted names of values whose gradients are computed
 */
export function appendReversePass(
  graph: Graph,
  facts: Facts,
  seeds: ReadonlyMap<string, string>,
  wanted: readonly string[],
  options: ReverseOptions,
): ReverseResult {
  const forward = [...graph.nodes];
  const emit = new Emitter(graph, graph.nodes, 'grad_');
  const depends = new Set(wanted);
  for (const node of forward)
    if (readsOneOf(node, depends))
      for (const name of node.output) if (name !== '') depends.add(name);

  const parts = new Map<string, string[]>([...seeds].map(([name, seed]) => [name, [seed]]));
  const total = (name: string): string | undefined => {
    const list = parts.get(name);
    if (!list) return undefined;
    if (list.length > 1)
      parts.set(name, [list.length === 2 ? emit.op('Add', list) : emit.op('Sum', list)]);
    return parts.get(name)![0]!;
  };
  const stoppedAt: string[] = [];

  for (const node of forward.reverse()) {
    if (!readsOneOf(node, depends)) continue;
    if (!node.output.some((name) => parts.has(name))) continue;
    const rule = gradientRule(node.domain, node.opType);
    if (!rule) {
      if (!options.freezeUnsupported)
        throw new DeepCompressionError(
          'unsupported',
          `operator ${node.opType} (${node.name || node.output[0]}) has no gradient rule: freeze what lies before it`,
        );
      stoppedAt.push(`${node.opType} (${node.name || node.output[0]})`);
      continue;
    }
    const gradients = node.output.map((name) => (name === '' ? undefined : total(name)));
    if (gradients[0] === undefined && node.opType !== 'Split')
      throw noRuleFor(node, 'of its second output');
    const results = rule(contextOf(node, emit, gradients, depends, facts));
    results.forEach((gradient, i) => {
      const name = node.input[i];
      if (gradient === undefined || !name || !depends.has(name)) return;
      const list = parts.get(name);
      if (list) list.push(gradient);
      else parts.set(name, [gradient]);
    });
  }
  const gradients = new Map<string, string>();
  for (const name of wanted) {
    const gradient = total(name);
    if (gradient !== undefined) gradients.set(name, gradient);
  }
  return { gradients, stoppedAt };
}

/** Whether a node takes one of the values, itself or in a body of If, Loop or Scan that it holds. */
function readsOneOf(node: NodeProto, values: ReadonlySet<string>): boolean {
  const inBody = ({ node: inner, output }: GraphProto): boolean =>
    inner.some((n) => readsOneOf(n, values)) || output.some(({ name }) => values.has(name));
  return (
    node.input.some((name) => values.has(name)) ||
    node.attribute.some(({ g, graphs }) => (g !== undefined && inBody(g)) || graphs.some(inBody))
  );
}

function contextOf(
  node: NodeProto,
  emit: Emitter,
  gradients: readonly (string | undefined)[],
  depends: ReadonlySet<string>,
  known: Facts,
): Parameters<NonNullable<ReturnType<typeof gradientRule>>>[0] {
  const facts = (name: string): ValueFacts => {
    const fact = known.get(name);
    if (fact) return fact;
    throw new Error(`no facts about ${name}`);
  };
  return {
    node,
    emit,
    dy: gradients[0] ?? '',
    gradients,
    needs: (i) => depends.has(node.input[i] ?? ''),
    shape: (name) => facts(name).shape,
    facts,
    constants: (i) => {
      const values = facts(node.input[i] ?? '').values;
      if (values) return values;
      throw noRuleFor(node, `when input ${i} depends on the data`);
    },
  };
}
