/** Reductions over axes, and the softmax family, which is a reduction in its gradient. */
import { intOf, intsOf } from '../graph.ts';
import { maximumGradient } from './pooling.ts';
import { positiveAxis, product } from './rule.ts';
import type { GradientRule, RuleContext, Rules } from './rule.ts';

/** Axes from the attribute (older opsets) or from input 1; none means all, unless it is a no-op. */
function reducedAxes({ node, shape, constants }: RuleContext): readonly number[] {
  const rank = shape(node.input[0]!).length;
  const given = node.input[1] ? constants(1) : intsOf(node, 'axes');
  if (given && given.length > 0) return given.map((axis) => positiveAxis(axis, rank));
  if (intOf(node, 'noop_with_empty_axes', 0) !== 0) return [];
  return Array.from({ length: rank }, (_, i) => i);
}

/** Gradient and kept shape: dY with the reduced axes put back as 1. */
function kept(context: RuleContext): { axes: readonly number[]; shape: number[]; dy: string } {
  const { node, emit, dy, shape } = context;
  const axes = reducedAxes(context);
  const full = shape(node.input[0]!).map((size, i) => (axes.includes(i) ? 1 : size));
  const same = shape(node.output[0]!).length === full.length;
  return { axes, shape: full, dy: same ? dy : emit.reshape(dy, full) };
}

const mean: GradientRule = (context) => {
  const xShape = context.shape(context.node.input[0]!);
  const { axes, dy } = kept(context);
  const count = product(axes.map((axis) => xShape[axis]!));
  return [context.emit.expand(context.emit.scale(dy, 1 / count), xShape)];
};

export const reductionRules: Rules = {
  ReduceMean: mean,

  ReduceSum: (context) => [
    context.emit.expand(kept(context).dy, context.shape(context.node.input[0]!)),
  ],

  ReduceSumSquare: (context) => [
    context.emit.mul(context.emit.scale(kept(context).dy, 2), context.node.input[0]!),
  ],

  /** y = sqrt(sum x^2): x / y; undefined at 0, as the norm is. */
  ReduceL2: (context) => {
    const { emit, node } = context;
    const { dy, shape } = kept(context);
    return [emit.mul(emit.div(dy, emit.reshape(node.output[0]!, shape)), node.input[0]!)];
  },

  ReduceMax: (context) => [extremeOf(context)],
  ReduceMin: (context) => [extremeOf(context)],

  /** y (dy - sum(dy y)) along the axis. */
  Softmax({ node, emit, dy, shape }) {
    const y = node.output[0]!;
    const axis = positiveAxis(intOf(node, 'axis', -1), shape(y).length);
    const sum = emit.reduceSum(emit.mul(dy, y), [axis], true);
    return [emit.mul(y, emit.sub(dy, sum))];
  },

  /** dy - softmax(x) sum(dy) along the axis. */
  LogSoftmax({ node, emit, dy, shape }) {
    const y = node.output[0]!;
    const axis = positiveAxis(intOf(node, 'axis', -1), shape(y).length);
    const sum = emit.reduceSum(dy, [axis], true);
    return [emit.sub(dy, emit.mul(emit.op('Exp', [y]), sum))];
  },
};

function extremeOf(context: RuleContext): string {
  const { node, emit } = context;
  const { dy, shape } = kept(context);
  const result = emit.reshape(node.output[0]!, shape);
  const known = (name: string): readonly number[] =>
    name === result ? shape : context.shape(name);
  return maximumGradient({ ...context, shape: known }, dy, result);
}
