/**
 * A second decoder of .dcz files, written from docs/dcz-format.md and docs/dcz-coding.md alone: slow
 * and plain, sharing no code with src/. It inflates with node:zlib. Contexts are looked up by name.
 */
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { check } from './independent-check.ts';
import { slowHashedWeights } from '../unit/compress/slow-hash.ts';
import {
  IndependentBits,
  decodeArithmeticBlock,
  decodeLevelBlock,
} from './independent-arithmetic.ts';
import { decodeHuffmanBlock } from './independent-huffman.ts';
import { decodeMixedPlane } from './independent-mixed.ts';

export interface DecodedTensor {
  readonly id: number;
  readonly dtype: number;
  readonly arithmetic: boolean;
  readonly indexBits: number;
  readonly weights: number;
  readonly rowLength: number;
  readonly kernelLength: number;
  readonly blocks: { values: number; gaps: number; entries: number; crc: number }[];
  readonly levels: DecodedGrid | undefined;
  rmse: number;
  codebook: number[];
  valueLengths: number[];
  gapLengths: number[];
}

export interface DecodedGrid {
  readonly largest: number;
  readonly rows: number;
  readonly cols: number;
  readonly matrices: number;
  readonly transposed: boolean;
  readonly byColumn: boolean;
  scales: number[];
  columnScales: number[];
}

export interface DecodedFile {
  readonly location: string;
  readonly bytes: Uint8Array;
}

const widths = [4, 2, 2, 8, 1, 1];
const elements = [1, 2, 4, 8];

/** Restores all files. Throws Error with a few words on anything the format forbids. */
export function decodeIndependently(dcz: Uint8Array): {
  recipe: object;
  files: DecodedFile[];
  tensors: DecodedTensor[];
} {
  const view = new DataView(dcz.buffer, dcz.byteOffset, dcz.length);
  check(
    dcz.length >= 12 && [0x44435a01, 0x44435a02, 0x44435a03].includes(view.getUint32(0)),
    'header',
  );
  const version = dcz[3];
  const about = version === 1 ? dcz.length - 8 : 4;
  const indexLength = view.getUint32(about, true);
  check(indexLength <= dcz.length - 12, 'index length');
  const indexStart = version === 1 ? about - indexLength : 12;
  const index = dcz.subarray(indexStart, indexStart + indexLength);
  check(crc(index) === view.getUint32(about + 4, true), 'index checksum');

  const plain = new Cursor(index);
  const metadataLength = plain.varint();
  check(metadataLength <= 2 ** 24, 'metadata length');
  const deflated = plain.varint();
  const metadata = new Cursor(unpack(plain, deflated, metadataLength, dictionary()));
  const recipe = JSON.parse(metadata.text()) as object;

  const data = new Cursor(
    version === 1 ? dcz.subarray(4, indexStart) : dcz.subarray(indexStart + indexLength),
  );
  const channels = elements.map((size) => {
    let left = metadata.varint() * size;
    const pieces: { bytes: Uint8Array }[] = [];
    while (left > 0) {
      const length = Math.min(left, 2 ** 23);
      const piece = new Uint8Array(length);
      const words = Array.from({ length: size }, () => metadata.varint());
      const stored = words.map((word) => data.take(storedLength(word, length / size, version)));
      const above: Uint8Array[] = [];
      for (let p = size - 1; p >= 0; p--) {
        const mixed = version >= 2 && words[p] % 2 === 1;
        const plane = mixed
          ? decodeMixedPlane(stored[p], length / size, size === 1 ? undefined : above)
          : unpack(new Cursor(stored[p]), words[p] && stored[p].length, length / size);
        plane.forEach((byte, i) => (piece[i * size + p] = byte));
        above.unshift(plane);
      }
      pieces.push({ bytes: piece });
      left -= length;
    }
    return pieces;
  });
  const tensors = readTensors(metadata, version);
  for (const pieces of channels) {
    for (const { bytes } of pieces) check(crc(bytes) === plain.uint32(), 'piece checksum');
  }
  for (const tensor of tensors) {
    tensor.rmse = new Float32Array(Uint32Array.of(plain.uint32()).buffer)[0];
    for (const block of tensor.blocks) block.crc = plain.uint32();
  }
  readTables(plain.take(plain.left), tensors);

  const payloads = tensors.map((tensor) => restoreTensor(tensor, data));
  if (version === 1 || data.left > 0) checkStatement(data, version);
  const files = readFiles(
    metadata,
    channels.map((pieces) => new Cursor(join(pieces.map(({ bytes }) => bytes)))),
    payloads,
    version,
  );
  check(metadata.left === 0, 'metadata left');
  return { recipe, files, tensors };
}

