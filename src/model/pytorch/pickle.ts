/**
 * Interprets a Python pickle as data: numbers, strings, containers, and what a file says it would build.
 * Nothing is executed: a call becomes a `Built` that names the callable and keeps its arguments.
 * Source: Python's pickletools, protocols 0 to 5. Limits: 64 MB, 4 million objects, strings of 16 MB.
 */
import { readBytes, type ByteSource } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';

/** An object that a program would have built: `of` is a class or function, by `module.name`. */
export class Built {
  /** What it is given beside its arguments: its attributes. */
  state: Value = null;
  /** What it is given as a dictionary. */
  readonly items = new Map<Value, Value>();
  constructor(
    readonly of: string,
    readonly args: Value,
  ) {}
}

/** A name that a program would have imported. */
export class Named {
  constructor(readonly name: string) {}
}

/** Something that lies outside the pickle, by whatever identifies it. */
export class Outside {
  constructor(readonly id: Value) {}
}

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | Map<Value, Value>
  | Built
  | Named
  | Outside;

const mostBytes = 64 << 20;
const mostObjects = 4 << 20;
const longestString = 16 << 20;
/** Bytes read ahead. */
const window = 1 << 16;

const mark = Symbol('mark');
type Item = Value | typeof mark;

/** @returns the value and the byte after it @throws DeepCompressionError `invalid-model` */
export function readPickle(
  path: string,
  source: ByteSource,
  start: number,
  end = source.size,
): { readonly value: Value; readonly end: number } {
  return new Machine(path, source, start, Math.min(end, start + mostBytes)).run();
}

class Machine {
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Value>();
  #objects = 0;
  #bytes = new Uint8Array(0);
  #from: number;

  constructor(
    private readonly path: string,
    private readonly source: ByteSource,
    private at: number,
    private readonly end: number,
  ) {
    this.#from = at;
  }

  run(): { readonly value: Value; readonly end: number } {
    for (;;) {
      const code = this.#byte();
      if (code === 0x2e) return { value: this.#pop(), end: this.at };
      this.#step(code);
    }
  }

  #step(code: number): void {
    switch (String.fromCharCode(code)) {
      case '\x80': // PROTO
        if (this.#byte() > 5) this.#fail('its pickle protocol is not known here');
        return;
      case '\x95': // FRAME
        this.#take(8);
        return;
      case '(':
        this.#stack.push(mark);
        return;
      case '0':
        this.#stack.pop();
        return;
      case '1': // POP_MARK
        this.#toMark();
        return;
      case '2': {
        const top = this.#pop();
        return this.#push(top, top);
      }
      case 'N':
        return this.#push(null);
      case '\x88':
        return this.#push(true);
      case '\x89':
        return this.#push(false);
      case 'K':
        return this.#push(this.#byte());
      case 'M':
        return this.#push(this.#number(2));
      case 'J':
        return this.#push(this.#number(4) | 0);
      case '\x8a':
        return this.#push(this.#long(this.#byte()));
      case '\x8b':
        return this.#push(this.#long(this.#number(4)));
      case 'I': {
        const line = this.#line();
        return this.#push(line === '01' ? true : line === '00' ? false : Number(line));
      }
      case 'L':
        return this.#push(Number(this.#line().replace(/L$/, '')));
      case 'F':
        return this.#push(Number(this.#line()));
      case 'G': {
        const bytes = this.#take(8);
        return this.#push(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, false));
      }
      case 'S': // STRING
      case 'V': // UNICODE
        return this.#push(this.#line().replace(/^(['"])(.*)\1$/s, '$2'));
      case 'X':
      case 'T':
        return this.#push(this.#text(this.#number(4)));
      case '\x8c':
      case 'U':
        return this.#push(this.#text(this.#byte()));
      case '\x8d':
        return this.#push(this.#text(this.#number(8)));
      case 'B':
        return this.#push(this.#take(this.#number(4)).slice());
      case 'C':
        return this.#push(this.#take(this.#byte()).slice());
      case '\x8e':
      case '\x96':
        return this.#push(this.#take(this.#number(8)).slice());
      case ')':
      case ']':
      case '\x8f':
        return this.#push([]);
      case '}':
        return this.#push(new Map());
      case 't':
      case 'l':
      case '\x91':
        return this.#push(this.#toMark());
      case '\x85':
      case '\x86':
      case '\x87':
        return this.#push(this.#last(code - 0x84));
      case 'd': {
        const items = this.#toMark();
        return this.#push(this.#set(new Map(), items));
      }
      case 'a': {
        const value = this.#pop();
        return this.#append([value]);
      }
      case 'e':
      case '\x90':
        return this.#append(this.#toMark());
      case 's': {
        const pair = this.#last(2);
        return void this.#set(this.#top(), pair);
      }
      case 'u': {
        const items = this.#toMark();
        return void this.#set(this.#top(), items);
      }
      case 'q':
        return void this.#memo.set(this.#byte(), this.#top());
      case 'r':
        return void this.#memo.set(this.#number(4), this.#top());
      case 'p':
        return void this.#memo.set(Number(this.#line()), this.#top());
      case '\x94':
        return void this.#memo.set(this.#memo.size, this.#top());
      case 'h':
        return this.#push(this.#remembered(this.#byte()));
      case 'j':
        return this.#push(this.#remembered(this.#number(4)));
      case 'g':
        return this.#push(this.#remembered(Number(this.#line())));
      case 'c': {
        const module = this.#line();
        return this.#push(new Named(`${module}.${this.#line()}`));
      }
      case '\x93': {
        const [module, name] = this.#last(2);
        return this.#push(new Named(`${String(module)}.${String(name)}`));
      }
      case 'R':
      case '\x81': {
        const [callable, args] = this.#last(2);
        return this.#push(new Built(nameOf(callable), args));
      }
      case '\x92': {
        const [callable, args] = this.#last(3);
        return this.#push(new Built(nameOf(callable), args));
      }
      case 'o': {
        const [callable, ...args] = this.#toMark();
        return this.#push(new Built(nameOf(callable), args));
      }
      case 'i': {
        const name = `${this.#line()}.${this.#line()}`;
        return this.#push(new Built(name, this.#toMark()));
      }
      case 'b': {
        const state = this.#pop();
        const object = this.#top();
        if (object instanceof Built) object.state = state;
        return;
      }
      case 'Q':
        return this.#push(new Outside(this.#pop()));
      case 'P':
        return this.#push(new Outside(this.#line()));
      case '\x98': // READONLY_BUFFER
        return;
      default:
        this.#fail(`opcode ${code} of its pickle is not known here`);
    }
  }

  #push(...values: readonly Value[]): void {
    this.#objects += values.length;
    if (this.#objects > mostObjects)
      this.#fail(`its pickle holds more than ${mostObjects} objects`);
    for (const value of values) this.#stack.push(value);
  }

  #pop(): Value {
    const item = this.#stack.pop();
    return item === undefined || item === mark ? this.#fail('its pickle is damaged') : item;
  }

