/**
 * BatchNormalization as in training (Ioffe and Szegedy 2015): by mean and variance of the batch,
 * with running statistics updated as ONNX defines it (population variance).
 */
import { floatOf, freshName } from '../graph.ts';
import type { LowerContext } from './context.ts';

export function lowerBatchNormalization({ node, emit, facts, lowered }: LowerContext): void {
  const [x = '', scale = '', bias = '', mean = '', variance = ''] = node.input;
  const rank = facts.get(x)!.shape.length;
  const channels = facts.get(scale)!.shape[0]!;
  const axes = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 1);
  const column = [1, channels, ...new Array<number>(Math.max(0, rank - 2)).fill(1)];
  const batchMean = emit.reduceMean(x, axes, true);
  const centred = emit.sub(x, batchMean);
  const batchVariance = emit.reduceMean(emit.mul(centred, centred), axes, true);
  const epsilon = emit.scalar(floatOf(node, 'epsilon', 1e-5));
  const normal = emit.div(centred, emit.op('Sqrt', [emit.add(batchVariance, epsilon)]));
  const scaled = emit.mul(normal, emit.reshape(scale, column));
  emit.into([node.output[0]!], 'Add', [scaled, emit.reshape(bias, column)]);

  const momentum = floatOf(node, 'momentum', 0.9);
  for (const [running, batch] of [
    [mean, batchMean],
    [variance, batchVariance],
  ] as const) {
    const old = emit.scale(running, momentum);
    const now = emit.scale(emit.reshape(batch, [channels]), 1 - momentum);
    const next = freshName(emit.graph, `${running}_next`);
    emit.into([next], 'Add', [old, now]);
    lowered.states.push({ name: running, next });
  }
}
