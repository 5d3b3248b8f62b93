/**
 * Reads tables of a FlatBuffers file by short reads, as far as they are asked for: the official library
 * needs the whole file in memory. Source: the FlatBuffers internals (tables, vtables, vectors). What does
 * not lie inside the file is refused; the number of reads bounds what a cycle can cost, and that of blocks
 * fetched again what jumping about can.
 */
import { readBytes, type ByteSource } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';

/** Bytes read at a time: tables that belong together lie together. */
const block = 1 << 16;
/** Blocks that are kept, and how often each of a file may be fetched, in the mean. */
const mostKept = 64;
const mostFetches = 64;
/** The widest number, which may begin at the end of a block. */
const widest = 8;
/** More fields than any model has. */
const mostReads = 1 << 24;
const longestString = 1 << 16;
/** Bytes of all texts, at most so many times those of the file: some writers store equal ones once. */
const mostShared = 4;

export class FlatBuffer {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #index = -1;
  /** The one fetched last is the last. */
  readonly #blocks = new Map<number, DataView>();
  #fetches = 0;
  #reads = 0;
  #texts = 0;

  constructor(
    private readonly path: string,
    readonly source: ByteSource,
  ) {}

  root(): Table {
    return new Table(this, this.uint(0, 4));
  }

  fail(why: string): never {
    throw new DeepCompressionError('invalid-model', `${this.path}: ${why}`);
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  uint(at: number, width: 1 | 2 | 4 | 8): number {
    const i = this.#at(at, width);
    if (width === 1) return this.#view.getUint8(i);
    if (width === 2) return this.#view.getUint16(i, true);
    if (width === 4) return this.#view.getUint32(i, true);
    const value = this.#view.getUint32(i + 4, true) * 2 ** 32 + this.#view.getUint32(i, true);
    return Number.isSafeInteger(value) ? value : this.fail('it states an absurd number');
  }

  int(at: number, width: 1 | 4 | 8): number {
    const i = this.#at(at, width);
    if (width === 1) return this.#view.getInt8(i);
    if (width === 4) return this.#view.getInt32(i, true);
    return this.#view.getInt32(i + 4, true) * 2 ** 32 + this.#view.getUint32(i, true);
  }

  float(at: number): number {
    return this.#view.getFloat32(this.#at(at, 4), true);
  }

  text(at: number, length: number): string {
    if (length > longestString) this.fail(`it has a name of ${length} bytes`);
    if (at + length > this.source.size) this.fail('it is cut off');
    this.#texts += length;
    if (this.#texts > mostShared * this.source.size)
      this.fail(`its names are more than ${mostShared} times as long as itself`);
    return new TextDecoder().decode(readBytes(this.source, at, length));
  }

  /** Position in the block at which `width` bytes from `at` on are. */
  #at(at: number, width: number): number {
    if (!(at >= 0 && at + width <= this.source.size)) this.fail(`byte ${at} of it is not there`);
    if (++this.#reads > mostReads) this.fail('its tables do not end');
    const index = Math.floor(at / block);
    if (index !== this.#index) {
      this.#view = this.#blocks.get(index) ?? this.#fetch(index);
      this.#index = index;
    }
    return at - index * block;
  }

  #fetch(index: number): DataView {
    const { size } = this.source;
    if (++this.#fetches > mostFetches * Math.ceil(size / block))
      this.fail('its tables point back and forth');
    const from = index * block;
    const bytes = readBytes(this.source, from, Math.min(block + widest, size - from));
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size >= mostKept && oldest !== undefined) this.#blocks.delete(oldest);
    const view = new DataView(bytes.buffer);
    this.#blocks.set(index, view);
    return view;
  }
}

/** A vector: where its first element is, and how many there are. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

export class Table {
  readonly #fields: number;
  readonly #fieldBytes: number;

  constructor(
    readonly file: FlatBuffer,
    readonly at: number,
  ) {
    this.#fields = at - file.int(at, 4);
    this.#fieldBytes = file.uint(this.#fields, 2);
  }

  /** Where field `id` is; undefined where the table leaves it out. */
  field(id: number): number | undefined {
    const entry = 4 + 2 * id;
    if (entry + 2 > this.#fieldBytes) return undefined;
    const offset = this.file.uint(this.#fields + entry, 2);
    return offset === 0 ? undefined : this.at + offset;
  }

  uint(id: number, width: 1 | 2 | 4 | 8, otherwise = 0): number {
    const at = this.field(id);
    return at === undefined ? otherwise : this.file.uint(at, width);
  }

  int(id: number, width: 1 | 4 | 8, otherwise = 0): number {
    const at = this.field(id);
    return at === undefined ? otherwise : this.file.int(at, width);
  }

  table(id: number): Table | undefined {
    const at = this.field(id);
    return at === undefined ? undefined : new Table(this.file, at + this.file.uint(at, 4));
  }

  text(id: number): string {
    const span = this.vector(id, 1);
    return span ? this.file.text(span.start, span.length) : '';
  }

  /** A vector of elements of `width` bytes. */
  vector(id: number, width: number): Span | undefined {
    const at = this.field(id);
    if (at === undefined) return undefined;
    const place = at + this.file.uint(at, 4);
    const length = this.file.uint(place, 4);
    if (place + 4 + length * width > this.file.source.size)
      return this.file.fail(`a list of ${length} elements at byte ${place} is cut off`);
    return { start: place + 4, length };
  }

  tables(id: number): Table[] {
    return this.each(id, 4, (at) => new Table(this.file, at + this.file.uint(at, 4)));
  }

  ints(id: number): number[] {
    return this.each(id, 4, (at) => this.file.int(at, 4));
  }

  each<T>(id: number, width: number, read: (at: number) => T): T[] {
    const { start, length } = this.vector(id, width) ?? { start: 0, length: 0 };
    const found: T[] = [];
    for (let i = 0; i < length; i++) found.push(read(start + i * width));
    return found;
  }
}