  #top(): Value {
    const item = this.#stack.at(-1);
    return item === undefined || item === mark ? this.#fail('its pickle is damaged') : item;
  }

  #last(count: number): Value[] {
    const items: Value[] = [];
    for (let i = 0; i < count; i++) items.unshift(this.#pop());
    return items;
  }

  #toMark(): Value[] {
    const from = this.#stack.lastIndexOf(mark);
    if (from < 0) return this.#fail('its pickle is damaged');
    const items = this.#stack.splice(from);
    return items.slice(1) as Value[];
  }

  #append(values: readonly Value[]): void {
    const list = this.#top();
    if (Array.isArray(list)) for (const value of values) list.push(value);
  }

  /** What is no container takes nothing: a program's own class would. */
  #set(target: Value, items: readonly Value[]): Value {
    const map = target instanceof Built ? target.items : target;
    if (map instanceof Map)
      for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i], items[i + 1]);
    return target;
  }

  #remembered(index: number): Value {
    return (
      this.#memo.get(index) ?? (this.#memo.has(index) ? null : this.#fail('its pickle is damaged'))
    );
  }

  #byte(): number {
    return this.#take(1)[0];
  }

  #number(width: number): number {
    let value = 0;
    const bytes = this.#take(width);
    for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[i];
    return value;
  }

  #long(width: number): number | bigint {
    if (width > 1024) this.#fail('its pickle holds an absurd number');
    let value = 0n;
    const bytes = this.#take(width);
    for (let i = width - 1; i >= 0; i--) value = value * 256n + BigInt(bytes[i]);
    if (width > 0 && bytes[width - 1] >= 128) value -= 1n << BigInt(8 * width);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#take(length));
  }

  #line(): string {
    const bytes: number[] = [];
    for (let byte = this.#byte(); byte !== 0x0a; byte = this.#byte()) {
      if (bytes.length > 65536) this.#fail('its pickle holds an absurd line');
      bytes.push(byte);
    }
    return new TextDecoder().decode(Uint8Array.from(bytes));
  }

  #take(length: number): Uint8Array {
    if (length > longestString || this.at + length > this.end)
      return this.#fail('its pickle is cut off, or too long');
    const offset = this.at - this.#from;
    this.at += length;
    if (offset + length <= this.#bytes.length) return this.#bytes.subarray(offset, offset + length);
    this.#from = this.at - length;
    this.#bytes = readBytes(
      this.source,
      this.#from,
      Math.min(Math.max(window, length), this.source.size - this.#from),
    );
    return this.#bytes.subarray(0, length);
  }

  #fail(why: string): never {
    throw new DeepCompressionError('invalid-model', `${this.path}: ${why}`);
  }
}

function nameOf(callable: Value): string {
  return callable instanceof Named ? callable.name : 'an object';
}
