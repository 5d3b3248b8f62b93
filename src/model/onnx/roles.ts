/**
 * Says what every tensor of a model is for, from how the graph uses it. Each operand of each node is
 * traced back to its tensors; a tensor used in several ways takes its strongest role. A function is
 * looked at once: the uses of its formal inputs are then the uses of what it is called with.
 * Limits: `mostSteps` operators between a tensor and its consumer; functions nested 32 deep.
 */
import { isQuantized } from '../dtype.ts';
import type { Geometry, Role } from '../model.ts';
import { geometryOf } from './geometry.ts';
import type { GraphFunction, GraphNode } from '../graph.ts';
import { isWeighted, operandRole, rolesByStrength } from './operands.ts';
import type { ParsedModel } from './parse-model.ts';
import type { TensorRecord } from './record.ts';
import { definingScope, functionScope, graphScope, type Scope } from './scope.ts';
import { functionKey, isConstant, passesOn, trace, type Hops, type Origin } from './trace.ts';

export interface Use {
  readonly role: Role;
  /** Operator of the consumer, '' when there is none. */
  readonly op: string;
  readonly geometry: Geometry | undefined;
}

/** A consumer, before it is known which tensor it consumes. */
interface Consumer {
  readonly role: Role;
  readonly node: GraphNode;
  readonly index: number;
  readonly hops: Hops | undefined;
}

interface Callee {
  readonly body: GraphFunction;
  readonly scope: Scope;
  state: 'new' | 'open' | 'done';
  /** Strongest use of each formal input. */
  readonly formals: (Consumer | undefined)[];
}

const deepestCalls = 32;

/** The use of every tensor, by id. */
export function findUses(model: ParsedModel): readonly Use[] {
  return new Uses(model).find();
}

class Uses {
  readonly #model: ParsedModel;
  readonly #records: readonly TensorRecord[];
  readonly #consumers: (Consumer | undefined)[];
  readonly #functions = new Map<string, Callee>();
  // A value with very many consumers is followed back once.
  readonly #origins = new Map<Scope, Map<string, readonly Origin[]>>();
  readonly #constants = new Map<Scope, Map<string, boolean>>();

  constructor(model: ParsedModel) {
    this.#model = model;
    this.#records = model.tensors;
    this.#consumers = new Array<Consumer | undefined>(model.tensors.length);
    for (const body of model.functions) {
      const callee: Callee = { body, scope: functionScope(body), state: 'new', formals: [] };
      this.#functions.set(functionKey(body), callee);
    }
  }

  find(): readonly Use[] {
    for (const callee of this.#functions.values()) this.#summarize(callee, 0);
    const main = graphScope(this.#model.graph);
    this.#visit(main, undefined, 0);
    for (const graph of this.#model.training) this.#visit(graphScope(graph, main), undefined, 0);
    return this.#records.map((record): Use => {
      const consumer = this.#consumers[record.id];
      if (consumer === undefined) return { role: 'other', op: '', geometry: undefined };
      const { node, index, hops, role } = consumer;
      const hasGeometry = role === 'weight' && record.sparse === undefined;
      const geometry = hasGeometry ? geometryOf(node, index, record.shape, hops) : undefined;
      return { role, op: node.opType, geometry };
    });
  }

  #summarize(callee: Callee, depth: number): void {
    if (callee.state !== 'new' || depth > deepestCalls) return;
    callee.state = 'open';
    this.#visit(callee.scope, callee, depth);
    callee.state = 'done';
  }

  readonly #bodyOf = (node: GraphNode): Scope | undefined => this.#calleeOf(node)?.scope;

  #calleeOf(node: GraphNode): Callee | undefined {
    if (this.#functions.size === 0) return undefined;
    const { domain, opType: name, overload } = node;
    return this.#functions.get(functionKey({ domain, name, overload }));
  }

  #visit(scope: Scope, inside: Callee | undefined, depth: number): void {
    for (const node of scope.nodes) {
      const callee = this.#calleeOf(node);
      if (callee !== undefined) {
        this.#summarize(callee, depth + 1);
        node.inputs.forEach((name, i) => {
          const use = callee.formals[i];
          if (use !== undefined) this.#follow(scope, name, use, inside);
        });
        continue;
      }
      node.inputs.forEach((name, index) => {
        if (name === '' || this.#isComputed(scope, name)) return;
        const role = this.#roleOf(scope, node, index);
        this.#follow(scope, name, { role, node, index, hops: undefined }, inside);
      });
    }
    for (const child of scope.children.values()) this.#visit(child, inside, depth);
  }

