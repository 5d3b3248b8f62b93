/**
 * Elementwise functions of one input. Most derivatives are written in terms of the output Y, which
 * exists already. At a kink the derivative is that of the flat side (0 for Relu at 0), as usual.
 */
import type { Emitter } from '../emitter.ts';
import { floatOf, stringOf } from '../graph.ts';
import { toFloat } from './pooling.ts';
import type { GradientRule, RuleContext, Rules } from './rule.ts';

/** A rule from the derivative alone: dX = dY * f'(x). */
const byDerivative =
  (
    derivative: (emit: Emitter, x: string, y: string, context: RuleContext) => string,
  ): GradientRule =>
  (context) => {
    const { node, emit, dy } = context;
    return [emit.mul(dy, derivative(emit, node.input[0]!, node.output[0]!, context))];
  };

const greater = (emit: Emitter, a: string, b: number): string =>
  emit.op('Greater', [a, emit.scalar(b)]);
const less = (emit: Emitter, a: string, b: number): string => emit.op('Less', [a, emit.scalar(b)]);
const square = (emit: Emitter, a: string): string => emit.mul(a, a);
const oneMinus = (emit: Emitter, a: string): string => emit.sub(emit.scalar(1), a);
/** dY where the condition holds, else 0. */
const gate = ({ emit, dy }: RuleContext, condition: string): string =>
  emit.where(condition, dy, emit.scalar(0));
/** dY where x is inside (low, high), else 0. */
const between = (context: RuleContext, low: number, high: number): string => {
  const { emit, node } = context;
  const x = node.input[0]!;
  return gate(context, emit.op('And', [greater(emit, x, low), less(emit, x, high)]));
};

const gelu: GradientRule = byDerivative((emit, x, _y, { node }) => {
  if (stringOf(node, 'approximate', 'none') === 'tanh') {
    // g = x/2 (1 + tanh u), u = k (x + 0.044715 x^3)
    const k = Math.sqrt(2 / Math.PI);
    const x2 = square(emit, x);
    const u = emit.mul(x, emit.add(emit.scalar(k), emit.scale(x2, k * 0.044715)));
    const t = emit.op('Tanh', [u]);
    const du = emit.add(emit.scalar(k), emit.scale(x2, 3 * k * 0.044715));
    const slope = emit.mul(emit.scale(x, 0.5), emit.mul(oneMinus(emit, square(emit, t)), du));
    return emit.add(emit.scale(emit.add(t, emit.scalar(1)), 0.5), slope);
  }
  // g = x Phi(x): g' = Phi(x) + x phi(x)
  const phi = emit.scale(
    emit.op('Exp', [emit.scale(square(emit, x), -0.5)]),
    1 / Math.sqrt(2 * Math.PI),
  );
  const erf = emit.op('Erf', [emit.scale(x, Math.SQRT1_2)]);
  return emit.add(emit.scale(emit.add(erf, emit.scalar(1)), 0.5), emit.mul(x, phi));
});

