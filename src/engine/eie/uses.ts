/**
 * Which node multiplies by a tensor, and which value it multiplies: what must be known to feed a
 * layer its real activations. The operators between tensor and node are followed as the model room
 * does it (trace.ts). Limits: values inside the bodies of If, Loop, Scan and functions cannot be had
 * from a runtime, and operators other than Conv, ConvTranspose, MatMul, Gemm, LSTM, GRU and RNN are
 * not known here; such layers get a reason instead.
 */
import type { OnnxNode } from '../../model/onnx/graph.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { operandRole } from '../../model/onnx/operands.ts';
import { graphScope, type Scope } from '../../model/onnx/scope.ts';
import { trace, type Hops } from '../../model/onnx/trace.ts';

/** How vectors lie in the value: along its last axis, along the one before, or under a kernel. */
export type VectorLayout = 'last' | 'second-last' | 'conv' | 'conv-transpose' | 'hidden';

export type ActivationUse =
  | { readonly node: OnnxNode; readonly value: string; readonly layout: VectorLayout }
  | { readonly why: string };

/** By tensor id, for every tensor that some node multiplies by. */
export function activationUses(model: OnnxModel): Map<number, ActivationUse> {
  const uses = new Map<number, ActivationUse>();
  const visit = (scope: Scope, nested: boolean): void => {
    for (const node of scope.nodes)
      node.inputs.forEach((name, index) => {
        if (name === '' || operandRole(node, index) !== 'weight') return;
        for (const origin of trace(scope, name, false, () => undefined))
          if (origin.kind === 'tensor' && !uses.has(origin.id))
            uses.set(origin.id, useOf(node, index, origin.hops, nested));
      });
    for (const child of scope.children.values()) visit(child, true);
  };
  visit(graphScope(model.graph), false);
  return uses;
}

function useOf(
  node: OnnxNode,
  index: number,
  hops: Hops | undefined,
  nested: boolean,
): ActivationUse {
  if (nested)
    return { why: 'its values lie inside a branch or loop, which the runtime does not show' };
  const { opType, inputs, outputs, attributes } = node;
  const value = (name: string | undefined, layout: VectorLayout): ActivationUse =>
    name ? { node, value: name, layout } : { why: `${opType} names no value that it multiplies` };
  const flag = (name: string): boolean => (attributes.get(name)?.i ?? 0) !== 0;
  if (opType === 'Conv' || opType === 'FusedConv')
    return moved(hops)
      ? { why: 'its kernel is rearranged before it is used' }
      : value(inputs[0], 'conv');
  if (opType === 'ConvTranspose') return value(inputs[0], 'conv-transpose');
  if (/^(Fused)?(MatMul|Gemm)$/.test(opType))
    return index === 0
      ? value(inputs[1], flag('transB') ? 'last' : 'second-last')
      : value(inputs[0], flag('transA') ? 'second-last' : 'last');
  if (/^(LSTM|GRU|RNN)$/.test(opType)) {
    if (index === 1) return value(inputs[0], 'last');
    // What the recurrent weights multiply is the layer's own output of the step before.
    return outputs[0] ? value(outputs[0], 'hidden') : value(outputs[1], 'last');
  }
  return { why: `the operator ${opType} is not known here` };
}

function moved(hops: Hops | undefined): boolean {
  for (let hop = hops; hop !== undefined; hop = hop.rest)
    if (!/^(Identity|Cast|CastLike|DequantizeLinear)$/.test(hop.node.opType)) return true;
  return false;
}
