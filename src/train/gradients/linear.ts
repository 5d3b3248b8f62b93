/** Matrix products: Gemm and MatMul, batched and broadcast. Transposition is left to Gemm. */
import { floatAttribute, intAttribute } from '../../model/proto-attributes.ts';
import type { Emitter } from '../emitter.ts';
import { floatOf, intOf } from '../graph.ts';
import { product } from './rule.ts';
import type { Rules } from './rule.ts';

function gemm(
  emit: Emitter,
  a: string,
  b: string,
  transA: boolean,
  transB: boolean,
  alpha = 1,
): string {
  return emit.op(
    'Gemm',
    [a, b],
    [
      ...(transA ? [intAttribute('transA', 1)] : []),
      ...(transB ? [intAttribute('transB', 1)] : []),
      ...(alpha === 1 ? [] : [floatAttribute('alpha', alpha)]),
    ],
  );
}

/** Perm that swaps the last two axes. */
const swapped = (rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));

export const linearRules: Rules = {
  /** Y = alpha A' B' + beta C. */
  Gemm({ node, emit, dy, needs, shape }) {
    const [a = '', b = '', c = ''] = node.input;
    const transA = intOf(node, 'transA', 0) !== 0;
    const transB = intOf(node, 'transB', 0) !== 0;
    const alpha = floatOf(node, 'alpha', 1);
    const dA = !needs(0)
      ? undefined
      : transA
        ? gemm(emit, b, dy, transB, true, alpha)
        : gemm(emit, dy, b, false, !transB, alpha);
    const dB = !needs(1)
      ? undefined
      : transB
        ? gemm(emit, dy, a, true, transA, alpha)
        : gemm(emit, a, dy, !transA, false, alpha);
    const dC =
      c !== '' && needs(2)
        ? emit.scale(emit.reduceTo(dy, shape(node.output[0]!), shape(c)), floatOf(node, 'beta', 1))
        : undefined;
    return [dA, dB, dC];
  },

  MatMul({ node, emit, dy, needs, shape }) {
    const [a = '', b = ''] = node.input;
    const aShape = shape(a);
    const bShape = shape(b);
    if (aShape.length === 2 && bShape.length === 2)
      return [
        needs(0) ? gemm(emit, dy, b, false, true) : undefined,
        needs(1) ? gemm(emit, a, dy, true, false) : undefined,
      ];
    // vectors become matrices, as MatMul itself sees them
    const aFull = aShape.length === 1 ? [1, ...aShape] : [...aShape];
    const bFull = bShape.length === 1 ? [...bShape, 1] : [...bShape];
    const rows = aFull.at(-2)!;
    const inner = aFull.at(-1)!;
    const cols = bFull.at(-1)!;
    const yShape = shape(node.output[0]!);
    const batch = yShape.slice(
      0,
      yShape.length - (aShape.length > 1 ? 1 : 0) - (bShape.length > 1 ? 1 : 0),
    );
    const fullDy = emit.reshape(dy, [...batch, rows, cols]);
    const matrix = (name: string, from: readonly number[], to: readonly number[]): string =>
      from.length === to.length ? name : emit.reshape(name, to);
    let dA: string | undefined;
    if (needs(0)) {
      const bT = emit.transpose(matrix(b, bShape, bFull), swapped(bFull.length));
      const full = emit.op('MatMul', [fullDy, bT]);
      dA = matrix(emit.reduceTo(full, [...batch, rows, inner], aFull), aFull, aShape);
    }
    let dB: string | undefined;
    if (needs(1) && bFull.length === 2) {
      // one weight matrix for every row of a batch: a single product sums over the batch
      const flatA = emit.reshape(a, [product(aFull) / inner, inner]);
      const flatDy = emit.reshape(dy, [product(batch) * rows, cols]);
      dB = matrix(gemm(emit, flatA, flatDy, true, false), bFull, bShape);
    } else if (needs(1)) {
      const aT = emit.transpose(matrix(a, aShape, aFull), swapped(aFull.length));
      const full = emit.op('MatMul', [aT, fullDy]);
      dB = emit.reduceTo(full, [...batch, inner, cols], bFull);
    }
    return [dA, dB];
  },
};
