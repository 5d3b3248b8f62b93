/**
 * Pooling, any number of spatial axes, overlapping windows, padding, dilation and ceil_mode.
 * A maximum sends its gradient to the cell that ONNX Runtime's own Indices output names (the first
 * maximum of a window); an average spreads it evenly, by the adjoint convolution with ones.
 */
import { intsAttribute, stringAttribute } from '../../model/proto-attributes.ts';
import type { Emitter } from '../emitter.ts';
import { attributeOf, freshName, intOf, intsOf } from '../graph.ts';
import { transposedConvolution } from './convolution.ts';
import { noRuleFor, product } from './rule.ts';
import type { RuleContext, Rules } from './rule.ts';
import { windowsOf } from './windows.ts';

export const poolingRules: Rules = {
  MaxPool({ node, emit, dy, shape }) {
    if (intOf(node, 'storage_order', 0) !== 0) throw noRuleFor(node, 'with column-major indices');
    if (!node.output[1]) node.output[1] = freshName(emit.graph, `${node.output[0]}_indices`);
    const indices = node.output[1];
    const xShape = shape(node.input[0]!);
    const kernel = intsOf(node, 'kernel_shape')!;
    const w = windowsOf(node, kernel, xShape.slice(2), shape(node.output[0]!).slice(2));
    const apart = kernel.every((k, i) => w.strides[i]! >= w.dilations[i]! * (k - 1) + 1);
    if (apart) {
      // no cell receives twice. The indices say where; window attributes that fit would be refused
      // where padding or ceil_mode makes the windows reach beyond the input
      const single = kernel.map(() => 1);
      const attributes = [intsAttribute('kernel_shape', single), intsAttribute('strides', single)];
      return [emit.op('MaxUnpool', [dy, indices, emit.ints(xShape)], attributes)];
    }
    const flat = emit.op(
      'ScatterElements',
      [emit.zeros([product(xShape)]), emit.reshape(indices, [-1]), emit.reshape(dy, [-1])],
      [stringAttribute('reduction', 'add')],
    );
    return [emit.reshape(flat, xShape)];
  },

  AveragePool({ node, emit, dy, shape }) {
    const xShape = shape(node.input[0]!);
    const yShape = shape(node.output[0]!);
    const [input, output] = [xShape.slice(2), yShape.slice(2)];
    const w = windowsOf(node, intsOf(node, 'kernel_shape')!, input, output);
    const withPads = intOf(node, 'count_include_pad', 0) !== 0;
    // cells that each window divides by, one axis at a time
    const counts = w.kernel.map((k, i) =>
      Float32Array.from({ length: output[i]! }, (_, o) => {
        let count = 0;
        for (let c = 0; c < k; c++) {
          const at = o * w.strides[i]! - w.padBegin[i]! + c * w.dilations[i]!;
          if (withPads ? at < input[i]! + w.padEnd[i]! : at >= 0 && at < input[i]!) count++;
        }
        return count;
      }),
    );
    const shares = new Float32Array(product(output));
    shares.forEach((_, flat) => {
      let share = 1;
      for (let i = output.length - 1, at = flat; i >= 0; i--) {
        share /= counts[i]![at % output[i]!]!;
        at = Math.floor(at / output[i]!);
      }
      shares[flat] = share;
    });
    const images = xShape[0]! * xShape[1]!;
    const even = shares.every((share) => share === shares[0]);
    const ones = emit.floats(
      [1, 1, ...w.kernel],
      new Float32Array(product(w.kernel)).fill(even ? (shares[0] ?? 0) : 1),
    );
    const planes = emit.reshape(dy, [images, 1, ...output]);
    const share = even ? planes : emit.mul(planes, emit.floats([1, 1, ...output], shares));
    return [emit.reshape(transposedConvolution(emit, share, ones, w, input, output, 1), xShape)];
  },

  GlobalAveragePool({ node, emit, dy, shape }) {
    const xShape = shape(node.input[0]!);
    return [emit.expand(emit.scale(dy, 1 / product(xShape.slice(2))), xShape)];
  },

  GlobalMaxPool: (context) => [maximumGradient(context, context.dy, context.node.output[0]!)],
};

/** dY to the cells of input 0 that equal the (broadcast) maximum, in equal parts where several do. */
export function maximumGradient(context: RuleContext, dy: string, maximum: string): string {
  const { node, emit, shape } = context;
  const xShape = shape(node.input[0]!);
  const reduced = keptShape(context, maximum);
  const isMax = toFloat(emit, emit.op('Equal', [node.input[0]!, emit.reshape(maximum, reduced)]));
  const axes = xShape.map((_, i) => i).filter((i) => reduced[i] !== xShape[i]);
  const ties = axes.length > 0 ? emit.reduceSum(isMax, axes, true) : isMax;
  return emit.mul(isMax, emit.div(emit.reshape(dy, reduced), ties));
}

/** Shape of a reduction's result with the reduced axes kept as 1. */
function keptShape({ node, shape }: RuleContext, result: string): readonly number[] {
  const xShape = shape(node.input[0]!);
  const kept = shape(result);
  if (kept.length === xShape.length) return kept;
  throw noRuleFor(node, `for keepdims ${attributeOf(node, 'keepdims')?.i ?? 1n}`);
}

/** A bool value as 0 and 1. */
export function toFloat(emit: Emitter, condition: string): string {
  return emit.where(condition, emit.scalar(1), emit.scalar(0));
}
