/** Operators that move values without changing them: the gradient moves them back. */
import { intOf, intsOf, stringOf } from '../graph.ts';
import { noRuleFor, positiveAxis } from './rule.ts';
import type { GradientRule, Rules } from './rule.ts';

const reshapeBack: GradientRule = ({ node, emit, dy, shape }) => [
  emit.reshape(dy, shape(node.input[0]!)),
];

export const layoutRules: Rules = {
  Reshape: reshapeBack,
  Flatten: reshapeBack,
  Squeeze: reshapeBack,
  Unsqueeze: reshapeBack,

  Transpose({ node, emit, dy, shape }) {
    const rank = shape(node.input[0]!).length;
    const perm = intsOf(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const inverse = new Array<number>(rank);
    perm.forEach((axis, i) => (inverse[axis] = i));
    return [emit.transpose(dy, inverse)];
  },

  Concat({ node, emit, dy, shape }) {
    const axis = positiveAxis(intOf(node, 'axis', 0), shape(node.output[0]!).length);
    if (node.input.length === 1) return [dy];
    return emit.split(
      dy,
      node.input.map((name) => shape(name)[axis]!),
      axis,
    );
  },

  Split({ node, emit, gradients, shape }) {
    const axis = positiveAxis(intOf(node, 'axis', 0), shape(node.input[0]!).length);
    const parts = node.output.map((name, i) => gradients[i] ?? emit.zeros(shape(name)));
    return [emit.concat(parts, axis)];
  },

  Expand: ({ node, emit, dy, shape }) => [
    emit.reduceTo(dy, shape(node.output[0]!), shape(node.input[0]!)),
  ],

  /** Each axis is repeats x size: sum over the repeats. */
  Tile({ node, emit, dy, shape, constants }) {
    const size = shape(node.input[0]!);
    const repeats = constants(1);
    const folded = emit.reshape(
      dy,
      size.flatMap((n, i) => [repeats[i]!, n]),
    );
    return [
      emit.reduceSum(
        folded,
        size.map((_, i) => 2 * i),
        false,
      ),
    ];
  },

  /** Constant padding; a negative pad, which crops, becomes a pad of the gradient. */
  Pad({ node, emit, dy, shape, constants }) {
    if (stringOf(node, 'mode', 'constant') !== 'constant')
      throw noRuleFor(node, `for mode ${stringOf(node, 'mode', '')}`);
    const size = shape(node.input[0]!);
    const rank = size.length;
    const given = constants(1);
    const axes = node.input[3]
      ? constants(3).map((axis) => positiveAxis(axis, rank))
      : size.map((_, i) => i);
    const begin = size.map(() => 0);
    const end = size.map(() => 0);
    axes.forEach((axis, i) => {
      begin[axis] = given[i]!;
      end[axis] = given[axes.length + i]!;
    });
    return [emit.pad(dy, [...begin.map((p) => -p), ...end.map((p) => -p)])];
  },

  /** Reshape, transpose, reshape: the gradient is the same backwards. */
  DepthToSpace({ node, emit, dy, shape }) {
    const [n = 1, c = 1, h = 1, w = 1] = shape(node.input[0]!);
    const r = intOf(node, 'blocksize', 1);
    const depthFirst = stringOf(node, 'mode', 'DCR') === 'DCR';
    const split = emit.reshape(dy, [n, c / (r * r), h, r, w, r]);
    const back = emit.transpose(split, depthFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]);
    return [emit.reshape(back, [n, c, h, w])];
  },

  /** [n, c, h r, w r] to [n, r r c, h, w], block position first. */
  SpaceToDepth({ node, emit, dy, shape }) {
    const [n = 1, c = 1, h = 1, w = 1] = shape(node.input[0]!);
    const r = intOf(node, 'blocksize', 1);
    const split = emit.reshape(dy, [n, r, r, c, h / r, w / r]);
    return [emit.reshape(emit.transpose(split, [0, 3, 4, 1, 5, 2]), [n, c, h, w])];
  },
};
