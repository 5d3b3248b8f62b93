/**
 * Tables of numbers as samples: a sample a row, with its label in one column, or in several (one-hot,
 * probabilities). Names in the first line decide where there are any; where the table can be read in two
 * ways that give different samples, it is refused with the question to answer.
 */
import { dataError } from './array.ts';
import type { DataArray } from './array.ts';
import { hasDecimalComma, numberIn, Rows, separatorOf, type Separator } from './csv-rows.ts';
import type { TextArray } from './labels.ts';
import type { Source } from './taken.ts';

export interface CsvTable {
  readonly x: DataArray;
  /** undefined: every column belongs to the samples. */
  readonly y: DataArray | TextArray | undefined;
  /** Names of the classes, where the labels are columns of one each. */
  readonly columns: readonly string[];
  readonly source: Source;
}

export interface CsvOptions {
  /** Values of a sample that the model takes; undefined where it leaves that open. */
  readonly size?: number | undefined;
  /** Name of the label's column, or its number from 1. */
  readonly label?: string | undefined;
  /** Whether the first line is names; decided by its content when absent. */
  readonly header?: boolean | undefined;
  /** The labels are in another file. */
  readonly unlabelled?: boolean;
}

const labelNames = /^(label|labels|class|target|y)$/i;
const labelColumn = /^(?:label|class|target|y)[ _.:-]+(.+)$/i;
const indexNames = /^(|unnamed: 0|index|idx|id|rownames|#)$/i;
/** Rows that are looked at before it is decided what is what. */
const looked = 1000;

/** @throws DeepCompressionError `invalid-input` with the line number, or with the question */
export function parseCsv(text: string, name: string, options: CsvOptions = {}): CsvTable {
  const layout = layoutOf(text, name, options);
  const { width, separator, commas, header, label, index, notes } = layout;
  const rows = new Rows(text, separator, name);
  if (header === 'row') rows.next();
  const isLabel = new Set(label);
  const isUsed = Array.from({ length: width }, (_, i) => i !== index && !isLabel.has(i));
  let values = new Float32Array(1024);
  let used = 0;
  let samples = 0;
  const labels: string[] = [];
  for (let row = rows.next(); row; row = rows.next()) {
    checkWidth(row, width, rows.line, name);
    if (used + width > values.length) {
      const larger = new Float32Array(2 * (values.length + width));
      larger.set(values);
      values = larger;
    }
    for (let i = 0; i < width; i++) {
      if (!isUsed[i]) continue;
      const value = numberIn(row[i]!, commas);
      if (!Number.isFinite(value))
        throw dataError(name, `line ${rows.line}, field ${i + 1} is not a number`);
      values[used++] = value;
    }
    for (const i of label) labels.push(row[i]!.trim());
    samples++;
  }
  if (rows.comments > (header === 'comment' ? 1 : 0))
    notes.push(`${rows.comments} ${rows.comments === 1 ? 'line' : 'lines'} of comments`);
  const { names } = layout;
  const title = (i: number): string => (names?.[i] ? `${i + 1} (${names[i]})` : String(i + 1));
  const columns = label.length > 1 ? label.map((i) => labelColumn.exec(names?.[i] ?? '')![1]!) : [];
  const wide = isUsed.flatMap((own, i) => (own ? [i] : []));
  return {
    x: { data: values.slice(0, used), shape: [samples, wide.length] },
    y: label.length === 0 ? undefined : labelArray(labels, samples, label.length, commas),
    columns,
    source: {
      samples: `${wide.length === 1 ? 'column' : 'columns'} ${spans(wide)}${commas ? ' (decimal commas)' : ''}`,
      labels: label.length === 0 ? null : `column ${label.map(title).join(', ')}`,
      header: header !== 'none',
      unused: [
        ...(index === undefined ? [] : [`column ${title(index)}, which counts the rows`]),
        ...notes,
      ],
    },
  };
}

function checkWidth(row: readonly string[], width: number, line: number, name: string): void {
  if (row.length !== width)
    throw dataError(name, `line ${line} has ${row.length} fields, the first has ${width}`);
}

function labelArray(
  labels: readonly string[],
  rows: number,
  width: number,
  commas: boolean,
): DataArray | TextArray {
  const numbers = Float64Array.from(labels, (l) => numberIn(l, commas));
  if (numbers.every(Number.isFinite))
    return { data: numbers, shape: width > 1 ? [rows, width] : [rows] };
  return { text: labels, shape: width > 1 ? [rows, width] : [rows] };
}

interface Layout {
  readonly width: number;
  readonly separator: Separator;
  readonly commas: boolean;
  readonly header: 'row' | 'comment' | 'none';
  readonly names: readonly string[] | undefined;
  /** Columns of labels. */
  readonly label: readonly number[];
  /** A column that only counts rows. */
  readonly index: number | undefined;
  readonly notes: string[];
}

function layoutOf(text: string, name: string, options: CsvOptions): Layout {
  const separator = separatorOf(text, name);
  const rows = new Rows(text, separator, name);
  const first = rows.next();
  if (!first) throw dataError(name, 'an empty table');
  const { comment } = rows;
  const width = first.length;
  if (width < 2 && !options.unlabelled) throw dataError(name, 'a table needs at least two columns');
  const rest: string[][] = [];
  for (let row = rows.next(); row && rest.length < looked; row = rows.next()) {
    checkWidth(row, width, rows.line, name);
    rest.push(row);
  }
  const commas = separator !== ',' && [first, ...rest].some((row) => row.some(hasDecimalComma));
  const isNumber = (field: string): boolean => !Number.isNaN(numberIn(field, commas));
  const isRow = options.header ?? isHeader(first, rest, isNumber, name);
  const above = comment === '' ? [] : comment.split(separator).map((f) => f.trim());
  const header = isRow
    ? 'row'
    : above.length === width && above.some((f) => !isNumber(f))
      ? 'comment'
      : 'none';
  const names =
    header === 'row' ? first.map((f) => f.trim()) : header === 'comment' ? above : undefined;
  const body = header === 'row' ? rest : [first, ...rest];
  if (body.length === 0) throw dataError(name, 'a table without rows');
  const index = indexOf(names, body, options.size, isNumber, name);
  const label = options.unlabelled ? [] : labelOf(names, body, index, options, isNumber, name);
  return { width, separator, commas, header, names, label, index, notes: [] };
}

/** Whether the first row is names: of columns of numbers, where it is none; or counted, as pandas counts. */
function isHeader(
  first: readonly string[],
  rest: readonly (readonly string[])[],
  isNumber: (field: string) => boolean,
  name: string,
): boolean {
  const numeric = first.map((_, i) => rest.every((row) => isNumber(row[i]!)));
  if (rest.length === 0) return first.slice(0, -1).some((field) => !isNumber(field));
  if (first.some((field, i) => numeric[i] && !isNumber(field))) return true;
  const texts = first.flatMap((field, i) => (isNumber(field) ? [] : [i]));
  if (texts.some((i) => labelNames.test(first[i]!.trim()))) return true;
  // two columns of text and more cannot be samples: the names of their columns, or what will be refused
  if (texts.length > 1) return true;
  const numbers = first.filter(isNumber).map(Number);
  const counted =
    numbers.length >= 3 &&
    numbers.every((v, i) => v === i + numbers[0]!) &&
    numbers[0]! <= 1 &&
    numbers[0]! >= 0;
  if (!counted) return false;
  const fractions = rest.some((row) => row.some((f) => isNumber(f) && numberIn(f, true) % 1 !== 0));
  if (texts.length === 1) return !rest.some((row) => row[texts[0]!] === first[texts[0]!]);
  if (fractions) return true;
  throw dataError(
    name,
    `the first line (${first.slice(0, 3).join(', ')}, …) may be a header or a sample: say which (--header yes or no)`,
  );
}

/** A column that counts the rows: one without a name or called like one, or one too many for the model. */
function indexOf(
  names: readonly string[] | undefined,
  rows: readonly (readonly string[])[],
  size: number | undefined,
  isNumber: (field: string) => boolean,
  name: string,
): number | undefined {
  const start = Number(rows[0]?.[0]);
  const counts =
    rows.length > 0 &&
    (start === 0 || start === 1) &&
    rows.every((row, i) => isNumber(row[0]!) && Number(row[0]) === i + start);
  const unnamed = names?.[0] === '' || /^unnamed: 0$/i.test(names?.[0] ?? '');
  if (unnamed && !counts)
    throw dataError(
      name,
      'the first column has no name and does not count the rows: name it or take it out',
    );
  if (names) return counts && indexNames.test(names[0]!) ? 0 : undefined;
  const width = rows[0]?.length ?? 0;
  return counts && rows.length >= 3 && size !== undefined && width === size + 2 ? 0 : undefined;
}

function labelOf(
  names: readonly string[] | undefined,
  rows: readonly (readonly string[])[],
  index: number | undefined,
  { label, size }: CsvOptions,
  isNumber: (field: string) => boolean,
  name: string,
): readonly number[] {
  const width = names?.length ?? rows[0]!.length;
  if (label !== undefined) {
    const byName = names?.indexOf(label) ?? -1;
    const found = byName >= 0 ? byName : /^\d{1,6}$/.test(label) ? Number(label) - 1 : -1;
    if (found >= 0 && found < width && found !== index) return [found];
    throw dataError(
      name,
      `no column ${label} among ${width}${names ? `: ${names.slice(0, 12).join(', ')}` : ''}`,
    );
  }
  const called = names?.flatMap((n, i) => (labelNames.test(n) ? [i] : [])) ?? [];
  if (called.length === 1) return called;
  if (called.length > 1)
    throw dataError(
      name,
      `columns ${called.map((i) => names![i]).join(' and ')} may each be the label: name one (--label)`,
    );
  const several = names?.flatMap((n, i) => (labelColumn.test(n) ? [i] : [])) ?? [];
  if (several.length > 1) return several;
  const left = width - (index === undefined ? 0 : 1);
  if (size !== undefined && left === size) return [];
  const texts = rows[0]!.flatMap((_, i) => (rows.some((row) => isNumber(row[i]!)) ? [] : [i]));
  if (texts.length === 1) return texts; // samples are numbers
  const first = index === 0 ? 1 : 0;
  const last = width - 1;
  const couldBe = (i: number): boolean => new Set(rows.map((row) => row[i])).size > 1;
  const isClass = (i: number): boolean =>
    rows.every((row) => /^\s*\d{1,4}(\.0*)?\s*$/.test(row[i]!)) ||
    !rows.some((row) => isNumber(row[i]!));
  if (first === last || !isClass(first)) return [last];
  if (!isClass(last)) return [first];
  if (rows.length > 1 && couldBe(first) && !couldBe(last)) return [first];
  if (rows.length > 1 && couldBe(last) && !couldBe(first)) return [last];
  const between = Array.from({ length: last - first - 1 }, (_, i) => first + 1 + i);
  const refused = rows.some((row) => between.some((i) => !isNumber(row[i]!)));
  if (rows.length < 2 || refused) return [last];
  throw dataError(
    name,
    `the label may be in column ${first + 1} or ${last + 1}: say which (--label ${first + 1} or ${last + 1}), or name the column label`,
  );
}

/** `1 to 8, 10` */
function spans(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length;) {
    let end = i;
    while (numbers[end + 1] === numbers[end]! + 1) end++;
    parts.push(end > i ? `${numbers[i]! + 1} to ${numbers[end]! + 1}` : String(numbers[i]! + 1));
    i = end + 1;
  }
  return parts.slice(0, 12).join(', ') + (parts.length > 12 ? ', …' : '');
}