export const activationRules: Rules = {
  // the output of Relu is 0 or positive, so its sign is the derivative
  Relu: byDerivative((emit, _x, y) => emit.op('Sign', [y])),

  LeakyRelu: ({ node, emit, dy }) => [
    emit.where(
      greater(emit, node.input[0]!, 0),
      dy,
      emit.scale(dy, floatOf(node, 'alpha', Math.fround(0.01))),
    ),
  ],

  PRelu({ node, emit, dy, needs, shape }) {
    const [x = '', slope = ''] = node.input;
    const positive = greater(emit, x, 0);
    const sum = (full: string): string => emit.reduceTo(full, shape(x), shape(slope));
    return [
      needs(0) ? emit.where(positive, dy, emit.mul(dy, slope)) : undefined,
      needs(1) ? sum(emit.where(positive, emit.scalar(0), emit.mul(dy, x))) : undefined,
    ];
  },

  ThresholdedRelu: (context) => [
    gate(context, greater(context.emit, context.node.input[0]!, floatOf(context.node, 'alpha', 1))),
  ],

  Elu({ node, emit, dy }) {
    // y + alpha = alpha e^x on the negative side
    const negative = emit.add(node.output[0]!, emit.scalar(floatOf(node, 'alpha', 1)));
    return [emit.where(greater(emit, node.input[0]!, 0), dy, emit.mul(dy, negative))];
  },

  Selu({ node, emit, dy }) {
    const alpha = floatOf(node, 'alpha', 1.6732632423543772);
    const gamma = floatOf(node, 'gamma', 1.0507009873554805);
    const negative = emit.add(node.output[0]!, emit.scalar(alpha * gamma));
    const slope = emit.where(greater(emit, node.input[0]!, 0), emit.scalar(gamma), negative);
    return [emit.mul(dy, slope)];
  },

  Celu({ node, emit, dy }) {
    const inverse = 1 / floatOf(node, 'alpha', 1);
    const negative = emit.op('Exp', [emit.scale(node.input[0]!, inverse)]);
    return [emit.where(greater(emit, node.input[0]!, 0), dy, emit.mul(dy, negative))];
  },

  Clip(context) {
    const { node, emit } = context;
    const x = node.input[0]!;
    // the limits are inputs of the operator; absent ones do not limit
    const [, low = '', high = ''] = node.input;
    const conditions = [
      ...(low ? [emit.op('Greater', [x, low])] : []),
      ...(high ? [emit.op('Less', [x, high])] : []),
    ];
    if (conditions.length === 0) return [context.dy];
    return [
      gate(
        context,
        conditions.reduce((a, b) => emit.op('And', [a, b])),
      ),
    ];
  },

  HardSigmoid(context) {
    const alpha = floatOf(context.node, 'alpha', 0.2);
    const beta = floatOf(context.node, 'beta', 0.5);
    return [context.emit.scale(between(context, -beta / alpha, (1 - beta) / alpha), alpha)];
  },

  /** y = x max(0, min(1, x / 6 + 1 / 2)): 0 below -3, x / 3 + 1 / 2 up to 3, then 1. */
  HardSwish({ node, emit, dy }) {
    const x = node.input[0]!;
    const middle = emit.mul(dy, emit.add(emit.scale(x, 1 / 3), emit.scalar(0.5)));
    const upper = emit.where(less(emit, x, 3), middle, dy);
    return [emit.where(greater(emit, x, -3), upper, emit.scalar(0))];
  },

  Sigmoid: byDerivative((emit, _x, y) => emit.mul(y, oneMinus(emit, y))),
  Tanh: byDerivative((emit, _x, y) => oneMinus(emit, square(emit, y))),
  Softplus: byDerivative((emit, x) => emit.op('Sigmoid', [x])),
  Softsign: byDerivative((emit, x) =>
    emit.op('Reciprocal', [square(emit, emit.add(emit.op('Abs', [x]), emit.scalar(1)))]),
  ),
  /** y = x tanh(softplus(x)). */
  Mish: byDerivative((emit, x) => {
    const t = emit.op('Tanh', [emit.op('Softplus', [x])]);
    const slope = emit.mul(oneMinus(emit, square(emit, t)), emit.op('Sigmoid', [x]));
    return emit.add(t, emit.mul(x, slope));
  }),
  Gelu: gelu,
  'com.microsoft.Gelu': gelu,
  Erf: byDerivative((emit, x) =>
    emit.scale(emit.op('Exp', [emit.neg(square(emit, x))]), 2 / Math.sqrt(Math.PI)),
  ),
  Exp: byDerivative((_emit, _x, y) => y),
  Log: ({ node, emit, dy }) => [emit.div(dy, node.input[0]!)],
  Sqrt: ({ node, emit, dy }) => [emit.div(emit.scale(dy, 0.5), node.output[0]!)],
  Reciprocal: byDerivative((emit, _x, y) => emit.neg(square(emit, y))),
  Neg: ({ emit, dy }) => [emit.neg(dy)],
  Abs: byDerivative((emit, x) => emit.op('Sign', [x])),
  Sin: byDerivative((emit, x) => emit.op('Cos', [x])),
  Cos: byDerivative((emit, x) => emit.neg(emit.op('Sin', [x]))),
  Identity: ({ dy }) => [dy],

  /** Between floating-point types; the gradient goes back to the input's type. */
  Cast({ node, emit, dy, facts }) {
    if (facts(node.input[0]!).type === facts(node.output[0]!).type) return [dy];
    return [emit.op('CastLike', [dy, node.input[0]!])];
  },

  /** Where(c, a, b). */
  Where({ node, emit, dy, needs, shape }) {
    const [condition = '', a = '', b = ''] = node.input;
    const y = shape(node.output[0]!);
    const zero = emit.scalar(0);
    return [
      undefined,
      needs(1) ? emit.reduceTo(emit.where(condition, dy, zero), y, shape(a)) : undefined,
      needs(2) ? emit.reduceTo(emit.where(condition, zero, dy), y, shape(b)) : undefined,
    ];
  },

  /** Max and Min of several inputs: each takes the part where it is the result, shared among ties. */
  Max: extreme,
  Min: extreme,
};

function extreme({ node, emit, dy, needs, shape }: RuleContext): (string | undefined)[] {
  const y = node.output[0]!;
  const is = node.input.map((x) => toFloat(emit, emit.op('Equal', [x, y])));
  const ties = is.reduce((a, b) => emit.add(a, b));
  const share = emit.div(dy, ties);
  return node.input.map((x, i) =>
    needs(i) ? emit.reduceTo(emit.mul(share, is[i]!), shape(y), shape(x)) : undefined,
  );
}
