/**
 * The loss that is to be expected of a change, from far fewer samples than counting changed answers takes:
 * of a hundred answers, two or three change at the losses that matter, but all of them have a margin and
 * have moved. The chance that a decision tips over is the share of decisions of about the same margin that
 * moved by more than its margin, in the one direction of two that hurts; no distribution of the movements
 * is assumed. Limits: decisions are taken to move in either direction alike.
 */
import type { Decisions } from './decisions.ts';

export interface SmoothLoss {
  /** Expected loss of accuracy, a share of the answers. */
  readonly loss: number;
  /** Its standard error: what other samples of the same kind would say. */
  readonly error: number;
}

/** Decisions of about the same margin: a share of all, since sure answers move further than close ones. */
const nearby = 1 / 8;
const leastNearby = 12;
const mostNearby = 64;

/** null where there are no margins, or too few samples to say how sure the figure is. */
export function smoothLoss(samples: readonly Decisions[]): SmoothLoss | null {
  const all = samples.flatMap(({ decisions }, sample) =>
    decisions.map((decision) => ({ ...decision, sample })),
  );
  if (all.length < 2 || samples.length < 2) return null;
  all.sort((x, y) => x.margin - y.margin);
  const moves = Float64Array.from(all, ({ moved }) => Math.abs(moved));
  const lost = new Float64Array(samples.length);
  const wanted = Math.max(leastNearby, Math.round(nearby * all.length));
  const width = Math.min(all.length, mostNearby, wanted);
  all.forEach(({ margin, stake, sample }, i) => {
    const first = Math.max(0, Math.min(all.length - width, i - (width >> 1)));
    let beyond = 0;
    for (let j = first; j < first + width; j++) if (moves[j]! > margin) beyond++;
    lost[sample]! += (stake * beyond) / (2 * width);
  });
  return meanLoss(
    lost,
    samples.map((s) => s.answers),
  );
}

/** Of what every sample loses, and its answers; null for fewer than two samples. */
export function meanLoss(lost: ArrayLike<number>, answers: readonly number[]): SmoothLoss | null {
  const n = answers.length;
  const count = answers.reduce((a, b) => a + b, 0);
  if (n < 2 || count === 0) return null;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += lost[i]!;
  const loss = sum / count;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (lost[i]! - loss * answers[i]!) ** 2;
  return { loss, error: Math.sqrt((n / (n - 1)) * squares) / count };
}
