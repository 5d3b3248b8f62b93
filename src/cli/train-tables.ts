/** The results of the jobs that need data, as text. */
import type { Accuracy, EvaluateResult } from '../engine/protocol-train.ts';
import { count, number, seconds } from './format.ts';

/** `98.36% (error 1.64%), top-5 99.98%, loss 0.0543` */
export function accuracyText({ top1, top5, loss }: Accuracy): string {
  if (top1 === null) return `mean squared error ${number(loss)}`;
  const exact = (share: number): string => `${(share * 100).toFixed(2)}%`;
  return `top-1 ${exact(top1)} (error ${exact(1 - top1)}), top-5 ${top5 === null ? '-' : exact(top5)}, loss ${number(loss)}`;
}

export function evaluateText(result: EvaluateResult): string {
  const rate = result.samples / Math.max(result.seconds, 1e-9);
  return [
    accuracyText(result),
    `${count(result.samples)} samples in ${seconds(result.seconds)}, ${count(Math.round(rate))} a second (${result.runtime})`,
  ].join('\n');
}
