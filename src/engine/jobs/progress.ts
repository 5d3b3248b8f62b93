/** Progress of a job: never goes back, and parts of a job have their share of the whole. */
import type { Progress } from '../protocol.ts';

export type OnProgress = (progress: Progress) => void;

export function monotone(onProgress: OnProgress): OnProgress {
  let highest = 0;
  return ({ stage, layer, fraction }) => {
    if (fraction > highest) highest = Math.min(1, fraction);
    onProgress({ stage, layer, fraction: highest });
  };
}

/** Maps 0..1 of a part onto [from, to] of the whole. */
export function share(onProgress: OnProgress, from: number, to: number): OnProgress {
  return ({ stage, layer, fraction }) =>
    onProgress({ stage, layer, fraction: from + (to - from) * Math.min(1, Math.max(0, fraction)) });
}
