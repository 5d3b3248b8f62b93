/**
 * Where the mean of a layer's output can be corrected at no cost: the layer's own bias, the constant that
 * is added behind it, or the mean that the BatchNormalization behind it takes away. Rounding shifts the mean
 * output of every channel; these tensors take the shift back. Source: bias correction, Nagel et al., ICCV 2019.
 * Limits: layers of the main graph; a tensor that more than one node reads is left alone.
 */
import type { NodeProto } from 'onnx-buf';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { Tensor } from '../../model/model.ts';
import type { Graph } from '../../train/graph.ts';

export interface BiasTarget {
  readonly bias: Tensor;
  /** -1 where the tensor is subtracted. */
  readonly sign: 1 | -1;
}

/** Targets by id of the weight. */
export function biasTargets(
  model: OnnxModel,
  graph: Graph,
  weights: readonly Tensor[],
): Map<number, BiasTarget> {
  const named = new Map<string, Tensor[]>();
  for (const tensor of model.tensors)
    named.set(tensor.name, [...(named.get(tensor.name) ?? []), tensor]);
  const readers = new Map<string, NodeProto[]>();
  for (const node of graph.nodes)
    for (const name of new Set(node.input)) readers.set(name, [...(readers.get(name) ?? []), node]);
  const only = (name: string): NodeProto | undefined => {
    const found = readers.get(name) ?? [];
    return found.length === 1 && !graph.outputs.some((o) => o.name === name) ? found[0] : undefined;
  };
  const found = new Map<number, BiasTarget>();
  for (const weight of weights) {
    if (named.get(weight.name)?.length !== 1) continue;
    const node = only(weight.name);
    const target = node && targetOf(node, only);
    const [bias, ...others] = named.get(target?.name ?? '') ?? [];
    if (!target || !bias || others.length > 0 || !only(target.name)) continue;
    const { rows, matrices } = weight.geometry!;
    const usable =
      bias.parameters === rows * matrices &&
      (bias.dtype === 'float32' || bias.dtype === 'float16' || bias.dtype === 'float64') &&
      model.writer.whyNotReplaceable(bias) === undefined;
    if (usable) found.set(weight.id, { bias, sign: target.sign });
  }
  return found;
}

function targetOf(
  node: NodeProto,
  only: (name: string) => NodeProto | undefined,
): { readonly name: string; readonly sign: 1 | -1 } | undefined {
  if (!['Conv', 'Gemm', 'MatMul'].includes(node.opType)) return undefined;
  const own = node.opType === 'MatMul' ? undefined : node.input[2];
  if (own) return { name: own, sign: 1 };
  const [output = ''] = node.output;
  const next = only(output);
  if (next?.opType === 'BatchNormalization' && next.input[0] === output)
    return { name: next.input[3] ?? '', sign: -1 };
  if (next?.opType === 'Add')
    return { name: next.input.find((name) => name !== output) ?? '', sign: 1 };
  return undefined;
}

/** The bias that takes back `shift`, the mean of what the layer's outputs lost. */
export function correctedBias(
  model: OnnxModel,
  { bias, sign }: BiasTarget,
  shift: Float64Array,
): Float64Array {
  const values = new (bias.dtype === 'float64' ? Float64Array : Float32Array)(bias.parameters);
  model.reader.readValues(bias, 0, values);
  return Float64Array.from(values, (value, i) => value + sign * shift[i]!);
}
