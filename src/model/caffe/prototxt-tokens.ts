/**
 * Tokens of protobuf's text format (the `.prototxt` of Caffe), after the language specification of
 * protobuf.dev: identifiers, numbers, quoted strings with escapes, punctuation, `#` comments.
 * One pass, no regular expression over the rest of the text, so time is linear in its length.
 */
import { DeepCompressionError } from '../errors.ts';

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'punctuation' | 'end';
  /** The token as written; for a string, its decoded value. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
}

/** Longest prototxt that is read: the largest published networks take well under 1 MB. */
export const maxPrototxtLength = 16 * 1024 * 1024;

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};

const isNameStart = (c: string): boolean => /^[A-Za-z_]$/.test(c);
const isNamePart = (c: string): boolean => /^[A-Za-z0-9_]$/.test(c);
const isDigit = (c: string): boolean => c >= '0' && c <= '9' && c.length === 1;

export function prototxtError(line: number, what: string): DeepCompressionError {
  return new DeepCompressionError('invalid-model', `prototxt line ${line}: ${what}`);
}

/** At most 40 printable characters of user text, for an error line. */
export function quoted(text: string): string {
  const clean = [...text.slice(0, 41)].map((c) => (c < ' ' || c === '\x7f' ? '?' : c)).join('');
  return `"${clean.length > 40 ? `${clean.slice(0, 40)}…` : clean}"`;
}

export class Tokens {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #next: Token;

  constructor(text: string) {
    if (text.length > maxPrototxtLength)
      throw prototxtError(1, `longer than ${maxPrototxtLength} characters`);
    this.#text = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.#next = this.#read();
  }

  /** The coming token, not consumed. */
  get peek(): Token {
    return this.#next;
  }

  take(): Token {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  /** Consumes the coming token when it is this punctuation. */
  accept(punctuation: string): boolean {
    if (this.#next.kind !== 'punctuation' || this.#next.text !== punctuation) return false;
    this.take();
    return true;
  }

  #read(): Token {
    this.#skipSpace();
    const line = this.#line;
    const start = this.#at;
    const c = this.#text.charAt(start);
    if (c === '') return { kind: 'end', text: 'end of file', line };
    if (c === '"' || c === "'") return { kind: 'string', text: this.#string(c), line };
    if (isNameStart(c)) {
      while (isNamePart(this.#text.charAt(this.#at))) this.#at++;
      return { kind: 'name', text: this.#text.slice(start, this.#at), line };
    }
    if (isDigit(c) || (c === '.' && isDigit(this.#text.charAt(start + 1)))) {
      this.#number();
      return { kind: 'number', text: this.#text.slice(start, this.#at), line };
    }
    if ('{}<>[]:;,-'.includes(c)) {
      this.#at++;
      return { kind: 'punctuation', text: c, line };
    }
    throw prototxtError(line, `unexpected character ${quoted(c)}`);
  }

  #skipSpace(): void {
    for (;;) {
      const c = this.#text.charAt(this.#at);
      if (c === '\n') this.#line++;
      else if (c === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
        continue;
      } else if (c !== ' ' && c !== '\t' && c !== '\r' && c !== '\v' && c !== '\f') return;
      this.#at++;
    }
  }

  /** Takes digits, letters, dots, and a sign after an exponent; `numberValue` judges the result. */
  #number(): void {
    const hex = /^0[xX]/.test(this.#text.slice(this.#at, this.#at + 2));
    for (;;) {
      const c = this.#text.charAt(this.#at);
      const previous = this.#text.charAt(this.#at - 1);
      const sign = (c === '+' || c === '-') && !hex && (previous === 'e' || previous === 'E');
      if (!isNamePart(c) && c !== '.' && !sign) return;
      this.#at++;
    }
  }

  #string(quote: string): string {
    let value = '';
    this.#at++;
    for (;;) {
      const c = this.#text.charAt(this.#at++);
      if (c === '' || c === '\n') throw prototxtError(this.#line, 'a string is not closed');
      if (c === quote) return value;
      value += c === '\\' ? this.#escape() : c;
    }
  }

  #escape(): string {
    const c = this.#text.charAt(this.#at++);
    const simple = Object.hasOwn(simpleEscapes, c) ? simpleEscapes[c] : undefined;
    if (simple !== undefined) return simple;
    const digits = (pattern: RegExp, from: number, most: number): string => {
      let end = from;
      while (end < from + most && pattern.test(this.#text.charAt(end))) end++;
      return this.#text.slice(from, end);
    };
    const oct = c >= '0' && c <= '7' ? digits(/^[0-7]$/, this.#at - 1, 3) : '';
    if (oct !== '') {
      this.#at += oct.length - 1;
      return String.fromCharCode(parseInt(oct, 8) & 0xff);
    }
    const width = c === 'x' || c === 'X' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0;
    const hex = width ? digits(/^[0-9a-fA-F]$/, this.#at, width) : '';
    const code = parseInt(hex, 16);
    if (hex === '' || (width > 2 && hex.length < width) || code > 0x10ffff)
      throw prototxtError(this.#line, `unknown escape ${quoted(`\\${c}`)} in a string`);
    this.#at += hex.length;
    return String.fromCodePoint(code);
  }
}

/** Value of a number token without its sign: decimal, hexadecimal, octal, or float; else NaN. */
export function numberValue(text: string): number {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return parseInt(text.slice(2), 16);
  if (/^0[0-7]+$/.test(text)) return parseInt(text, 8);
  if (/^((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?[fF]?$/.test(text)) return parseFloat(text);
  return NaN;
}
