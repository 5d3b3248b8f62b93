/**
 * Answers of one sample in an original's output and in a changed model's: how many there are, how many
 * changed, and what accuracy that is expected to cost. The expectation takes the original's own
 * probabilities at their word: an answer of probability p that gives way to one of probability q was
 * right p of the time and is now right q of the time.
 */
import { classesOf, highest, probabilities, type SampleOutput } from './classes.ts';
import { collapsed, pathOf, textProbability } from './ctc.ts';
import { planeOf, type OutputKind } from './kinds.ts';
import { regionsOf, unpaired } from './regions.ts';

export interface SampleChange {
  /** Answers of the original. */
  readonly answers: number;
  /** Of these, those that changed. */
  readonly changed: number;
  /** Sum over the answers of the expected loss of accuracy, 0..answers; equals `changed` where the output
   * holds no probabilities of answers. */
  readonly expectedLoss: number;
  /** Squared change of the output (of probabilities, where there are classes), and its squared size. */
  readonly movement: number;
  readonly size: number;
}

export function changeOf(
  kind: OutputKind,
  original: SampleOutput,
  changed: SampleOutput,
): SampleChange {
  switch (kind.kind) {
    case 'class':
    case 'classes': {
      const [a, b] = [original, changed].map((o) => probabilities(o, kind.axis, kind.normalised));
      return { ...classChange(original.dims, kind, a!, b!), ...movement(a!, b!) };
    }
    case 'sequence': {
      const [a, b] = [original, changed].map((o) => probabilities(o, 1, kind.normalised));
      return { ...sequenceChange(original, changed, kind.blank, a!, b!), ...movement(a!, b!) };
    }
    case 'map':
      return { ...mapChange(original, changed), ...movement(original.data, changed.data) };
    case 'decision':
      return {
        ...decisionChange(original.data, changed.data),
        ...movement(original.data, changed.data),
      };
    case 'ids':
      return { ...idChange(original.data, changed.data), ...movement(original.data, changed.data) };
    case 'values': {
      const moved = movement(original.data, changed.data);
      const share = moved.size > 0 ? Math.min(1, moved.movement / moved.size) : moved.movement && 1;
      return { answers: 1, changed: share, expectedLoss: share, ...moved };
    }
  }
}

type Counts = Pick<SampleChange, 'answers' | 'changed' | 'expectedLoss'>;

function classChange(
  dims: readonly number[],
  { axis, sure }: { readonly axis: number; readonly sure: boolean },
  a: Float32Array,
  b: Float32Array,
): Counts {
  const { classes, positions, step, start } = classesOf(dims, axis);
  let changed = 0;
  let expectedLoss = 0;
  for (let p = 0; p < positions; p++) {
    const first = start(p);
    const was = highest(a, first, step, classes);
    const is = highest(b, first, step, classes);
    if (was === is) continue;
    changed++;
    expectedLoss += sure ? a[first + was * step]! - a[first + is * step]! : 1;
  }
  return { answers: positions, changed, expectedLoss };
}

/** A text is one answer, whichever steps show its letters. */
function sequenceChange(
  original: SampleOutput,
  changed: SampleOutput,
  blank: number,
  a: Float32Array,
  b: Float32Array,
): Counts {
  const classes = original.dims[1]!;
  const before = collapsed(pathOf(a, classes), blank);
  const after = collapsed(pathOf(b, changed.dims[1]!), blank);
  if (equal(before, after)) return { answers: 1, changed: 0, expectedLoss: 0 };
  const right = textProbability(a, classes, before, blank);
  const still = textProbability(a, classes, after, blank);
  // the highest class of every step is not always the likeliest text
  return { answers: 1, changed: 1, expectedLoss: Math.max(0, right - still) };
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

/**
 * Regions that have no partner in the other map, as a share of both maps' (one minus Dice). What is lost is
 * counted by places, where regions of either map touch: of the cells there that changed sides, each gave
 * way with its probability p in the original to 1 - p. A region that vanishes costs what the original was
 * sure of; two that a few doubtful cells join cost little.
 */
function mapChange(original: SampleOutput, changed: SampleOutput): Counts {
  const shape = planeOf(original.dims);
  const other = planeOf(changed.dims);
  if (!shape || !other) return { answers: 1, changed: 1, expectedLoss: 1 };
  const { planes, height, width, step } = shape;
  let answers = 0;
  let different = 0;
  let expectedLoss = 0;
  for (let p = 0; p < planes; p++) {
    const start = step === 1 ? p * height * width : p;
    const a = regionsOf(original.data, start, step, height, width);
    const b = regionsOf(changed.data, start, step, height, width);
    const { lost, added } = unpaired(a, b);
    answers += (a.length + b.length) / 2;
    different += (lost.length + added.length) / 2;
    const seen = [...lost, ...added].map(({ cells }) => cells[0]!);
    if (seen.length === 0) continue;
    const planeAt = (data: Float32Array) =>
      Float32Array.from({ length: height * width }, (_, cell) => data[start + cell * step]!);
    expectedLoss += lostAtPlaces(planeAt(original.data), planeAt(changed.data), height, seen);
  }
  return { answers, changed: different, expectedLoss };
}

/** Sum over the places that hold one of `seen` of the mean |2 p - 1| of the cells that changed sides. */
function lostAtPlaces(
  a: Float32Array,
  b: Float32Array,
  height: number,
  seen: readonly number[],
): number {
  const either = a.map((p, cell) => Math.max(p, b[cell]!));
  let lost = 0;
  for (const { cells } of regionsOf(either, 0, 1, height, a.length / height)) {
    const place = new Set(cells);
    if (!seen.some((cell) => place.has(cell))) continue;
    const flipped = cells.filter((cell) => a[cell]! > 0.5 !== b[cell]! > 0.5);
    const sum = flipped.reduce((all, cell) => all + Math.abs(2 * a[cell]! - 1), 0);
    lost += flipped.length > 0 ? sum / flipped.length : 0;
  }
  return lost;
}

function decisionChange(a: Float32Array, b: Float32Array): Counts {
  let changed = 0;
  let expectedLoss = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i]! > 0.5 === b[i]! > 0.5) continue;
    changed++;
    expectedLoss += Math.abs(2 * a[i]! - 1);
  }
  return { answers: a.length, changed, expectedLoss };
}

function idChange(a: Float32Array, b: Float32Array): Counts {
  const length = Math.max(a.length, b.length);
  let changed = length - Math.min(a.length, b.length);
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) changed++;
  return { answers: length, changed, expectedLoss: changed };
}

/** Squared distance and squared size; what is not a number counts as moved by its own size. */
function movement(
  a: Float32Array,
  b: Float32Array,
): { readonly movement: number; readonly size: number } {
  let moved = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    const d = a[i]! - (b[i] ?? 0);
    moved += Number.isFinite(d) ? d * d : a[i]! ** 2;
    size += a[i]! ** 2;
  }
  return { movement: moved, size };
}
