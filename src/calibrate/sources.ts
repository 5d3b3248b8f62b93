/**
 * What must be seen of a model to know the second moments of its weights: for every tensor the values it
 * multiplies. Tensors that multiply the very same vectors form a group, and share their moments. A
 * table that is looked up counts as a matrix whose inputs are the numbers of its rows, one of them 1.
 */
import type { Geometry, Tensor } from '../model/model.ts';
import type { GraphNode } from '../model/graph.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import { columnOrder } from './column-order.ts';
import type { Wanted } from './extend.ts';
import { weightUses, type Multiplied, type WeightUse } from './uses.ts';

/** One value under one reading: what `Vectors` are made of. */
export interface Source {
  readonly node: GraphNode;
  readonly layout: Multiplied['layout'];
  readonly geometry: Geometry;
  /** Which element of a vector each column of the matrix multiplies, where they are not in order. */
  readonly order: Uint32Array | undefined;
  /** Position in `Sources.wanted` of the value, and of the hidden states before the first step. */
  readonly value: number;
  readonly initial: number | undefined;
}

export interface Member {
  readonly tensor: Tensor;
  readonly geometry: Geometry;
  /** Of a recurrent tensor that holds one direction of two: which. */
  readonly direction: number | undefined;
}

export interface Group {
  readonly sources: readonly Source[];
  readonly members: readonly Member[];
}

export interface Sources {
  readonly wanted: readonly Wanted[];
  readonly groups: readonly Group[];
  /** Tensors that some node multiplies by, but whose inputs cannot be had: why. */
  readonly without: ReadonlyMap<number, string>;
}

export function sourcesOf(model: OnnxModel): Sources {
  const wanted: Wanted[] = [];
  const positions = new Map<string, number>();
  const sources = new Map<string, Source>();
  const found = new Map<number, Member & { readonly keys: Set<string> }>();
  const without = new Map<number, string>();

  const want = ({ place, node }: WeightUse, value: string): number => {
    const key = `${place.path}|${value === '' ? `of ${node.path}` : value}`;
    let position = positions.get(key);
    if (position === undefined) {
      positions.set(key, (position = wanted.length));
      wanted.push({ place, node, value });
    }
    return position;
  };

  for (const use of weightUses(model)) {
    const { node, hops, multiplied } = use;
    const tensor = model.tensors[use.tensor];
    const geometry = matrixOf(tensor);
    if (!geometry) continue;
    if ('why' in multiplied) {
      without.set(tensor.id, multiplied.why);
      continue;
    }
    const { layout } = multiplied;
    // a table that is a matrix as well: what its product needs says more
    if (layout === 'rows' && tensor.geometry) continue;
    const order = columnOrder(node, geometry, tensor.shape, hops);
    if (order === undefined) {
      without.set(tensor.id, 'its values are rearranged on their way to the layer');
      continue;
    }
    const source: Source = {
      ...{ node, layout, geometry, order: order === 'plain' ? undefined : order },
      value: want(use, multiplied.value),
      initial: multiplied.initial === '' ? undefined : want(use, multiplied.initial),
    };
    const key = keyOf(source);
    if (!sources.has(key)) sources.set(key, source);
    const direction = directionOf(tensor, use);
    const member = found.get(tensor.id) ?? { tensor, geometry, direction, keys: new Set() };
    member.keys.add(key);
    found.set(tensor.id, member);
  }
  for (const id of without.keys()) found.delete(id);

  const groups = new Map<string, { sources: Source[]; members: Member[] }>();
  for (const member of found.values()) {
    const keys = [...member.keys].sort();
    const key = keys.join('\n');
    const group = groups.get(key) ?? { sources: keys.map((k) => sources.get(k)!), members: [] };
    group.members.push(member);
    groups.set(key, group);
  }
  return { wanted, groups: [...groups.values()], without };
}

/** Its geometry, or that of a table that Gather looks up: a matrix with a column a row of the table. */
export function matrixOf({ geometry, role, shape }: Tensor): Geometry | undefined {
  if (geometry !== undefined) return geometry;
  if (role !== 'embedding' || shape.length !== 2) return undefined;
  return { kind: 'other', rows: shape[1], cols: shape[0], matrices: 1, transposed: true };
}

/** The same for sources with the same vectors. */
function keyOf({ node, layout, geometry, order, value, initial }: Source): string {
  const { kind, cols, matrices, kernel, strides, dilations, groups } = geometry;
  const reading = ['pads', 'auto_pad', 'kernel_shape', 'direction', 'layout', 'axis'].map(
    (name) => {
      const attribute = node.attributes.get(name);
      return attribute?.ints ?? attribute?.s ?? attribute?.i;
    },
  );
  const several = kind === 'recurrent' ? 1 : matrices;
  const shape = [cols, several, kernel, strides, dilations, groups];
  return JSON.stringify([value, initial, layout, ...shape, reading, order && [...order]]);
}

/**
 * Frameworks keep the directions of a recurrent layer apart and the export joins them (Concat): the
 * place among what is joined is the direction.
 */
function directionOf(tensor: Tensor, { node, hops }: WeightUse): number | undefined {
  if (node.attributes.get('direction')?.s !== 'bidirectional') return undefined;
  let name = tensor.name;
  let direction: number | undefined;
  for (let hop = hops; hop !== undefined; hop = hop.rest) {
    const { opType, inputs, outputs, attributes } = hop.node;
    if (opType === 'Concat' && (attributes.get('axis')?.i ?? 0) === 0 && inputs.length === 2)
      direction = inputs.indexOf(name);
    name = outputs[0] ?? '';
  }
  return direction === undefined || direction < 0 ? undefined : direction;
}

/** Which set of a group's vectors each of the tensor's matrices multiplies. */
export function setsOfMatrices({ geometry, direction }: Member, sets: number): Uint32Array {
  const { kind, matrices } = geometry;
  if (sets === 1) return new Uint32Array(matrices);
  if (kind !== 'recurrent') return Uint32Array.from({ length: matrices }, (_, m) => m);
  if (direction !== undefined) return new Uint32Array(matrices).fill(direction);
  // the gates of a direction one after another
  return Uint32Array.from({ length: matrices }, (_, m) => Math.floor((m * sets) / matrices));
}
