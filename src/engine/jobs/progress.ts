/** Progress of a job: never goes back, and parts of a job have their share of the whole. */
import type { Progress } from '../protocol.ts';

export type OnProgress = (progress: Progress) => void;

export function monotone(onProgress: OnProgress): OnProgress {
  let highest = 0;
  return (progress) => {
    if (progress.fraction > highest) highest = Math.min(1, progress.fraction);
    onProgress({ ...progress, fraction: highest });
  };
}

/** Maps 0..1 of a part onto [from, to] of the whole. */
export function share(onProgress: OnProgress, from: number, to: number): OnProgress {
  return (progress) => {
    const part = Math.min(1, Math.max(0, progress.fraction));
    onProgress({ ...progress, fraction: from + (to - from) * part });
  };
}