/** Of a plane that has `plain` bytes when it is unpacked. */
function storedLength(word: number, plain: number, version: number): number {
  if (word === 0) return plain;
  const length = version === 1 ? word : Math.floor(word / 2);
  const mixed = version >= 2 && word % 2 === 1;
  check(length < plain && length * 1032 >= plain && !(mixed && plain > 2 ** 18), 'plane');
  return length;
}

function readTensors(metadata: Cursor, version: number): DecodedTensor[] {
  const tensors: DecodedTensor[] = [];
  let id = -1;
  for (let n = metadata.varint(); n > 0; n--) {
    const zigzag = metadata.varint();
    id += 1 + (zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2);
    const flags = version < 3 ? metadata.take(1)[0] : metadata.varint();
    const dtype = (flags % 4) + 4 * Math.floor(flags / 256);
    check(dtype < 6, 'type');
    const arithmetic = Math.floor(flags / 4) % 2 === 1;
    const grid = version >= 2 && Math.floor(flags / 8) % 2 === 1;
    const index = Math.floor(flags / 16) % 16;
    check(!(grid && dtype > 3), 'grid of bytes');
    const indexBits = version === 1 ? Math.floor(flags / 8) : index === 0 ? 0 : index + 1;
    check(indexBits !== 1 && indexBits <= 16, 'index bits');
    const weights = metadata.varint();
    const rowLength = metadata.varint();
    const kernelLength = metadata.varint();
    const levels = grid ? readGrid(metadata, weights, rowLength) : undefined;
    const blocks: DecodedTensor['blocks'] = [];
    for (let start = 0; start < weights; start += 2 ** 20) {
      const values = metadata.varint();
      const sparse = !arithmetic && indexBits > 0;
      const gaps = sparse ? metadata.varint() : 0;
      const entries = sparse ? metadata.varint() : Math.min(2 ** 20, weights - start);
      blocks.push({ values, gaps, entries, crc: 0 });
    }
    const none = { codebook: [], valueLengths: [], gapLengths: [] };
    const shape = { weights, rowLength, kernelLength, levels };
    tensors.push({
      id,
      dtype,
      arithmetic,
      indexBits,
      ...shape,
      blocks,
      rmse: 0,
      ...none,
    });
  }
  return tensors;
}

function readGrid(metadata: Cursor, weights: number, rowLength: number): DecodedGrid {
  const largest = metadata.varint();
  const layout = metadata.varint();
  const matrices = Math.floor(layout / 4);
  const transposed = layout % 2 === 1;
  const other = weights / matrices / rowLength;
  check(largest <= 32767 && weights > 0 && Number.isInteger(other), 'grid');
  const [rows, cols] = transposed ? [rowLength, other] : [other, rowLength];
  const byColumn = Math.floor(layout / 2) % 2 === 1;
  return { largest, rows, cols, matrices, transposed, byColumn, scales: [], columnScales: [] };
}

function readFiles(
  metadata: Cursor,
  channels: Cursor[],
  payloads: Uint8Array[],
  version: number,
): DecodedFile[] {
  const files: DecodedFile[] = [];
  let hole = 0;
  for (let n = metadata.varint(); n > 0; n--) {
    const location = metadata.text();
    const parts: Uint8Array[] = [];
    for (let runs = metadata.varint(); runs > 0; runs--) {
      const word = metadata.varint();
      const kind = word % 8;
      const count = Math.floor(word / 8);
      check(kind <= (version > 2 ? 5 : 4) && (kind === 4) === (count === 0), 'run');
      if (kind === 5) {
        parts.push(hashedPayload(metadata, channels[2].take(count * 4)));
        continue;
      }
      parts.push(kind === 4 ? payloads[hole++] : channels[kind].take(count * elements[kind]));
    }
    files.push({ location, bytes: join(parts) });
  }
  check(hole === payloads.length && channels.every((c) => c.left === 0), 'bytes nowhere');
  return files;
}

