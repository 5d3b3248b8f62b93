/**
 * What a tensor is for, where a file holds names and shapes and no graph: from the words that frameworks
 * put into names. Limits: a guess; what is not recognised is `other` and stays as it is.
 */
import { isFloat, type DType } from '../dtype.ts';
import type { Geometry, Role } from '../model.ts';

/** `outputs first`: [out, in, …] as in PyTorch; `outputs last`: […, in, out] as in TensorFlow. */
export type Kernels = 'outputs first' | 'outputs last';

export interface GuessedUse {
  readonly role: Role;
  readonly geometry?: Geometry;
}

const words = {
  embedding:
    /(^|[._/])(embed\w*|\w*embeddings?|wte|wpe|tok_embeddings|token_embd|position_embd|lookup)([._/]|$)/i,
  bias: /(^|[._/])(bias\w*|\w*_bias|b)$/i,
  normalisation: /(norm|(^|[._/])(bn|ln|gn)\d*([._/]|_)|gamma|beta$|moving_|running_|layer_scale)/i,
  recurrent: /(lstm|gru|rnn|weight_(ih|hh)|recurrent)/i,
  statistics: /(num_batches_tracked|position_ids|attn_mask|inv_freq)/i,
};

export function guessUse(
  name: string,
  dtype: DType,
  shape: readonly number[],
  kernels: Kernels,
): GuessedUse {
  const rank = shape.length;
  if (words.statistics.test(name) || (!isFloat(dtype) && rank < 2)) return { role: 'other' };
  if (words.embedding.test(name) && rank === 2 && !words.normalisation.test(name))
    return { role: 'embedding' };
  if (rank <= 1) {
    if (words.normalisation.test(name)) return { role: 'normalisation' };
    if (words.bias.test(name)) return { role: 'bias' };
    return { role: rank === 1 && /weight$/i.test(name) ? 'normalisation' : 'other' };
  }
  if (words.normalisation.test(name) && shape.filter((d) => d > 1).length < 2)
    return { role: 'normalisation' };
  if (words.bias.test(name)) return { role: 'bias' };
  return { role: 'weight', ...geometryOf(name, shape, kernels) };
}

function geometryOf(
  name: string,
  shape: readonly number[],
  kernels: Kernels,
): { geometry: Geometry } | undefined {
  const rank = shape.length;
  const outputsLast = kernels === 'outputs last';
  const rows = outputsLast ? shape[rank - 1] : shape[0];
  const cols = (outputsLast ? shape.slice(0, -1) : shape.slice(1)).reduce((a, b) => a * b, 1);
  if (rows === 0 || cols === 0 || rank > 5) return undefined;
  const one = { rows, cols, matrices: 1, transposed: outputsLast };
  if (words.recurrent.test(name)) return { geometry: { kind: 'recurrent', ...one } };
  if (rank === 2) return { geometry: { kind: 'fc', ...one } };
  const kernel = outputsLast ? {} : { kernel: shape.slice(2) };
  return { geometry: { kind: 'conv', ...one, ...kernel } };
}
