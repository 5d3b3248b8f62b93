/**
 * How the columns of a matrix, in the order in which its tensor stores them, stand in the vector that its
 * layer multiplies. They differ where a kernel is transposed on its way to a convolution.
 */
import { followAxes } from '../model/onnx/geometry.ts';
import type { Geometry } from '../model/model.ts';
import type { GraphNode } from '../model/graph.ts';
import type { Hops } from '../model/onnx/trace.ts';

/** `plain` where the order is the vector's; undefined where it cannot be told. */
export function columnOrder(
  node: GraphNode,
  { groups, transposed }: Geometry,
  shape: readonly number[],
  hops: Hops | undefined,
): Uint32Array | 'plain' | undefined {
  if (!/Conv$/.test(node.opType) || hops === undefined) return 'plain';
  const axes = followAxes(shape, hops);
  if (axes === undefined) {
    // reshaped, but not moved: outputs x everything else, row-major as before
    const own = node.attributes.get('group')?.i ?? 1;
    return own === 1 && !transposed && onlyReshaped(hops) ? 'plain' : undefined;
  }
  if (groups === undefined) return undefined;
  const inner = axes.slice(1);
  const stored = inner.map((axis, at) => ({ ...axis, at })).sort((a, b) => a.from - b.from);
  if (stored.filter((a) => a.size > 1).every((a, i, all) => i === 0 || all[i - 1]!.at < a.at))
    return 'plain';
  const strides = inner.map((_, i) => inner.slice(i + 1).reduce((all, a) => all * a.size, 1));
  const order = new Uint32Array(inner.reduce((all, a) => all * a.size, 1));
  for (let column = 0; column < order.length; column++) {
    let rest = column;
    for (let d = stored.length - 1; d >= 0; d--) {
      const { size, at } = stored[d]!;
      order[column] += (rest % size) * strides[at]!;
      rest = Math.floor(rest / size);
    }
  }
  return order;
}

function onlyReshaped(hops: Hops): boolean {
  for (let hop: Hops | undefined = hops; hop !== undefined; hop = hop.rest)
    if (
      !/^(Reshape|Flatten|Squeeze|Unsqueeze|Identity|Cast|CastLike|.*Linear)$/.test(hop.node.opType)
    )
      return false;
  return true;
}
