/**
 * Parser of protobuf's text format without a schema: a tree of messages whose fields keep their
 * line, and typed accessors that say where a value is missing or wrong. Limits: 16 M characters,
 * 64 levels. Extension names (`[package.name]`) and Any messages are refused: no Caffe file has them.
 */
import { numberValue, prototxtError, quoted, Tokens } from './prototxt-tokens.ts';
import type { Token } from './prototxt-tokens.ts';

export interface Scalar {
  readonly kind: 'string' | 'number' | 'name';
  /** A string's value; a number or an enum name as written, with its sign. */
  readonly text: string;
  readonly line: number;
}

type Value = Scalar | Message;

const maxDepth = 64;

/** One message: its fields in order, and typed access to them. */
export class Message {
  readonly #fields = new Map<string, Value[]>();

  constructor(
    /** Field name of this message in its parent, '' for the file. */
    readonly name: string,
    readonly line: number,
  ) {}

  add(name: string, value: Value): void {
    const values = this.#fields.get(name);
    if (values) values.push(value);
    else this.#fields.set(name, [value]);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  names(): readonly string[] {
    return [...this.#fields.keys()];
  }

  /** Line of the field's first value, or of the message when it is absent. */
  lineOf(name: string): number {
    return this.#fields.get(name)?.[0]?.line ?? this.line;
  }

  /** All messages of a repeated field. */
  messages(name: string): readonly Message[] {
    return (this.#fields.get(name) ?? []).map((value) => {
      if (value instanceof Message) return value;
      throw prototxtError(value.line, `${name} must be a message in braces`);
    });
  }

  /** The one message of a field; an empty one when it is absent. Repetition merges, as in protobuf. */
  message(name: string): Message {
    const all = this.messages(name);
    if (all.length === 1) return all[0]!;
    const merged = new Message(name, this.lineOf(name));
    for (const part of all)
      for (const [field, values] of part.#fields)
        for (const value of values) merged.add(field, value);
    return merged;
  }

  strings(name: string): readonly string[] {
    return this.#scalars(name).map((value) => {
      if (value.kind === 'string') return value.text;
      throw prototxtError(value.line, `${name} must be a quoted string`);
    });
  }

  string(name: string, otherwise: string): string {
    return this.strings(name).at(-1) ?? otherwise;
  }

  /** Whole numbers of a repeated field, each in [least, most]. */
  integers(name: string, least = 0, most = 2 ** 31 - 1): readonly number[] {
    return this.#scalars(name).map((value) => {
      const x = scalarNumber(value);
      if (Number.isInteger(x) && x >= least && x <= most) return x;
      throw prototxtError(
        value.line,
        `${name} must be a whole number from ${least} to ${most}, not ${quoted(value.text)}`,
      );
    });
  }

  integer(name: string, otherwise: number, least = 0, most = 2 ** 31 - 1): number {
    return this.integers(name, least, most).at(-1) ?? otherwise;
  }

  /** A finite number. */
  number(name: string, otherwise: number): number {
    const value = this.#scalars(name).at(-1);
    if (!value) return otherwise;
    const x = scalarNumber(value);
    if (Number.isFinite(x)) return x;
    throw prototxtError(value.line, `${name} must be a number, not ${quoted(value.text)}`);
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.#scalars(name).at(-1);
    if (!value) return otherwise;
    if (value.kind !== 'string' && /^(true|True|t|1)$/.test(value.text)) return true;
    if (value.kind !== 'string' && /^(false|False|f|0)$/.test(value.text)) return false;
    throw prototxtError(value.line, `${name} must be true or false, not ${quoted(value.text)}`);
  }

  /** An enum value by name or by number (its position in `values`). */
  enumeration(name: string, values: readonly string[], otherwise: string): string {
    const value = this.#scalars(name).at(-1);
    if (!value) return otherwise;
    const found =
      value.kind === 'name'
        ? values.find((v) => v === value.text)
        : value.kind === 'number'
          ? values[scalarNumber(value)]
          : undefined;
    if (found !== undefined) return found;
    throw prototxtError(
      value.line,
      `${name} must be one of ${values.join(', ')}, not ${quoted(value.text)}`,
    );
  }

  /** Refuses fields that are not in the list: a misspelt one would silently take its default. */
  only(allowed: readonly string[]): void {
    for (const name of this.#fields.keys())
      if (!allowed.includes(name))
        throw prototxtError(this.lineOf(name), `${this.name} has no field ${quoted(name)}`);
  }

  #scalars(name: string): readonly Scalar[] {
    return (this.#fields.get(name) ?? []).map((value) => {
      if (!(value instanceof Message)) return value;
      throw prototxtError(value.line, `${name} must be a value, not a message`);
    });
  }
}

