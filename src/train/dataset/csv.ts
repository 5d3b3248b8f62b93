/**
 * CSV tables of numbers: a sample a row, comma, semicolon or tab between fields, quotes and a header
 * line allowed, comments not. One column is the label: the one named label, class, target or y, else
 * the last. Text labels are numbered in the order of their names.
 */
import { dataError } from './array.ts';
import type { DataArray } from './array.ts';

export interface CsvTable {
  readonly x: DataArray;
  readonly y: DataArray;
  /** Names of the classes when the labels are text. */
  readonly classNames: readonly string[] | undefined;
}

const labelNames = /^(label|labels|class|target|y)$/i;

/** @throws DeepCompressionError `invalid-input` with the line number. */
export function parseCsv(text: string, name: string): CsvTable {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const firstLine = body.slice(0, Math.max(0, body.search(/[\r\n]|$/)));
  const separator = [',', ';', '\t'].reduce((best, s) =>
    firstLine.split(s).length > firstLine.split(best).length ? s : best,
  );
  const lines = new Lines(body, separator, name);
  const first = lines.next();
  if (!first) throw dataError(name, 'an empty table');
  const columns = first.length;
  if (columns < 2) throw dataError(name, 'a table needs at least two columns');
  const isHeader = first.some((field, i) => i < columns - 1 && Number.isNaN(toNumber(field)));
  const named = isHeader ? first.findIndex((field) => labelNames.test(field.trim())) : -1;
  const label = named < 0 ? columns - 1 : named;

  let values = new Float32Array(1024);
  let used = 0;
  const labels: string[] = [];
  for (let row = isHeader ? lines.next() : first; row; row = lines.next()) {
    if (row.length !== columns)
      throw dataError(
        name,
        `line ${lines.line} has ${row.length} fields, the first has ${columns}`,
      );
    if (used + columns > values.length) {
      const larger = new Float32Array(2 * (values.length + columns));
      larger.set(values);
      values = larger;
    }
    for (let i = 0; i < columns; i++) {
      if (i === label) {
        labels.push(row[i]!.trim());
        continue;
      }
      const value = toNumber(row[i]!);
      if (!Number.isFinite(value))
        throw dataError(name, `line ${lines.line}, field ${i + 1} is not a number`);
      values[used++] = value;
    }
  }
  if (labels.length === 0) throw dataError(name, 'a table without rows');
  const numeric = labels.map(toNumber);
  const text_ = numeric.some((v) => !Number.isFinite(v));
  const classNames = text_ ? [...new Set(labels)].sort() : undefined;
  const number = classNames && new Map(classNames.map((n, i) => [n, i]));
  const y = number ? Int32Array.from(labels, (l) => number.get(l)!) : Float64Array.from(numeric);
  return {
    x: { data: values.slice(0, used), shape: [labels.length, columns - 1] },
    y: { data: y, shape: [labels.length] },
    classNames,
  };
}

function toNumber(field: string): number {
  const text = field.trim();
  return text === '' ? NaN : Number(text);
}

/** Rows of fields, one at a time; blank lines are passed over. */
class Lines {
  /** Line on which the last row began, from 1. */
  line = 0;
  #at = 0;
  #next = 1;

  constructor(
    readonly text: string,
    readonly separator: string,
    readonly name: string,
  ) {}

  next(): string[] | undefined {
    while (this.#at < this.text.length) {
      this.line = this.#next;
      const row = this.#row();
      if (row.length > 1 || row[0]!.trim() !== '') return row;
    }
    return undefined;
  }

  #row(): string[] {
    const row: string[] = [];
    for (;;) {
      row.push(this.text[this.#at] === '"' ? this.#quotedField() : this.#plainField());
      const end = this.text[this.#at];
      if (end === this.separator) {
        this.#at++;
        continue;
      }
      if (end === '\r') this.#at++;
      if (this.text[this.#at] === '\n') this.#at++;
      this.#next++;
      return row;
    }
  }

  #plainField(): string {
    const from = this.#at;
    while (this.#at < this.text.length) {
      const c = this.text[this.#at]!;
      if (c === this.separator || c === '\n' || c === '\r') break;
      this.#at++;
    }
    return this.text.slice(from, this.#at);
  }

  #quotedField(): string {
    const parts: string[] = [];
    this.#at++;
    for (;;) {
      const close = this.text.indexOf('"', this.#at);
      if (close < 0) throw dataError(this.name, `line ${this.line}: a quote is not closed`);
      parts.push(this.text.slice(this.#at, close));
      this.#at = close + 1;
      if (this.text[this.#at] !== '"') break;
      parts.push('"');
      this.#at++;
    }
    const value = parts.join('');
    this.#next += value.split('\n').length - 1;
    const end = this.text[this.#at];
    if (end === undefined || end === this.separator || end === '\n' || end === '\r') return value;
    throw dataError(this.name, `line ${this.line}: text after a closing quote`);
  }
}
