/**
 * Reads values out of a varint payload (int32_data, int64_data, uint64_data, value_int(s)). Entries
 * have no fixed width, so an entry is found by walking from the last known one before it.
 */
import type { ByteSource } from '../bytes.ts';
import { bitsOf } from '../dtype.ts';
import { float16Values, fromBfloat16 } from '../half.ts';
import { smallValues } from '../small-formats.ts';
import { decodeEntry, type Numbers } from './decode.ts';
import type { TensorRecord } from './record.ts';
import { WireReader } from './wire.ts';

const markEvery = 65536;

interface Mark {
  readonly chunk: number;
  readonly position: number;
}

export class VarintScanner {
  readonly #reader: WireReader;
  readonly #record: TensorRecord;
  /** `#marks[k]`: where entry k * markEvery begins. */
  readonly #marks: Mark[];
  #chunk = 0;
  /** Next entry to be walked over. */
  #entry = 0;

  constructor(source: ByteSource, record: TensorRecord) {
    this.#reader = new WireReader(source);
    this.#record = record;
    this.#marks = [{ chunk: 0, position: record.chunks[0].start }];
    this.#reader.position = record.chunks[0].start;
  }

  read(start: number, target: Numbers): void {
    const { dtype } = this.#record;
    const reader = this.#reader;
    const bits = bitsOf[dtype];
    const perEntry = bits < 8 ? 8 / bits : 1;
    this.#seek(Math.floor(start / perEntry));
    const values = perEntry > 1 ? smallValues(dtype) : undefined;
    const halves = dtype === 'float16' ? float16Values() : undefined;
    let skip = start % perEntry;
    for (let i = 0; i < target.length;) {
      this.#step();
      if (values !== undefined) {
        for (; skip < perEntry && i < target.length; skip++) {
          target[i++] = values[(reader.low >>> (skip * bits)) & ((1 << bits) - 1)];
        }
        skip = 0;
      } else if (halves !== undefined) target[i++] = halves[reader.low & 0xffff];
      else if (dtype === 'bfloat16') target[i++] = fromBfloat16(reader.low);
      else target[i++] = decodeEntry(dtype, reader.low, reader.high);
    }
    if (start + target.length === this.#record.parameters) this.#expectEnd();
  }

  #seek(entry: number): void {
    if (entry < this.#entry || entry - this.#entry > markEvery) {
      const mark = Math.min(Math.floor(entry / markEvery), this.#marks.length - 1);
      this.#entry = mark * markEvery;
      this.#chunk = this.#marks[mark].chunk;
      this.#reader.position = this.#marks[mark].position;
    }
    while (this.#entry < entry) this.#step();
  }

  /** Walks over one entry; its value is then in the reader's halves. */
  #step(): void {
    const reader: WireReader = this.#reader;
    const { chunks, name } = this.#record;
    while (reader.position >= chunks[this.#chunk].end) {
      if (this.#chunk + 1 >= chunks.length) {
        reader.fail(`${name} has only ${this.#entry} stored values, fewer than its shape says`);
      }
      this.#chunk++;
      reader.position = chunks[this.#chunk].start;
    }
    if (this.#entry === this.#marks.length * markEvery) {
      this.#marks.push({ chunk: this.#chunk, position: reader.position });
    }
    const chunk = chunks[this.#chunk];
    if (chunk.stride !== 0) reader.next(chunk.end);
    reader.halves(chunk.end);
    this.#entry++;
  }

  #expectEnd(): void {
    const { chunks, name } = this.#record;
    if (this.#chunk !== chunks.length - 1 || this.#reader.position !== chunks[this.#chunk].end) {
      this.#reader.fail(`${name} has more stored values than its shape says`);
    }
  }
}
