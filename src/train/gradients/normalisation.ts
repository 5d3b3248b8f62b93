/**
 * BatchNormalization with its stored statistics (frozen: they are constants, so the layer is affine).
 * Training with batch statistics, and LayerNormalization, are lowered to arithmetic beforehand
 * (src/train/lower) and need no rule.
 */
import { floatOf } from '../graph.ts';
import type { Rules } from './rule.ts';

export const normalisationRules: Rules = {
  BatchNormalization({ node, emit, dy, needs, shape }) {
    const [x = '', scale = '', , mean = '', variance = ''] = node.input;
    const rank = shape(x).length;
    const channels = shape(scale)[0]!;
    const column = [1, channels, ...new Array<number>(Math.max(0, rank - 2)).fill(1)];
    const axes = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 1);
    const epsilon = emit.scalar(floatOf(node, 'epsilon', 1e-5));
    const deviation = emit.op('Sqrt', [emit.add(variance, epsilon)]);
    const factor = (): string => emit.reshape(emit.div(scale, deviation), column);
    let dScale: string | undefined;
    if (needs(1)) {
      const centred = emit.sub(x, emit.reshape(mean, column));
      dScale = emit.div(emit.reduceSum(emit.mul(dy, centred), axes, false), deviation);
    }
    return [
      needs(0) ? emit.mul(dy, factor()) : undefined,
      dScale,
      needs(2) ? emit.reduceSum(dy, axes, false) : undefined,
    ];
  },
};
