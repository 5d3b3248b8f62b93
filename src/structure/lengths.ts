/**
 * Whole numbers that shapes are made of: constants, and lengths that the graph itself asks for (Shape) and
 * hands on. They say whether a stated shape follows by itself when channels are removed.
 */
import type { GraphNode } from '../model/graph.ts';
import { axisOf, intOf, intsOf, type Length, type Value } from './rule.ts';

export type Lengths = readonly Length[];

/** Operators that hand numbers on. */
const handing = new Set(['Identity', 'Cast', 'Unsqueeze', 'Squeeze', 'Gather', 'Slice', 'Concat']);
/** Where a shape may be stated: operator, input. */
const stated: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  Resize: [3],
};

/**
 * The numbers that a node makes; undefined where they are not known.
 * @param known numbers of its inputs
 */
export function lengthsOf(
  node: GraphNode,
  shapeOf: Value | undefined,
  known: readonly (Lengths | undefined)[],
): Lengths | undefined {
  const { opType } = node;
  if (opType === 'Shape') {
    if (!shapeOf) return undefined;
    const rank = shapeOf.dims.length;
    const from = axisOf(intOf(node, 'start', 0), rank);
    const to = axisOf(intOf(node, 'end', rank), rank);
    return shapeOf.axes.slice(from, to).map((slots) => ({ slots }));
  }
  if (!handing.has(opType)) return undefined;
  const [first, second] = known;
  if (opType === 'Concat')
    return known.every((list) => list) ? known.flatMap((list) => list!) : undefined;
  if (opType === 'Gather') {
    const picked = second && constants(second);
    const found = first && picked?.map((i) => first[axisOf(i, first.length)]);
    return found?.every((length) => length !== undefined) ? found : undefined;
  }
  if (opType === 'Slice') {
    if (!first) return undefined;
    const [from] = (second && constants(second)) ?? intsOf(node, 'starts') ?? [];
    const [to] = (known[2] && constants(known[2])) ?? intsOf(node, 'ends') ?? [];
    const plain =
      from !== undefined && to !== undefined && (!known[4] || constants(known[4])?.[0] === 1);
    return plain ? first.slice(from, Math.min(to, first.length)) : undefined;
  }
  return first;
}

/** True where a removal shows in these numbers, and the node neither hands them on nor takes them as a shape. */
export function misuses(node: GraphNode, index: number): boolean {
  return !handing.has(node.opType) && stated[node.opType]?.includes(index) !== true;
}

export function constants(lengths: Lengths): readonly number[] | undefined {
  const numbers = lengths.flatMap((length) => ('number' in length ? [length.number] : []));
  return numbers.length === lengths.length ? numbers : undefined;
}
