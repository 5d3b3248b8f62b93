/** LayerNormalization (Ba 2016) and InstanceNormalization (Ulyanov 2016) as arithmetic. */
import type { Emitter } from '../emitter.ts';
import { floatOf, intOf } from '../graph.ts';
import type { LowerContext } from './context.ts';

function normalised(
  emit: Emitter,
  x: string,
  axes: readonly number[],
  epsilon: number,
): { readonly value: string; readonly mean: string; readonly deviation: string } {
  const mean = emit.reduceMean(x, axes, true);
  const centred = emit.sub(x, mean);
  const variance = emit.reduceMean(emit.mul(centred, centred), axes, true);
  const deviation = emit.op('Sqrt', [emit.add(variance, emit.scalar(epsilon))]);
  return { value: emit.div(centred, deviation), mean, deviation };
}

/** Over the axes from `axis` on; optional outputs are the mean and the inverse deviation. */
export function lowerLayerNormalization({ node, emit, facts }: LowerContext): void {
  const [x = '', scale = '', bias = ''] = node.input;
  const rank = facts.get(x)!.shape.length;
  const axis = intOf(node, 'axis', -1);
  const first = axis < 0 ? axis + rank : axis;
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  const { value, mean, deviation } = normalised(emit, x, axes, floatOf(node, 'epsilon', 1e-5));
  const scaled = emit.mul(value, scale);
  emit.into([node.output[0]!], bias ? 'Add' : 'Identity', bias ? [scaled, bias] : [scaled]);
  if (node.output[1]) emit.into([node.output[1]], 'Identity', [mean]);
  if (node.output[2]) emit.into([node.output[2]], 'Reciprocal', [deviation]);
}

/** Over the spatial axes, each image and channel by itself. */
export function lowerInstanceNormalization({ node, emit, facts }: LowerContext): void {
  const [x = '', scale = '', bias = ''] = node.input;
  const rank = facts.get(x)!.shape.length;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const column = [1, facts.get(scale)!.shape[0]!, ...axes.map(() => 1)];
  const { value } = normalised(emit, x, axes, floatOf(node, 'epsilon', 1e-5));
  const scaled = emit.mul(value, emit.reshape(scale, column));
  emit.into([node.output[0]!], 'Add', [scaled, emit.reshape(bias, column)]);
}
