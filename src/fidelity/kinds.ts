/**
 * What a model's output says, recognised from its values on samples and from the operator that makes
 * it: classes, a sequence of classes, a map of probabilities, yes-or-no answers, whole numbers, or plain
 * values. What an answer is, and when it has changed, follows from the kind (answers.ts).
 * Limits: scores before a softmax are told from other vectors by the operator behind them, and by being sure
 * of one class on the mean.
 */
import { classesOf, highest, sureness, type SampleOutput } from './classes.ts';

export type OutputKind =
  /** `positions` answers of one class each: the highest of the scores along `axis`. */
  | {
      readonly kind: 'class' | 'classes';
      readonly axis: number;
      readonly normalised: boolean;
      /** Whether the probabilities tell what a changed answer costs; else each counts in full. */
      readonly sure: boolean;
    }
  /** Steps x classes that are read as a text: repeated steps and the blank are dropped (CTC). */
  | { readonly kind: 'sequence'; readonly blank: number; readonly normalised: boolean }
  /** Probabilities over a plane: regions above one half. */
  | { readonly kind: 'map' }
  /** Probabilities, each a yes or a no. */
  | { readonly kind: 'decision' }
  /** Whole numbers: token ids, class numbers. */
  | { readonly kind: 'ids' }
  /** Anything else: only its relative error is known. */
  | { readonly kind: 'values' };

/** What the graph says of an output: `scores` when a classifier's last operator makes it. */
export type OutputHint = 'probabilities' | 'log-probabilities' | 'scores' | undefined;

/** Least cells a side of what is taken for a plane. */
const leastSide = 8;
/** Share of the steps at which a CTC blank is the highest, at least; no class of a text is so frequent. */
const leastBlank = 0.25;

/**
 * How sure of their highest class scores are on the mean, at least (`sureness`). A softmax of features, or
 * what a network answers that was not trained, is below: there a changed answer seems to cost nothing.
 */
const leastSure = 0.25;

/**
 * The same of yes-or-no answers, the mean of |2 p - 1|. Pictures, and quantities between 0 and 1, are below:
 * to be on the same side of one half says nothing of them.
 */
const leastSureOfTwo = 0.6;

/** What `samples` of one output are, by the original model's values. */
export function kindOf(
  samples: readonly SampleOutput[],
  isInteger: boolean,
  hint: OutputHint,
): OutputKind {
  const first = samples[0];
  if (!first || samples.some((s) => s.dims.length !== first.dims.length)) return { kind: 'values' };
  if (isInteger) return { kind: 'ids' };
  const axis = classAxis(samples);
  const rank = first.dims.length;
  if (axis !== undefined || hint === 'log-probabilities' || hint === 'scores') {
    const along = axis ?? (rank === 3 ? 0 : rank - 1);
    const normalised = axis !== undefined;
    const classes = first.dims[along] ?? 0;
    const sure = classes >= 2 && sureness(samples, along, normalised) >= leastSure;
    if (classes >= 2 && (normalised || sure))
      return classKind(samples, along, classes, { normalised, sure });
  }
  if (!samples.every(({ data }) => data.every((v) => v >= 0 && v <= 1))) return { kind: 'values' };
  if (surenessOfTwo(samples) < leastSureOfTwo) return { kind: 'values' };
  const plane = samples.every(({ dims }) => (planeOf(dims)?.height ?? 0) > 0);
  return plane ? { kind: 'map' } : { kind: 'decision' };
}

function classKind(
  samples: readonly SampleOutput[],
  axis: number,
  classes: number,
  scores: { readonly normalised: boolean; readonly sure: boolean },
): OutputKind {
  const rank = samples[0]!.dims.length;
  if (samples.every(({ data }) => data.length === classes))
    return { kind: 'class', axis, ...scores };
  const blank = rank === 2 && axis === 1 ? blankOf(samples, classes) : undefined;
  if (blank !== undefined) return { kind: 'sequence', blank, normalised: scores.normalised };
  return { kind: 'classes', axis, ...scores };
}

function surenessOfTwo(samples: readonly SampleOutput[]): number {
  let sum = 0;
  let count = 0;
  for (const { data } of samples) {
    for (const p of data) sum += Math.abs(2 * p - 1);
    count += data.length;
  }
  return count > 0 ? sum / count : 0;
}

/** The axis along which all samples sum to one: the last, or the first of several. */
function classAxis(samples: readonly SampleOutput[]): number | undefined {
  const rank = samples[0]!.dims.length;
  const candidates = rank === 0 ? [] : rank >= 3 ? [rank - 1, 0] : [rank - 1];
  return candidates.find((axis) =>
    samples.every(({ dims, data }) => {
      const { classes, positions, step, start } = classesOf(dims, axis);
      if (classes < 2) return false;
      for (let p = 0; p < positions; p++) {
        let sum = 0;
        for (let c = 0, at = start(p); c < classes; c++, at += step) {
          if (!(data[at]! >= -1e-6 && data[at]! <= 1 + 1e-6)) return false;
          sum += data[at]!;
        }
        if (!(Math.abs(sum - 1) < 5e-3)) return false;
      }
      return true;
    }),
  );
}

/** The class that is highest most often, when it is the first or the last and frequent enough. */
function blankOf(samples: readonly SampleOutput[], classes: number): number | undefined {
  const counts = new Map<number, number>();
  let steps = 0;
  for (const { data } of samples)
    for (let at = 0; at < data.length; at += classes, steps++) {
      const best = highest(data, at, 1, classes);
      counts.set(best, (counts.get(best) ?? 0) + 1);
    }
  return [0, classes - 1].find((c) => (counts.get(c) ?? 0) >= leastBlank * steps);
}

/** Planes of an output: the last two axes, or the first two before a few channels. */
export function planeOf(dims: readonly number[]):
  | {
      readonly planes: number;
      readonly height: number;
      readonly width: number;
      readonly step: number;
    }
  | undefined {
  const total = dims.reduce((a, b) => a * b, 1);
  const [height = 0, width = 0] = dims.slice(-2);
  if (dims.length >= 2 && height >= leastSide && width >= leastSide)
    return { planes: total / (height * width), height, width, step: 1 };
  const [h = 0, w = 0, channels = 0] = dims.slice(-3);
  if (dims.length === 3 && channels <= 4 && h >= leastSide && w >= leastSide)
    return { planes: channels, height: h, width: w, step: channels };
  return undefined;
}