/** docs/dcz-format.md, section 3.1. */
function hashedPayload(metadata: Cursor, stored: Uint8Array): Uint8Array {
  const [id, outputs, inputs, flags, seed] = Array.from({ length: 5 }, () => metadata.varint());
  const count = stored.length / 4;
  check(id < 2 ** 31 && seed < 2 ** 32 && flags < 4, 'hashed tensor');
  check(count <= outputs * inputs && outputs * inputs <= 2 ** 31, 'hashed tensor');
  check(flags < 2 || inputs === 1, 'hashed bias');
  const values = Float32Array.from({ length: count }, (_, k) =>
    new DataView(stored.buffer, stored.byteOffset).getFloat32(4 * k, true),
  );
  const layout = { values: count, outputs, inputs, seed };
  const order = { transposed: flags % 2 === 1, bias: flags > 1 };
  return new Uint8Array(slowHashedWeights({ ...layout, ...order }, values).buffer);
}

function restoreTensor(tensor: DecodedTensor, data: Cursor): Uint8Array {
  const width = widths[tensor.dtype];
  const parts = tensor.blocks.map(({ values, gaps, entries, crc: expected }, b) => {
    const n = Math.min(2 ** 20, tensor.weights - b * 2 ** 20);
    const valueStream = data.take(values);
    const gapStream = data.take(gaps);
    const { levels } = tensor;
    const codes = tensor.arithmetic
      ? levels
        ? decodeLevelBlock({ ...tensor, ...levels }, b * 2 ** 20, n, valueStream).map((k) =>
            k === 0 ? 0 : k > 0 ? levels.largest + k : levels.largest + 1 + k,
          )
        : decodeArithmeticBlock(tensor, b * 2 ** 20, n, valueStream)
      : decodeHuffmanBlock(tensor, n, entries, valueStream, gapStream);
    const payload = new DataView(new ArrayBuffer(n * width));
    codes.forEach((code, i) => {
      check(code < tensor.codebook.length, 'code');
      const scale = tensor.levels ? scaleAt(tensor.levels, b * 2 ** 20 + i) : 1;
      putValue(payload, i * width, tensor.dtype, tensor.codebook[code] * scale);
    });
    const bytes = new Uint8Array(payload.buffer);
    check(crc(bytes) === expected, 'block checksum');
    return bytes;
  });
  return join(parts);
}

/** docs/dcz-coding.md, section 6. */
function scaleAt(grid: DecodedGrid, i: number): number {
  const { rows, cols, transposed, scales, columnScales, byColumn } = grid;
  const matrix = Math.floor(i / (rows * cols));
  const inside = i % (rows * cols);
  const row = transposed ? inside % rows : Math.floor(inside / cols);
  const col = transposed ? Math.floor(inside / rows) : inside % cols;
  const scale = scaleOf(scales[matrix * rows + row]);
  return byColumn ? scale * scaleOf(columnScales[matrix * cols + col]) : scale;
}

/** round(2^15 x 2^(j / 64)) x 2^(e - 15). */
function scaleOf(log: number): number {
  const e = Math.floor(log / 64);
  return mantissas[log - 64 * e] * 2 ** (e - 15);
}

/** The roots are found among the integers: the least m with (2 m + 1)^64 >= 2^(16 x 64 + j). */
const mantissas = Array.from({ length: 64 }, (_, j) => {
  const goal = 2n ** BigInt(16 * 64 + j);
  let low = 32768n;
  let high = 65536n;
  while (low < high) {
    const m = (low + high) / 2n;
    if ((2n * m + 1n) ** 64n >= goal) high = m;
    else low = m + 1n;
  }
  return Number(low);
});

/** Rounds to the nearest, ties to even. The halves are found by exact scaling to an integer. */
function putValue(view: DataView, at: number, dtype: number, value: number): void {
  if (dtype === 3) view.setFloat64(at, value, true);
  else if (dtype > 3) view.setUint8(at, (value + (dtype === 5 ? 128 : 0) + 256) % 256);
  else if (dtype === 0) view.setFloat32(at, value, true);
  else view.setUint16(at, dtype === 1 ? halfBits(value, 10, 15) : halfBits(value, 7, 127), true);
}

