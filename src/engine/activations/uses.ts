/**
 * The value that each layer of a simulation multiplies: of all uses of its tensor (calibrate/uses.ts)
 * the first. Limits: values inside the bodies of If, Loop, Scan and functions are not asked for, and
 * kernels rearranged on the way are not simulated; such layers get a reason instead.
 */
import { weightUses, type VectorLayout, type WeightUse } from '../../calibrate/uses.ts';
import type { GraphNode } from '../../model/graph.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { Hops } from '../../model/onnx/trace.ts';

export type ActivationUse =
  | { readonly node: GraphNode; readonly value: string; readonly layout: VectorLayout }
  | { readonly why: string };

/** By tensor id, for every tensor that some node multiplies by. */
export function activationUses(model: OnnxModel): Map<number, ActivationUse> {
  const uses = new Map<number, ActivationUse>();
  for (const use of weightUses(model))
    if (!uses.has(use.tensor)) uses.set(use.tensor, activationUse(use));
  return uses;
}

function activationUse({ node, hops, place, multiplied }: WeightUse): ActivationUse {
  if (place.inside)
    return { why: 'its values lie inside a branch or loop, which the runtime does not show' };
  if ('why' in multiplied) return multiplied;
  const { layout } = multiplied;
  if (layout === 'rows') return { why: `${node.opType} looks rows up and multiplies nothing` };
  if (layout === 'conv' && moved(hops))
    return { why: 'its kernel is rearranged before it is used' };
  if (layout !== 'hidden' || multiplied.value !== '')
    return { node, value: multiplied.value, layout };
  // without an output of every step: the last one
  return node.outputs[1]
    ? { node, value: node.outputs[1], layout: 'last' }
    : { why: `${node.opType} names no value that it multiplies` };
}

function moved(hops: Hops | undefined): boolean {
  for (let hop = hops; hop !== undefined; hop = hop.rest)
    if (!/^(Identity|Cast|CastLike|DequantizeLinear)$/.test(hop.node.opType)) return true;
  return false;
}
