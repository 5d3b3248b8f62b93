/** What changes over a run: learning rates and sparsities as functions of progress in 0..1. */

export type RateSchedule =
  | { readonly kind: 'constant'; readonly rate: number }
  /** From `rate` along half a cosine to `end` (Loshchilov and Hutter 2017, without restarts). */
  | { readonly kind: 'cosine'; readonly rate: number; readonly end: number }
  /** `rate` times `factor` for every boundary (a progress in 0..1) that has been passed. */
  | {
      readonly kind: 'steps';
      readonly rate: number;
      readonly factor: number;
      readonly boundaries: readonly number[];
    };

export function rateAt(schedule: RateSchedule, progress: number): number {
  switch (schedule.kind) {
    case 'constant':
      return schedule.rate;
    case 'cosine': {
      const p = Math.min(1, Math.max(0, progress));
      return schedule.end + ((schedule.rate - schedule.end) * (1 + Math.cos(Math.PI * p))) / 2;
    }
    case 'steps':
      return (
        schedule.rate * schedule.factor ** schedule.boundaries.filter((at) => progress >= at).length
      );
  }
}

/** Gradual pruning (Zhu and Gupta 2017, equation 1): fast first, slow at the end. */
export function gradualSparsity(from: number, to: number, progress: number): number {
  const p = Math.min(1, Math.max(0, progress));
  return to + (from - to) * (1 - p) ** 3;
}

/**
 * Dropout's rate after pruning (Han et al. 2015, section 3.2): D_r = D_o sqrt(C_ir / C_io) with the
 * connections of the layer before and after.
 */
export function adjustedDropout(rate: number, before: number, after: number): number {
  return before > 0 ? rate * Math.sqrt(after / before) : rate;
}
