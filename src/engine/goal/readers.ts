/**
 * Which nodes read a value, wherever in the nested graphs they stand, and which tensors a value is made of
 * where its elements are only moved: what must be known before a tensor is changed to correct what one node
 * gives out. Limits: bodies of local functions are not looked into.
 */
import type { GraphNode } from '../../model/graph.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { definingScope, graphScope, type Producer, type Scope } from '../../model/onnx/scope.ts';

/** A node in its graph. */
export interface Site {
  readonly scope: Scope;
  readonly node: GraphNode;
}

/** Where a value was followed to. */
export interface Trail {
  readonly values: { readonly scope: Scope; readonly name: string }[];
  readonly passed: Set<GraphNode>;
}

/** Parts of a value, in its order: part i is part `places[i]` of tensor `tensors[i]`. */
export interface Moved {
  /** Dimensions of the parts; a part is one element, or all along the last axis. */
  readonly dims: readonly number[];
  readonly tensors: Int32Array;
  readonly places: Int32Array;
}

/** Nodes deep and parts that are followed, at most: a hostile file costs no more. */
const deepest = 12;
const mostParts = 1 << 20;

export class Readers {
  /** Every node, those of bodies included. */
  readonly sites: Site[] = [];
  /** By the scope that defines a value; undefined in a list: the value is an output of a graph. */
  readonly #readers = new Map<Scope, Map<string, (Site | undefined)[]>>();

  constructor(readonly model: OnnxModel) {
    this.#visit(graphScope(model.graph));
  }

  #visit(scope: Scope): void {
    for (const node of scope.nodes) {
      this.sites.push({ scope, node });
      for (const name of new Set(node.inputs)) this.#add(scope, name, { scope, node });
    }
    for (const name of scope.outputs) this.#add(scope, name, undefined);
    for (const child of scope.children.values()) this.#visit(child);
  }

  #add(scope: Scope, name: string, site: Site | undefined): void {
    const place = definingScope(scope, name);
    if (!place) return;
    let names = this.#readers.get(place);
    if (!names) this.#readers.set(place, (names = new Map()));
    const list = names.get(name);
    if (list) list.push(site);
    else names.set(name, [site]);
  }

  /** What the name stands for, as `scope` sees it. */
  producer(scope: Scope, name: string): Producer | undefined {
    return name === '' ? undefined : definingScope(scope, name)?.producers.get(name);
  }

  /** The only node that reads a value; undefined where there are others, or it is an output. */
  only(scope: Scope, name: string): Site | undefined {
    const readers = this.#of(scope, name);
    return readers.length === 1 ? readers[0] : undefined;
  }

  /**
   * What `name` is made of by moving alone.
   * @param rows parts are all elements along the last axis, which stays as it is
   * @param trail takes the values and nodes on the way
   */
  moved(scope: Scope, name: string, rows: boolean, trail: Trail): Moved | undefined {
    return this.#moved(scope, name, rows, deepest, (value, by) => {
      trail.values.push(value);
      if (by) trail.passed.add(by);
    });
  }

  /** Whether only these nodes read the values. */
  onlyRead(values: Trail['values'], nodes: ReadonlySet<GraphNode>): boolean {
    return values.every(({ scope, name }) =>
      this.#of(scope, name).every((reader) => reader && nodes.has(reader.node)),
    );
  }

  #of(scope: Scope, name: string): readonly (Site | undefined)[] {
    const place = definingScope(scope, name);
    return (place && this.#readers.get(place)?.get(name)) ?? [];
  }

  #moved(
    scope: Scope,
    name: string,
    rows: boolean,
    depth: number,
    see: (value: { scope: Scope; name: string }, by: GraphNode | undefined) => void,
  ): Moved | undefined {
    const place = definingScope(scope, name);
    const producer = place?.producers.get(name);
    if (!place || !producer || producer.kind === 'formal' || depth === 0) return undefined;
    if (producer.kind === 'tensor') {
      see({ scope: place, name }, undefined);
      return this.#whole(producer.id, rows);
    }
    const { node } = producer;
    see({ scope: place, name }, node);
    if (node.domain !== '') return undefined;
    const from = (input: string): Moved | undefined =>
      this.#moved(place, input, rows, depth - 1, see);
    if (node.opType === 'Identity') return from(node.inputs[0] ?? '');
    if (node.opType === 'Concat') return joined(node, node.inputs.map(from));
    if (node.opType !== 'Unsqueeze' && node.opType !== 'Slice') return undefined;
    const inner = from(node.inputs[0] ?? '');
    if (!inner) return undefined;
    const list = (input: number, attribute: string): number[] | undefined =>
      node.attributes.get(attribute)?.ints ?? this.#whole64(place, node.inputs[input] ?? '');
    if (node.opType === 'Unsqueeze') {
      const axes = list(1, 'axes');
      return axes?.length === 1 && axes[0] === 0
        ? { ...inner, dims: [1, ...inner.dims] }
        : undefined;
    }
    const [starts, ends] = [list(1, 'starts'), list(2, 'ends')];
    const axes = node.inputs.length > 3 || node.attributes.has('axes') ? list(3, 'axes') : [0];
    const steps = node.inputs.length > 4 ? list(4, 'steps') : [1];
    if (starts?.length !== 1 || ends?.length !== 1 || axes?.[0] !== 0 || steps?.[0] !== 1)
      return undefined;
    return sliced(inner, starts[0]!, ends[0]!);
  }

  #whole(id: number, rows: boolean): Moved | undefined {
    const { shape } = this.model.tensors[id]!;
    const dims = rows ? shape.slice(0, -1) : shape;
    const count = dims.reduce((a, b) => a * b, 1);
    if (count > mostParts || (rows && shape.length < 2)) return undefined;
    return {
      dims,
      tensors: new Int32Array(count).fill(id),
      places: Int32Array.from({ length: count }, (_, i) => i),
    };
  }

  /** A small list of whole numbers that the graph holds. */
  #whole64(scope: Scope, name: string): number[] | undefined {
    const producer = this.producer(scope, name);
    if (producer?.kind !== 'tensor') return undefined;
    const tensor = this.model.tensors[producer.id]!;
    if (!/^int(32|64)$/.test(tensor.dtype) || tensor.parameters > 8) return undefined;
    const values = new Float64Array(tensor.parameters);
    this.model.reader.readValues(tensor, 0, values);
    return [...values];
  }
}

