/**
 * Trained quantization (Deep Compression, section 3.3 and Figure 3): the gradient of a shared value
 * is the sum of the gradients of the weights that share it. Code 0 is the pruned zero and never
 * moves.
 */
import { positionsOf } from './optimizer.ts';

type Codes = Uint8Array | Uint16Array;

/**
 * Where codes are not 0, found once: of a pruned layer the zeros are most, and cost nothing. Codes do
 * not change; another sharing makes new ones.
 */
const members = new WeakMap<Codes, Uint32Array>();

function membersOf(codes: Codes): Uint32Array {
  const known = members.get(codes);
  if (known) return known;
  const found = positionsOf(codes);
  members.set(codes, found);
  return found;
}

/** Sum of the gradient over the members of each code; float64 sums, entry 0 is 0. */
export function centroidGradient(
  gradient: Float32Array,
  codes: Codes,
  codebookSize: number,
): Float32Array {
  const sums = new Float64Array(codebookSize);
  const positions = membersOf(codes);
  for (let j = 0; j < positions.length; j++) {
    const i = positions[j]!;
    sums[codes[i]!]! += gradient[i]!;
  }
  return Float32Array.from(sums);
}

/** Writes every weight's shared value; of code 0 that is 0. */
export function spreadCentroids(codebook: Float32Array, codes: Codes, values: Float32Array): void {
  const positions = membersOf(codes);
  values.fill(0);
  for (let j = 0; j < positions.length; j++) {
    const i = positions[j]!;
    values[i] = codebook[codes[i]!]!;
  }
}
