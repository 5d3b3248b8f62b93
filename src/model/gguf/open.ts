/**
 * GGUF, versions 2 and 3: keys and values, a table of tensors, payloads on aligned places. Source: the
 * format's description (ggml). Of the keys only the few that say something about the file are kept; token
 * lists are passed over. Limits: 65,536 keys and tensors; files with the highest byte first are refused.
 */
import { readBytes, type ByteSource } from '../bytes.ts';
import { isBlockType, blockTypes, type DType } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import type { Format } from '../format.ts';
import type { Model } from '../model.ts';
import { plainModel, type PlainTensor } from '../plain/model.ts';

/** By ggml's number; what is not here is shown without values. */
const types: Readonly<Record<number, DType>> = {
  0: 'float32',
  1: 'float16',
  2: 'q4_0',
  3: 'q4_1',
  6: 'q5_0',
  7: 'q5_1',
  8: 'q8_0',
  9: 'q8_1',
  10: 'q2_k',
  11: 'q3_k',
  12: 'q4_k',
  13: 'q5_k',
  14: 'q6_k',
  15: 'q8_k',
  24: 'int8',
  25: 'int16',
  26: 'int32',
  27: 'int64',
  28: 'float64',
  30: 'bfloat16',
};
/** Bytes of the scalar types of values, by their number; 8 is a string, 9 an array. */
const scalarBytes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const mostEntries = 65536;
const longestName = 65535;
const longestKept = 256;
const window = 1 << 16;

export const ggufFormat: Format = {
  sniff: (head) => String.fromCharCode(...head.subarray(0, 4)) === 'GGUF',
  open: (path, source) => new Reader(path, source).model(),
};

class Reader {
  #at = 4;
  #block = new Uint8Array(0);
  #from = 0;

  constructor(
    private readonly path: string,
    private readonly source: ByteSource,
  ) {}

  model(): Model {
    const version = this.#uint32();
    if (version !== 2 && version !== 3)
      this.#fail(
        version > 0xffff
          ? 'its numbers are stored with the highest byte first, which is not read here'
          : `version ${version} of GGUF is not read here`,
      );
    const tensorCount = this.#uint64();
    const keyCount = this.#uint64();
    if (tensorCount > mostEntries) this.#fail(`more than ${mostEntries} tensors`);
    if (keyCount > mostEntries) this.#fail(`more than ${mostEntries} keys`);
    const kept = new Map<string, string | number>();
    for (let i = 0; i < keyCount; i++) {
      const key = this.#string(longestName);
      const value = this.#value(this.#uint32(), 0);
      if (value !== undefined) kept.set(key, value);
    }
    const found = Array.from({ length: tensorCount }, () => this.#tensor());
    const alignment = Number(kept.get('general.alignment') ?? 32);
    if (!Number.isInteger(alignment) || alignment < 1 || alignment > 1 << 20)
      this.#fail(`its alignment is ${alignment}`);
    const start = Math.ceil(this.#at / alignment) * alignment;
    const tensors = found.map((t) => ({ ...t, offset: t.offset + start }));
    const architecture = kept.get('general.architecture');
    const name = kept.get('general.name');
    return plainModel({
      ...{ path: this.path, format: 'gguf', tensors, kernels: 'outputs first' },
      version: [`version ${version}`, architecture].filter(Boolean).join(', '),
      producer: name === undefined ? '' : String(name),
      files: [{ location: '', source: this.source }],
    });
  }

  #tensor(): PlainTensor {
    const name = this.#string(longestName);
    const rank = this.#uint32();
    if (rank > 8) this.#fail(`tensor ${name} has ${rank} dimensions`);
    // the first dimension is the fastest
    const shape = Array.from({ length: rank }, () => this.#uint64()).reverse();
    const code = this.#uint32();
    const offset = this.#uint64();
    const dtype = types[code];
    if (dtype === undefined)
      return {
        ...{ name, dtype: 'undefined', shape, bytes: 0, file: 0, offset },
        unreadable: `type ${code} of ggml is not read here`,
      };
    if (isBlockType(dtype) && (shape.at(-1) ?? 0) % blockTypes[dtype][0] !== 0)
      this.#fail(`tensor ${name} has rows of ${shape.at(-1)} values, no whole blocks of ${dtype}`);
    return { name, dtype, shape, file: 0, offset };
  }

  /** A number or short text; everything else is passed over. */
  #value(type: number, depth: number): string | number | undefined {
    if (type === 8) return this.#string(longestKept);
    if (type !== 9) {
      const bytes = scalarBytes[type] ?? this.#fail(`a value of type ${type}`);
      if (type === 4) return this.#uint32();
      if (type === 10) return this.#uint64();
      this.#skip(bytes);
      return undefined;
    }
    if (depth > 4) this.#fail('lists of lists of lists');
    const inner = this.#uint32();
    const count = this.#uint64();
    const scalar = scalarBytes[inner] ?? this.#fail(`a list of type ${inner}`);
    if (scalar > 0) this.#skip(scalar * count);
    // each text takes eight bytes at least, so that the file bounds the loop
    else for (let i = 0; i < count; i++) this.#value(inner, depth + 1);
    return undefined;
  }

  /** Text; '' for one longer than `most`, which is passed over. */
  #string(most: number): string {
    const length = this.#uint64();
    if (length > most) {
      this.#skip(length);
      return '';
    }
    return new TextDecoder().decode(this.#take(length));
  }

  #uint32(): number {
    const bytes = this.#take(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }

  #uint64(): number {
    const bytes = this.#take(8);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const value = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
    return Number.isSafeInteger(value) ? value : this.#fail('it states an absurd number');
  }

  #skip(bytes: number): void {
    if (this.#at + bytes > this.source.size) this.#fail('it is cut off in its keys');
    this.#at += bytes;
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.source.size) this.#fail('it is cut off before its tensors');
    const offset = this.#at - this.#from;
    this.#at += length;
    if (offset >= 0 && offset + length <= this.#block.length)
      return this.#block.subarray(offset, offset + length);
    this.#from = this.#at - length;
    this.#block = readBytes(
      this.source,
      this.#from,
      Math.min(Math.max(window, length), this.source.size - this.#from),
    );
    return this.#block.subarray(0, length);
  }

  #fail(why: string): never {
    throw new DeepCompressionError('invalid-model', `${this.path}: ${why}`);
  }
}
