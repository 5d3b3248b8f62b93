/** Arithmetic of two or more inputs with numpy broadcasting: the gradient sums what was repeated. */
import type { RuleContext, Rules } from './rule.ts';

/** Sums a full-size gradient back to the shape of input i. */
const back = ({ node, emit, shape }: RuleContext, full: string, i: number): string =>
  emit.reduceTo(full, shape(node.output[0]!), shape(node.input[i]!));

export const arithmeticRules: Rules = {
  Add: (c) => [0, 1].map((i) => (c.needs(i) ? back(c, c.dy, i) : undefined)),

  Sub: (c) => [
    c.needs(0) ? back(c, c.dy, 0) : undefined,
    c.needs(1) ? c.emit.neg(back(c, c.dy, 1)) : undefined,
  ],

  Mul: (c) =>
    [0, 1].map((i) =>
      c.needs(i) ? back(c, c.emit.mul(c.dy, c.node.input[1 - i]!), i) : undefined,
    ),

  /** y = a / b: dy / b and -dy y / b. */
  Div: (c) => {
    const over = c.emit.div(c.dy, c.node.input[1]!);
    return [
      c.needs(0) ? back(c, over, 0) : undefined,
      c.needs(1) ? c.emit.neg(back(c, c.emit.mul(over, c.node.output[0]!), 1)) : undefined,
    ];
  },

  /** y = a^b. The exponent's gradient y ln a exists where a > 0 and is taken as 0 elsewhere. */
  Pow: (c) => {
    const { emit, dy, node } = c;
    const [a = '', b = ''] = node.input;
    let dA: string | undefined;
    if (c.needs(0)) {
      const less = emit.op('Pow', [a, emit.sub(b, emit.op('CastLike', [emit.scalar(1), b]))]);
      dA = back(c, emit.mul(dy, emit.mul(emit.op('CastLike', [b, a]), less)), 0);
    }
    let dB: string | undefined;
    if (c.needs(1)) {
      const positive = emit.op('Greater', [a, emit.scalar(0)]);
      const log = emit.op('Log', [emit.where(positive, a, emit.scalar(1))]);
      dB = back(c, emit.mul(dy, emit.mul(node.output[0]!, log)), 1);
    }
    return [dA, dB];
  },

  Sum: (c) => c.node.input.map((_, i) => (c.needs(i) ? back(c, c.dy, i) : undefined)),

  Mean: (c) => {
    const share = c.emit.scale(c.dy, 1 / c.node.input.length);
    return c.node.input.map((_, i) => (c.needs(i) ? back(c, share, i) : undefined));
  },
};
