/**
 * Fetches values of one tensor in pieces, from any storage. float32 and float64 that lie densely in
 * the file go straight into the caller's array; the rest passes through one block. Varint payloads
 * have no random access: `VarintScanner` remembers where every 65,536th entry begins.
 */
import type { ByteSource } from '../bytes.ts';
import { bitsOf } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import type { ModelFile, Tensor, TensorReader } from '../model.ts';
import { blockBytes, checkNumeric, decodeBytes, type Numbers } from './decode.ts';
import type { Chunk, TensorRecord } from './record.ts';
import { VarintScanner } from './varint-scanner.ts';

export class OnnxReader implements TensorReader {
  readonly #records: readonly TensorRecord[];
  readonly #files: readonly ModelFile[];
  readonly #scanners = new Map<number, VarintScanner>();
  #block: Uint8Array<ArrayBuffer> | undefined;

  constructor(records: readonly TensorRecord[], files: readonly ModelFile[]) {
    this.#records = records;
    this.#files = files;
  }

  readValues(tensor: Tensor, start: number, target: Numbers): void {
    const record = this.#records[tensor.id];
    const count = target.length;
    if (!Number.isSafeInteger(start) || start < 0 || start + count > record.parameters) {
      throw new DeepCompressionError(
        'invalid-input',
        `values ${start} to ${start + count} of ${record.name}, which has ${record.parameters}`,
      );
    }
    checkNumeric(record.dtype, record.name);
    if (count === 0) return;
    const { source } = this.#files[record.file];
    if (record.wire === 'varint') {
      let scanner = this.#scanners.get(record.id);
      if (scanner === undefined) {
        scanner = new VarintScanner(source, record);
        this.#scanners.set(record.id, scanner);
      }
      scanner.read(start, target);
    } else if (record.wire === 'bytes') {
      const at = record.external?.offset ?? record.chunks[0].start;
      this.#dense(source, record, at, start, target);
    } else this.#chunks(source, record, start, target);
  }

  readBytes(tensor: Tensor, start: number, target: Uint8Array): void {
    const { file, external, chunks, wire } = this.#records[tensor.id];
    if (wire === 'varint') return this.#pack(tensor, start, target);
    this.#files[file].source.readInto(target, (external?.offset ?? chunks[0].start) + start);
  }

  /** Integers that lie one by one, as raw_data would have them. */
  #pack(tensor: Tensor, start: number, target: Uint8Array): void {
    const bits = bitsOf[tensor.dtype];
    const first = (start * 8) / bits;
    const count = Math.min((target.length * 8) / bits, tensor.parameters - first);
    const values = new Float64Array(count);
    this.readValues(tensor, first, values);
    target.fill(0);
    values.forEach((value, i) => {
      target[Math.floor((i * bits) / 8)] |= (value & (2 ** bits - 1)) << ((i * bits) % 8);
    });
  }

  /** Values that lie one after another from byte `at` on. */
  #dense(
    source: ByteSource,
    record: TensorRecord,
    at: number,
    start: number,
    target: Numbers,
  ): void {
    const { dtype } = record;
    const bits = bitsOf[dtype];
    const direct =
      dtype === 'float32' ? Float32Array : dtype === 'float64' ? Float64Array : undefined;
    if (direct !== undefined && target instanceof direct) {
      const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
      source.readInto(bytes, at + start * (bits / 8));
      return;
    }
    const block = (this.#block ??= new Uint8Array(blockBytes));
    const perBlock = (blockBytes * 8) / bits;
    for (let done = 0; done < target.length;) {
      const firstBit = (start + done) * bits;
      const skip = (firstBit % 8) / bits;
      const count = Math.min(target.length - done, perBlock - skip);
      const bytes = block.subarray(0, Math.ceil(((skip + count) * bits) / 8));
      source.readInto(bytes, at + Math.floor(firstBit / 8));
      decodeBytes(dtype, bytes, target.subarray(done, done + count), skip);
      done += count;
    }
  }

  /** Fixed-width values in any number of packed and unpacked chunks. */
  #chunks(source: ByteSource, record: TensorRecord, start: number, target: Numbers): void {
    const width = record.wire === 'fixed64' ? 8 : 4;
    let first = 0;
    for (const chunk of record.chunks) {
      const size = chunk.stride === 0 ? (chunk.end - chunk.start) / width : chunk.elements;
      const from = Math.max(start, first);
      const to = Math.min(start + target.length, first + size);
      if (from < to) {
        const part = target.subarray(from - start, to - start);
        if (chunk.stride === 0) this.#dense(source, record, chunk.start, from - first, part);
        else this.#unpacked(source, chunk, width, from - first, part);
      }
      first += size;
    }
  }

  #unpacked(source: ByteSource, chunk: Chunk, width: number, start: number, target: Numbers): void {
    const block = (this.#block ??= new Uint8Array(blockBytes));
    const view = new DataView(block.buffer);
    const { stride } = chunk;
    const perBlock = Math.floor(blockBytes / stride);
    for (let done = 0; done < target.length;) {
      const count = Math.min(target.length - done, perBlock);
      source.readInto(block.subarray(0, count * stride), chunk.start + (start + done) * stride);
      for (let i = 0; i < count; i++) {
        const at = (i + 1) * stride - width;
        target[done + i] = width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
      }
      done += count;
    }
  }
}