function scalarNumber(value: Scalar): number {
  if (value.kind !== 'number') return NaN;
  return value.text.startsWith('-') ? -numberValue(value.text.slice(1)) : numberValue(value.text);
}

/**
 * Parses a whole file.
 * @throws DeepCompressionError `invalid-model`, one line with the line number.
 */
export function parsePrototxt(text: string): Message {
  const tokens = new Tokens(text);
  const file = new Message('', 1);
  parseFields(tokens, file, '', 0);
  return file;
}

/** Fields up to `close` ('' = end of file), which is consumed. */
function parseFields(tokens: Tokens, into: Message, close: string, depth: number): void {
  if (depth > maxDepth)
    throw prototxtError(tokens.peek.line, `nested deeper than ${maxDepth} levels`);
  for (;;) {
    const token = tokens.take();
    if (token.kind === 'end') {
      if (close === '') return;
      throw prototxtError(token.line, `${into.name}, opened in line ${into.line}, is not closed`);
    }
    if (token.kind === 'punctuation' && token.text === close) return;
    if (token.kind !== 'name') throw unexpected(token, 'a field name');
    const colon = tokens.accept(':');
    if (colon && tokens.accept('[')) parseList(tokens, into, token.text, depth);
    else parseValue(tokens, into, token.text, colon, depth);
    if (!tokens.accept(',')) tokens.accept(';');
  }
}

function parseList(tokens: Tokens, into: Message, name: string, depth: number): void {
  if (tokens.accept(']')) return;
  do parseValue(tokens, into, name, true, depth);
  while (tokens.accept(','));
  if (!tokens.accept(']')) throw unexpected(tokens.peek, '"," or "]"');
}

function parseValue(
  tokens: Tokens,
  into: Message,
  name: string,
  colon: boolean,
  depth: number,
): void {
  const { line } = tokens.peek;
  for (const [open, close] of [
    ['{', '}'],
    ['<', '>'],
  ] as const)
    if (tokens.accept(open)) {
      const message = new Message(name, line);
      parseFields(tokens, message, close, depth + 1);
      into.add(name, message);
      return;
    }
  if (!colon) throw unexpected(tokens.peek, `":" or "{" after ${quoted(name)}`);
  const negative = tokens.accept('-');
  const token = tokens.take();
  if (token.kind === 'string' && !negative) {
    const parts = [token.text];
    while (tokens.peek.kind === 'string') parts.push(tokens.take().text);
    into.add(name, { kind: 'string', text: parts.join(''), line });
  } else if (token.kind === 'name' && !negative) {
    into.add(name, { kind: 'name', text: token.text, line });
  } else if (token.kind === 'number' && !Number.isNaN(numberValue(token.text))) {
    into.add(name, { kind: 'number', text: negative ? `-${token.text}` : token.text, line });
  } else throw unexpected(token, `a value for ${quoted(name)}`);
}

function unexpected(token: Token, wanted: string): Error {
  const found = token.kind === 'end' ? 'the file ends' : `found ${quoted(token.text)}`;
  return prototxtError(token.line, `expected ${wanted}, ${found}`);
}
