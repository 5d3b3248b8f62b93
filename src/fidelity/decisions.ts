/**
 * Decisions behind the answers of one sample: by what margin each was taken in the original, how far a
 * changed model moved it, and what is lost when it tips over. Margins are differences of logarithms of
 * probabilities, which move alike whether an answer is close or sure. Limits: kinds of output without
 * probabilities of answers (regions, whole numbers, plain values) have no margins.
 */
import { classesOf, highest, probabilities, type SampleOutput } from './classes.ts';
import { collapsed, pathOf, textProbability } from './ctc.ts';
import type { OutputKind } from './kinds.ts';

export interface Decision {
  /** How much more the original's answer has than the next, at least 0. */
  readonly margin: number;
  /** What the changed model adds to that; below -margin the decision has tipped over. */
  readonly moved: number;
  /** Accuracy that is lost when it tips over, in answers. */
  readonly stake: number;
}

/** Decisions of a sample, and how many answers they are for. */
export interface Decisions {
  readonly decisions: readonly Decision[];
  readonly answers: number;
}

/** Positions of one sample that are looked at, drawn evenly. */
const mostPositions = 1024;
const leastProbability = 1e-9;
/**
 * Of yes-or-no answers that tip over, the share that is lost: three of four had been right. Those of a voice
 * detector had been in 33 to 66 of 100 (docs/rate-distortion.md); its own probabilities say 52.
 */
export const stakeOfEven = 0.5;

/** @param label the sample's class, where it is known: stakes are then what is really lost */
export function decisionsOf(
  kind: OutputKind,
  original: SampleOutput,
  changed: SampleOutput,
  label?: number,
): Decisions | undefined {
  switch (kind.kind) {
    case 'class':
    case 'classes': {
      const { axis, normalised, sure } = kind;
      const [a, b] = [original, changed].map((o) => probabilities(o, axis, normalised));
      const { classes, positions, step, start } = classesOf(original.dims, axis);
      const stride = Math.ceil(positions / mostPositions);
      const decisions: Decision[] = [];
      for (let p = 0; p < positions; p += stride) {
        const { top, next, ...found } = decided(a!, b!, start(p), step, classes);
        const stake =
          label !== undefined && kind.kind === 'class'
            ? Number(top === label) - Number(next === label)
            : sure
              ? a![start(p) + top * step]! - a![start(p) + next * step]!
              : 1;
        decisions.push({ ...found, stake });
      }
      return { decisions, answers: decisions.length };
    }
    case 'sequence': {
      const [a, b] = [original, changed].map((o) => probabilities(o, 1, kind.normalised));
      const decisions =
        a!.length === b!.length ? critical(a!, b!, original.dims[1]!, kind.blank) : [];
      return { decisions, answers: 1 };
    }
    case 'decision': {
      const stride = Math.ceil(original.data.length / mostPositions);
      const decisions: Decision[] = [];
      for (let i = 0; i < original.data.length; i += stride) {
        const was = logOdds(original.data[i]!);
        const is = logOdds(changed.data[i] ?? 0.5);
        decisions.push({
          margin: Math.abs(was),
          moved: (was < 0 ? -1 : 1) * (is - was),
          stake: stakeOfEven,
        });
      }
      return { decisions, answers: decisions.length };
    }
    default:
      return undefined;
  }
}

/** The original's two highest classes at one position, and how their distance moved. */
function decided(
  a: Float32Array,
  b: Float32Array,
  first: number,
  step: number,
  classes: number,
): {
  readonly top: number;
  readonly next: number;
  readonly margin: number;
  readonly moved: number;
} {
  const top = highest(a, first, step, classes);
  let next = top === 0 ? 1 : 0;
  let other = next;
  for (let c = 0; c < classes; c++) {
    if (c === top) continue;
    if (a[first + c * step]! > a[first + next * step]!) next = c;
    if (b[first + c * step]! > b[first + other * step]!) other = c;
  }
  const margin = log(a[first + top * step]!) - log(a[first + next * step]!);
  const after = log(b[first + top * step]!) - log(b[first + other * step]!);
  return { top, next, margin, moved: after - margin };
}

/**
 * What makes another text: steps at which the next class does so alone, and repeated steps of a class
 * together, by the surest of them.
 */
function critical(a: Float32Array, b: Float32Array, classes: number, blank: number): Decision[] {
  const path = pathOf(a, classes);
  const right = textProbability(a, classes, collapsed(path, blank), blank);
  /** What is lost when steps from..to give way to `next`. */
  const stakeOf = (from: number, to: number, next: number): number => {
    const other = path.map((c, t) => (t >= from && t <= to ? next : c));
    return Math.max(0, right - textProbability(a, classes, collapsed(other, blank), blank));
  };
  const reads = (before: number | undefined, at: number, after: number | undefined): string => {
    const here = at !== blank && at !== before ? [at] : [];
    const then = after !== undefined && after !== blank && after !== at ? [after] : [];
    return [...here, ...then].join();
  };
  const decisions: Decision[] = [];
  let surest: (Omit<Decision, 'stake'> & { readonly next: number }) | undefined;
  let first = 0;
  for (let t = 0; t < path.length; t++) {
    const { next, margin, moved } = decided(a, b, t * classes, 1, classes);
    const [before, was, after] = [path[t - 1], path[t]!, path[t + 1]];
    if (reads(before, was, after) !== reads(before, next, after))
      decisions.push({ margin, moved, stake: stakeOf(t, t, next) });
    if (was !== before) {
      surest = undefined;
      first = t;
    }
    if (was === blank) continue;
    if (!surest || margin > surest.margin) surest = { margin, moved, next };
    if (was === before && was !== after) {
      const { margin, moved, next } = surest;
      decisions.push({ margin, moved, stake: stakeOf(first, t, next) });
    }
  }
  return decisions;
}

function log(probability: number): number {
  return Math.log(Math.max(leastProbability, probability));
}

function logOdds(probability: number): number {
  return log(probability) - log(1 - probability);
}
