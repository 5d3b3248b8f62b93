/**
 * Trained ternary quantization (Zhu et al. 2016): a layer keeps full-precision latent weights, of which
 * the graph sees +W_p above a threshold, -W_n below its negative and 0 between; both scales and the
 * latent weights are trained. The threshold is a share of the largest latent weight. Here dL/dW_n is
 * the derivative of what is computed, so it has the sign of -W_n's members.
 */
export interface Ternary {
  readonly kind: 'ternary';
  /** In [-1, 1] at the beginning. */
  readonly latent: Float32Array;
  /** W_p and W_n. */
  readonly scales: Float32Array;
  /** Threshold as a share of the largest |latent|. */
  readonly cut: number;
  readonly mask?: Uint8Array | undefined;
}

/** A ternary layer that begins near `values`: latent weights scaled to 1, scales the means of members. */
export function ternaryOf(
  values: Float32Array,
  cut: number,
  mask: Uint8Array | undefined,
): Ternary {
  const most = largest(values);
  const latent = most > 0 ? values.map((v) => v / most) : values.slice();
  const threshold = cut * largest(latent);
  const sums = [0, 0];
  const counts = [0, 0];
  for (let i = 0; i < latent.length; i++) {
    const side = latent[i]! > threshold ? 0 : latent[i]! < -threshold ? 1 : -1;
    if (side < 0) continue;
    sums[side]! += Math.abs(values[i]!);
    counts[side]!++;
  }
  const scales = Float32Array.from(sums, (s, i) => (counts[i]! > 0 ? s / counts[i]! : most));
  return { kind: 'ternary', latent, scales, cut, mask };
}

/** Writes what the graph sees. */
export function spreadTernary({ latent, scales, cut }: Ternary, values: Float32Array): void {
  const threshold = cut * largest(latent);
  const positive = scales[0]!;
  const negative = -scales[1]!;
  for (let i = 0; i < values.length; i++) {
    const l = latent[i]!;
    values[i] = l > threshold ? positive : l < -threshold ? negative : 0;
  }
}

/** Gradients of the latent weights and of the scales from the gradient of what the graph sees. */
export function ternaryGradients(
  { latent, scales, cut }: Ternary,
  gradient: Float32Array,
): [Float32Array, Float32Array] {
  const threshold = cut * largest(latent);
  const ofLatent = new Float32Array(latent.length);
  let positive = 0;
  let negative = 0;
  for (let i = 0; i < latent.length; i++) {
    const g = gradient[i]!;
    if (latent[i]! > threshold) {
      positive += g;
      ofLatent[i] = scales[0]! * g;
    } else if (latent[i]! < -threshold) {
      negative -= g;
      ofLatent[i] = scales[1]! * g;
    } else ofLatent[i] = g;
  }
  return [ofLatent, Float32Array.of(positive, negative)];
}

function largest(values: Float32Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
