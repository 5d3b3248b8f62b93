/**
 * What labels say, whatever file they come from: class numbers, names of classes, one-hot rows, rows of
 * probabilities, or values to be met (regression). Which of these was seen is part of the answer.
 */
import { dataError, type DataArray } from './array.ts';

export type LabelKind =
  'class numbers' | 'class names' | 'one-hot rows' | 'rows of probabilities' | 'values';

/** Strings as a data file holds them. */
export interface TextArray {
  /** Row-major. */
  readonly text: readonly string[];
  readonly shape: readonly number[];
}

export interface Labels {
  readonly kind: LabelKind;
  /** Class of each sample; undefined for values. */
  readonly labels: Int32Array | undefined;
  /** Largest class number plus one; 0 for values. */
  readonly classes: number;
  /** Names in the order of their class numbers; empty unless labels are names. */
  readonly classNames: readonly string[];
  /** Rows of probabilities, or values, `targetShape` each. */
  readonly targets: Float32Array | undefined;
  readonly targetShape: readonly number[];
}

export const unlabelled = {
  labels: undefined,
  classes: 0,
  classNames: [],
  targets: undefined,
  targetShape: [],
} as const;
/** A row of float16 probabilities does not sum to 1 better than this. */
const sumTolerance = 4e-3;

/**
 * @param y one entry, or one row, a sample
 * @param columns names of the classes that the columns of one-hot rows or probabilities stand for
 * @throws DeepCompressionError `invalid-input`, naming the sample
 */
export function labelsOf(
  y: DataArray | TextArray,
  name: string,
  columns: readonly string[] = [],
): Labels {
  if ('text' in y) return fromText(y, name);
  const numbers = classNumbers(y);
  const oneHot = numbers ? undefined : likeliest(y, (sum, most) => sum === 1 && most === 1);
  const likely =
    numbers || oneHot ? undefined : likeliest(y, (sum) => Math.abs(sum - 1) < sumTolerance);
  const labels = numbers ?? oneHot ?? likely;
  if (labels) {
    const negative = labels.findIndex((label) => label < 0);
    if (negative >= 0)
      throw dataError(name, `label ${labels[negative]} of sample ${negative} is negative`);
    const classes = numbers ? largest(labels) + 1 : y.shape[1]!;
    const kind = numbers ? 'class numbers' : oneHot ? 'one-hot rows' : 'rows of probabilities';
    return {
      ...{ ...unlabelled, kind, labels, classes, classNames: numbers ? [] : columns },
      ...(likely && { targets: Float32Array.from(y.data), targetShape: y.shape.slice(1) }),
    };
  }
  if (y.data.some((value: number) => !Number.isFinite(value)))
    throw dataError(name, 'a target that is not a number');
  const targets = Float32Array.from(y.data);
  return { ...unlabelled, kind: 'values', targets, targetShape: y.shape.slice(1) };
}

/** Texts that are all whole numbers are class numbers; other texts are numbered in their order. */
function fromText({ text, shape }: TextArray, name: string): Labels {
  if (shape.slice(1).some((n) => n !== 1))
    throw dataError(name, `labels are text of ${shape.join(' x ')}: one name a sample is read`);
  if (text.length > 0 && text.every((t) => /^\d{1,7}$/.test(t.trim())))
    return labelsOf({ data: Int32Array.from(text, Number), shape: [text.length] }, name);
  const unnamed = text.findIndex((t) => t.trim() === '');
  if (unnamed >= 0) throw dataError(name, `the label of sample ${unnamed} is empty`);
  const classNames = [...new Set(text)].sort();
  const number = new Map(classNames.map((n, i) => [n, i]));
  const labels = Int32Array.from(text, (t) => number.get(t)!);
  return { ...unlabelled, kind: 'class names', labels, classes: classNames.length, classNames };
}

function largest(labels: Int32Array): number {
  return labels.reduce((most, label) => Math.max(most, label), 0);
}

/** Whole numbers in one column. */
function classNumbers(y: DataArray): Int32Array | undefined {
  const column = y.shape.length === 1 || y.data.length === y.shape[0];
  const whole = (v: number): boolean => Number.isInteger(v) && Math.abs(v) < 2 ** 24;
  return column && (y.data as Float64Array).every(whole) ? Int32Array.from(y.data) : undefined;
}

/** The largest of each row of numbers from 0 to 1, where all rows are as `accepts` wants them. */
function likeliest(
  { data, shape }: DataArray,
  accepts: (sum: number, most: number) => boolean,
): Int32Array | undefined {
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || columns < 2) return undefined;
  const labels = new Int32Array(rows);
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    let best = 0;
    for (let c = 0; c < columns; c++) {
      const value = data[r * columns + c]!;
      if (!(value >= 0 && value <= 1)) return undefined;
      sum += value;
      if (value > data[r * columns + best]!) best = c;
    }
    if (!accepts(sum, data[r * columns + best]!)) return undefined;
    labels[r] = best;
  }
  return labels;
}