  #follow(scope: Scope, name: string, use: Consumer, inside: Callee | undefined): void {
    if (use.role === 'other') {
      // Of no interest further back: what a passing operator passes has another consumer.
      const producer = definingScope(scope, name)?.producers.get(name);
      if (producer?.kind === 'tensor') this.#offer(producer.id, use);
      return;
    }
    const shape = use.role === 'shape';
    const origins =
      use.hops === undefined && !shape
        ? once(this.#origins, scope, name, () => trace(scope, name, false, this.#bodyOf))
        : trace(scope, name, shape, this.#bodyOf, use.hops);
    for (const { kind, id, hops, arithmetic } of origins) {
      if (kind === 'tensor') {
        const { dtype } = this.#records[id];
        if (!arithmetic || dtype === 'int64' || dtype === 'int32')
          this.#offer(id, { ...use, hops });
      } else if (inside !== undefined) {
        inside.formals[id] = stronger(inside.formals[id], { ...use, hops });
      }
    }
  }

  #offer(id: number, use: Consumer): void {
    this.#consumers[id] = stronger(this.#consumers[id], this.#sober(id, use));
  }

  /** Roles that also depend on the tensor itself. */
  #sober(id: number, use: Consumer): Consumer {
    const { dtype, shape, parameters } = this.#records[id];
    const float = /^b?float/.test(dtype);
    if (use.role === 'embedding' && use.node.opType === 'Gather') {
      if ((float || isQuantized(dtype)) && shape.length === 2) return use;
      return { ...use, role: !float && shape.length < 2 ? 'shape' : 'other' };
    }
    if (use.role === 'bias' && use.node.opType === 'Add') {
      const broadcast = shape.length > 0 && shape.every((d) => d === 1 || d === parameters);
      return broadcast ? use : { ...use, role: 'other' };
    }
    return use;
  }

  /** True for what plainly is an activation: most operands, so it is worth a look. */
  #isComputed(scope: Scope, name: string): boolean {
    const producer = definingScope(scope, name)?.producers.get(name);
    if (producer === undefined) return true;
    return (
      producer.kind === 'node' &&
      !passesOn(producer.node) &&
      this.#calleeOf(producer.node) === undefined
    );
  }

  #roleOf(scope: Scope, node: GraphNode, index: number): Role {
    const role = operandRole(node, index);
    if (role === 'weight' && index === 0 && node.inputs.length > 1) {
      // The left operand is a matrix of weights only if the right one is what varies.
      const right = /^Q(LinearMatMul|Gemm)$/.test(node.opType) ? 3 : 1;
      const name = node.inputs[right] ?? '';
      const fixed = once(this.#constants, scope, name, () => isConstant(scope, name, this.#bodyOf));
      return fixed ? 'other' : role;
    }
    if (node.opType === 'Add' && node.domain === '' && node.inputs.length === 2) {
      return this.#comesFromLayer(scope, node.inputs[1 - index]) ? 'bias' : 'other';
    }
    return role;
  }

  /** True when a value is the product of a layer, perhaps reshaped or rescaled. */
  #comesFromLayer(scope: Scope, name: string): boolean {
    for (let left = 8; left > 0; left--) {
      const place = definingScope(scope, name);
      const producer = place?.producers.get(name);
      if (place === undefined || producer?.kind !== 'node') return false;
      const { node } = producer;
      if (isWeighted(node)) return true;
      if (
        !/^(Identity|Cast|Reshape|Transpose|Squeeze|Unsqueeze|(Deq|Q)uantizeLinear|Mul)$/.test(
          node.opType,
        )
      ) {
        return false;
      }
      scope = place;
      name = node.inputs[0] ?? '';
    }
    return false;
  }
}

/** What `find` says of a name in a scope, found once. */
function once<T>(known: Map<Scope, Map<string, T>>, scope: Scope, name: string, find: () => T): T {
  let names = known.get(scope);
  if (names === undefined) known.set(scope, (names = new Map()));
  let found = names.get(name);
  if (found === undefined) names.set(name, (found = find()));
  return found;
}

function stronger(a: Consumer | undefined, b: Consumer): Consumer {
  if (a === undefined) return b;
  return rolesByStrength.indexOf(b.role) < rolesByStrength.indexOf(a.role) ? b : a;
}