function halfBits(value: number, fraction: number, bias: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  const infinity = (2 * bias + 1) * 2 ** fraction;
  if (Number.isNaN(size)) return infinity + 2 ** (fraction - 1);
  if (size === Infinity) return sign + infinity;
  let exponent = 1 - bias;
  while (exponent < bias && size >= 2 ** (exponent + 1)) exponent++;
  const exact = (size / 2 ** exponent) * 2 ** fraction;
  let rounded = Math.floor(exact);
  const rest = exact - rounded;
  if (rest > 0.5 || (rest === 0.5 && rounded % 2 === 1)) rounded++;
  return sign + Math.min((exponent + bias - 1) * 2 ** fraction + rounded, infinity);
}

// ---- the adaptive stream ----

function readTables(stream: Uint8Array, tensors: DecodedTensor[]): void {
  const bits = new IndependentBits(stream);
  const means = { Channel: 0, Column: 0 };
  for (const tensor of tensors) {
    if (tensor.levels) readScales(bits, tensor, tensor.levels, means);
    else tensor.codebook = readCodebook(bits);
    if (tensor.arithmetic) continue;
    tensor.valueLengths = readLengths(bits, 'V', tensor.codebook.length);
    if (tensor.indexBits > 0) tensor.gapLengths = readLengths(bits, 'G', 2 ** tensor.indexBits);
  }
  const extra = stream.length - (bits.shifted - 4);
  check(extra >= 0 && extra <= 4, 'length of the adaptive stream');
}

function tree(bits: IndependentBits, family: string, count: number): number {
  let node = 1;
  for (let i = 0; i < count; i++) node = 2 * node + bits.inContext(`${family} ${node}`);
  return node - 2 ** count;
}

function readScales(
  bits: IndependentBits,
  tensor: DecodedTensor,
  grid: DecodedGrid,
  means: { Channel: number; Column: number },
): void {
  const { largest, matrices, rows, cols } = grid;
  tensor.codebook = [0];
  for (let k = -largest; k <= largest; k++) if (k !== 0) tensor.codebook.push(k);
  grid.scales = readScaleList(bits, 'Channel', matrices * rows, 57600, means);
  if (grid.byColumn)
    grid.columnScales = readScaleList(bits, 'Column', matrices * cols, 6400, means);
}

function readScaleList(
  bits: IndependentBits,
  which: 'Channel' | 'Column',
  count: number,
  limit: number,
  means: { Channel: number; Column: number },
): number[] {
  const unit = 2 ** tree(bits, `${which} Shift`, 3);
  const scales: number[] = [];
  let length = 18;
  let sign = 0;
  for (let i = 0; i < count; i++) {
    const prediction = Math.floor(means[which] / (16 * unit));
    length = tree(bits, `${which} Length ${length}`, 5);
    check(length <= 17, 'scale');
    let difference = 0;
    if (length === 0) sign = 0;
    else {
      const negative = bits.inContext(`${which} Sign ${sign}`) === 1;
      sign = negative ? 1 : 2;
      difference = 1;
      if (length > 1) difference = 2 + bits.inContext(`${which} Second ${length}`);
      if (length > 2) difference = difference * 2 ** (length - 2) + bits.raw(length - 2);
      if (negative) difference = -difference;
    }
    const scale = (prediction + difference) * unit;
    check(Math.abs(scale) <= limit, 'scale');
    means[which] =
      i === 0 ? 16 * scale : means[which] + Math.floor((16 * scale - means[which]) / 4);
    scales.push(scale);
  }
  return scales;
}