/** Joined along the first axis. */
function joined(node: GraphNode, parts: readonly (Moved | undefined)[]): Moved | undefined {
  const [first] = parts;
  if (!first || (node.attributes.get('axis')?.i ?? -1) !== 0 || first.dims.length === 0)
    return undefined;
  const known = parts.flatMap((p) => p ?? []);
  const inner = first.dims.slice(1).join();
  if (known.length < parts.length || known.some((p) => p.dims.slice(1).join() !== inner))
    return undefined;
  const all = (of: 'tensors' | 'places'): Int32Array => {
    const target = new Int32Array(known.reduce((sum, p) => sum + p[of].length, 0));
    let at = 0;
    for (const part of known) {
      target.set(part[of], at);
      at += part[of].length;
    }
    return target;
  };
  const length = known.reduce((sum, p) => sum + p.dims[0]!, 0);
  return { dims: [length, ...first.dims.slice(1)], tensors: all('tensors'), places: all('places') };
}

/** From `start` to below `end` along the first axis. */
function sliced({ dims, tensors, places }: Moved, start: number, end: number): Moved | undefined {
  const [length, ...inner] = dims;
  if (length === undefined) return undefined;
  const place = (at: number): number => Math.max(0, Math.min(length, at < 0 ? at + length : at));
  const [from, to] = [place(start), Math.max(place(start), place(end))];
  const size = inner.reduce((a, b) => a * b, 1);
  return {
    dims: [to - from, ...inner],
    tensors: tensors.slice(from * size, to * size),
    places: places.slice(from * size, to * size),
  };
}
