/**
 * Trained quantization (Deep Compression, section 3.3 and Figure 3): the gradient of a shared value
 * is the sum of the gradients of the weights that share it. Code 0 is the pruned zero and never
 * moves.
 */

/** Sum of the gradient over the members of each code; float64 sums, entry 0 is 0. */
export function centroidGradient(
  gradient: Float32Array,
  codes: Uint8Array | Uint16Array,
  codebookSize: number,
): Float32Array {
  const sums = new Float64Array(codebookSize);
  for (let i = 0; i < gradient.length; i++) sums[codes[i]!]! += gradient[i]!;
  sums[0] = 0;
  return Float32Array.from(sums);
}

/** Writes every weight's shared value. */
export function spreadCentroids(
  codebook: Float32Array,
  codes: Uint8Array | Uint16Array,
  values: Float32Array,
): void {
  for (let i = 0; i < values.length; i++) values[i] = codebook[codes[i]!]!;
}