function readCodebook(bits: IndependentBits): number[] {
  const codebook = [0];
  const count = tree(bits, 'Count', 9);
  check(count <= 256, 'codebook length');
  if (count === 0) return codebook;
  if (bits.inContext('Wide') === 1) {
    for (let i = 0; i < count; i++) {
      const word = new DataView(new ArrayBuffer(8));
      word.setUint32(0, bits.raw(32));
      word.setUint32(4, bits.raw(32));
      codebook.push(word.getFloat64(0));
    }
    return codebook;
  }
  const unit = 2 ** tree(bits, 'Shift', 5);
  let length = 0;
  let sign = 0;
  for (let i = 1; i <= count; i++) {
    const a = codebook[i - 1];
    let line = i === 2 ? a : Math.fround(2 * a - codebook[i - 2]);
    if (Number.isNaN(line)) line = a;
    const prediction = i === 1 ? 0 : rankOf(line, unit);
    length = tree(bits, `Length ${Math.floor(length / 2)}`, 6);
    check(length <= 32, 'difference');
    let difference = 0;
    if (length === 0) sign = 0;
    else {
      const negative = bits.inContext(`Sign ${sign}`) === 1;
      sign = negative ? 1 : 2;
      difference = 1;
      if (length > 1) difference = 2 + bits.inContext(`Second ${length}`);
      if (length > 2) difference = difference * 2 ** (length - 2) + bits.raw(length - 2);
      if (negative) difference = -difference;
    }
    const rank = prediction + difference;
    check(rank >= -(2 ** 31) / unit && rank < 2 ** 31 / unit, 'rank');
    codebook.push(valueOf(rank, unit));
  }
  return codebook;
}

function rankOf(value: number, unit: number): number {
  const bits = Number.isNaN(value) ? 0x7fc00000 : new Uint32Array(Float32Array.of(value).buffer)[0];
  return bits < 2 ** 31 ? Math.floor(bits / unit) : -Math.floor((bits - 2 ** 31) / unit) - 1;
}

function valueOf(rank: number, unit: number): number {
  const bits = rank >= 0 ? rank * unit : (-rank - 1) * unit + 2 ** 31;
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}

function readLengths(bits: IndependentBits, which: string, symbols: number): number[] {
  const lengths = new Array<number>(symbols).fill(0);
  const e = tree(bits, `${which} Used`, 5);
  const used = e === 0 ? 0 : 2 ** (e - 1) + bits.raw(e - 1);
  check(used <= symbols, 'code table');
  let last = 8;
  let absent = 0;
  let step1 = 0;
  let step2 = 0;
  for (let s = 0; s < used; s++) {
    absent = bits.inContext(`${which} Absent ${absent}`);
    if (absent === 1) continue;
    let step = 0;
    if (bits.inContext(`${which} Moved ${step1} ${step2}`) === 1) {
      const longer = bits.inContext(`${which} Longer ${step1} ${step2}`) === 1;
      let size = 1;
      while (size <= 16 && bits.inContext(`${which} Further ${Math.min(size - 1, 7)}`) === 1)
        size++;
      step = longer ? size : -size;
    }
    last += step;
    check(last >= 1 && last <= 16, 'code length');
    lengths[s] = last;
    step2 = step1;
    step1 = step === 0 ? 0 : step < 0 ? 1 : 2;
  }
  return lengths;
}

/** What follows the streams of version 2: nothing, or bytes whose checksum, the last four of them, holds. */
function checkStatement(data: Cursor, version: number): void {
  if (version === 1) return check(data.left === 0, 'bytes between');
  check(data.left > 6 && data.left <= 65541, 'bytes after the streams');
  const said = data.take(data.left - 4);
  const sum = data.take(4);
  check(crc(said) === new DataView(sum.buffer, sum.byteOffset, 4).getUint32(0, true), 'statement');
}

// ---- bytes ----

class Cursor {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(count: number): Uint8Array {
    check(count <= this.left, 'end');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  varint(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const [byte] = this.take(1);
      value += (byte % 128) * unit;
      if (byte < 128) return value;
      check(unit < 2 ** 49, 'varint');
    }
  }

  uint32(): number {
    return this.take(4).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  text(): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.take(this.varint()));
  }
}

/** The preset dictionary, as the specification prints it. */
function dictionary(): Buffer {
  const text = readFileSync('docs/dcz-format.md', 'utf8');
  const found = /preset dictionary, (\d+) bytes[^\n]*\n\n {4}(\S+)\n/.exec(text);
  check(Number(found?.[1]) === found?.[2]!.length, 'the dictionary has its length');
  return Buffer.from(found![2]!, 'latin1');
}

function unpack(from: Cursor, deflated: number, length: number, dictionary?: Buffer): Uint8Array {
  if (deflated === 0) return from.take(length);
  const bytes = inflateRawSync(from.take(deflated), { maxOutputLength: length, dictionary });
  check(bytes.length === length, 'inflated length');
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Bit by bit. */
function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) {
    c ^= byte;
    for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}
