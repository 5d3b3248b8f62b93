/**
 * Text of a table as rows of fields: comma, semicolon, tab or spaces between fields, quotes, comments
 * (lines that begin with #), blank lines passed over. What the fields mean is csv.ts.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { dataError } from './array.ts';

const separators = [',', ';', '\t', ' '] as const;
export type Separator = (typeof separators)[number];
/** Lines that are looked at before it is decided what separates fields. */
const looked = 32;

/**
 * The separator with which the most fields are numbers, of those that give all lines one width.
 * Commas may be decimal ones where semicolons, tabs or spaces separate.
 */
export function separatorOf(text: string, name: string): Separator {
  let best: Separator = ',';
  let most = -Infinity;
  for (const separator of separators) {
    const rows = firstRows(text, separator, name);
    // names of columns are no numbers
    if (rows.length > 1) rows.shift();
    const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
    if (width < 2) continue;
    const even = rows.filter((row) => row.length === width).length / rows.length;
    const fields = rows.flat();
    const numbers = fields.filter((f) => isNumber(f, separator)).length;
    // one wrong field costs more than a finer division gains
    const score = even * (numbers - 2 * (fields.length - numbers)) + (separator === ',' ? 0.5 : 0);
    if (score > most) [best, most] = [separator, score];
  }
  return best;
}

function firstRows(text: string, separator: Separator, name: string): string[][] {
  const rows = new Rows(text, separator, name);
  const found: string[][] = [];
  try {
    for (let row = rows.next(); row && found.length < looked; row = rows.next()) found.push(row);
  } catch (error) {
    // quotes do not close before this separator; the right one will say what is wrong, if anything
    if (!(error instanceof DeepCompressionError)) throw error;
    return [];
  }
  return found;
}

const decimalComma = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i;

export function hasDecimalComma(field: string): boolean {
  return decimalComma.test(field.trim());
}

function isNumber(field: string, separator: Separator): boolean {
  return !Number.isNaN(numberIn(field, separator !== ','));
}

/** NaN for what is no number, empty fields included. */
export function numberIn(field: string, commas: boolean): number {
  const text = field.trim();
  if (text === '') return NaN;
  return Number(commas && decimalComma.test(text) ? text.replace(',', '.') : text);
}

function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

/** Rows of fields, one at a time. */
export class Rows {
  /** Line on which the last row began, from 1. */
  line = 0;
  /** Lines of comments passed over so far, and the last of them without its sign. */
  comments = 0;
  comment = '';
  #at = 0;
  #next = 1;

  constructor(
    readonly text: string,
    readonly separator: Separator,
    readonly name: string,
  ) {}

  next(): string[] | undefined {
    while (this.#at < this.text.length) {
      this.line = this.#next;
      if (this.separator === ' ') this.#skipSpaces();
      if (this.text[this.#at] === '#') {
        this.comment = this.#restOfLine().slice(1).trim();
        this.comments++;
        continue;
      }
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
        if (this.separator !== ' ') continue;
        this.#skipSpaces();
        const next = this.text[this.#at];
        if (next !== undefined && next !== '\r' && next !== '\n') continue;
      }
      this.#endLine();
      return row;
    }
  }

  #skipSpaces(): void {
    while (this.text[this.#at] === ' ') this.#at++;
  }

  #endLine(): void {
    if (this.text[this.#at] === '\r') this.#at++;
    if (this.text[this.#at] === '\n') this.#at++;
    this.#next++;
  }

  #restOfLine(): string {
    const from = this.#at;
    this.#at = lineEnd(this.text, from);
    const line = this.text.slice(from, this.#at);
    this.#endLine();
    return line;
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
