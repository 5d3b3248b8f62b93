/**
 * The way of a search: sizes from the middle outwards, to coarser levels until the model is destroyed, to
 * finer ones until nothing is lost. Machines go parts of it without knowing of each other; what a single
 * one would not have looked at is then left out.
 */
import type { FrontPoint } from '../protocol-search.ts';

/** Steps from the middle, each way. */
export const mostSteps = 7;
/** Losses beyond which further steps show nothing new. */
const nothingLost = 0.0005;
const allLost = 0.2;

const coarser = Array.from({ length: mostSteps + 1 }, (_, i) => i);
const finer = Array.from({ length: mostSteps }, (_, i) => -1 - i);

type Measured = Pick<FrontPoint, 'loss' | 'verdict'>;

/** Parts of the way, each in its direction; the first begins in the middle. */
export const partsOfWay: readonly (readonly number[])[] = [
  coarser.slice(0, 4),
  coarser.slice(4),
  finer.slice(0, 3),
  finer.slice(3),
];

/** The points in the order they were measured. @param part of the way; all of it when absent */
export async function goOutwards<P extends Measured>(
  part: readonly number[] | undefined,
  measure: (step: number) => Promise<P>,
): Promise<P[]> {
  if (part) return goOn(part, undefined, measure);
  const first = await goOn(coarser, undefined, measure);
  return [...first, ...(await goOn(finer, first[0], measure))];
}

/** What `goOutwards` gives for the whole way, from what it gave for each part. */
export function joinParts<P extends Measured>(parts: readonly (readonly P[])[]): P[] {
  const [middle, far, fine, finest] = parts;
  const beyond = (points: readonly P[], part: number, before: P | undefined): readonly P[] =>
    before && !ends(partsOfWay[part][0], before) ? points : [];
  const near = beyond(fine, 2, middle[0]);
  return [...middle, ...beyond(far, 1, middle.at(-1)), ...near, ...beyond(finest, 3, near.at(-1))];
}

async function goOn<P extends Measured>(
  steps: readonly number[],
  before: P | undefined,
  measure: (step: number) => Promise<P>,
): Promise<P[]> {
  const points: P[] = [];
  for (const step of steps) {
    const last = points.at(-1) ?? before;
    if (last && ends(step, last)) break;
    points.push(await measure(step));
  }
  return points;
}

/** Whether a step shows nothing new after the point before it. */
function ends(step: number, { loss, verdict }: Measured): boolean {
  if (step < 0) return !(loss > nothingLost);
  // of the middle the loss alone counts
  return !(loss < allLost) || (step > 1 && verdict === 'destroyed');
}
