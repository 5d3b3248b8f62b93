/** Random models for the container's tests: every dtype, coder, index width and odd shape. */
import type { Coder } from '../../../src/compress/coded.ts';
import { isCompressible, type CompressibleDType } from '../../../src/model/dtype.ts';
import type { HashedLayout } from '../../../src/compress/hash/places.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../../src/model/half.ts';
import { codeOf, levelCodebook, type Grid } from '../../../src/compress/share/grid.ts';
import { scaleOf } from '../../../src/compress/share/scales.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { codeTensor, fakeModel, payloadOf, width, type FakeModel, type Part } from './models.ts';

export type Random = () => number;

const dtypes: readonly CompressibleDType[] = ['float32', 'float16', 'bfloat16', 'float64'];

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)];
}

/** About normal. */
export function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(random() + 2 ** -33)) * Math.cos(6.283185 * random());
}

export function exactIn(dtype: CompressibleDType, value: number): number {
  if (dtype === 'float16') return fromFloat16(toFloat16(value));
  if (dtype === 'bfloat16') return fromBfloat16(toBfloat16(value));
  return dtype === 'float32' ? Math.fround(value) : value;
}

/** `count` ascending values after the reserved zero. */
export function randomCodebook(
  random: Random,
  dtype: CompressibleDType,
  count: number,
): Float64Array {
  const spread = 10 ** (random() * 6 - 4);
  const values = Float64Array.from({ length: count }, () =>
    exactIn(dtype, gaussian(random) * spread),
  );
  if (random() < 0.2 && count > 3) values.set([-Infinity, Infinity, -0]);
  return Float64Array.of(0, ...values.sort());
}

export function randomBytes(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(random() * random() * 256));
}

function randomFloats(random: Random): Part {
  const dtype = pick(random, dtypes);
  const count = Math.floor(random() * 80);
  const book = randomCodebook(random, dtype, count);
  return { kind: 'floats', dtype, bytes: payloadOf(book, Array.from(book.keys()), dtype) };
}

export function randomCodes(random: Random, weights: number, values: number): Uint16Array {
  const density = values === 0 ? 0 : pick(random, [0, 0.01, 0.1, 0.5, 1]);
  return Uint16Array.from({ length: weights }, () =>
    random() < density ? 1 + Math.floor(random() * random() * values) : 0,
  );
}

/** Some of the bytes there are, as a codebook has them. */
function randomBytebook(random: Random): Float64Array {
  const bytes = Float64Array.from({ length: 256 }, (_, i) => i - 128).filter((v) => v !== 0);
  const share = pick(random, [0, 0.01, 0.3, 1]);
  return Float64Array.of(0, ...bytes.filter(() => random() < share));
}

export function randomCoded(random: Random, id: number, weights: number): Part {
  if (weights > 0 && random() < 0.3) return randomGrid(random, id, weights);
  const bytewise = random() < 0.2;
  const dtype = bytewise ? pick(random, ['int8', 'uint8'] as const) : pick(random, dtypes);
  const coder = pick<Coder>(random, ['huffman', 'arithmetic']);
  const count = pick(random, [0, 1, 2, 15, 31, 255, 256]);
  const codebook = isCompressible(dtype)
    ? randomCodebook(random, dtype, count)
    : randomBytebook(random);
  const codes = randomCodes(random, weights, codebook.length - 1);
  const indexBits = coder === 'arithmetic' ? 0 : pick(random, [0, 2, 4, 5, 8, 16]);
  const kernelLength = weights % 9 === 0 && weights > 0 ? 9 : 1;
  const rowLength = weights % 36 === 0 && weights > 0 ? 36 : kernelLength;
  const shape = { rowLength, kernelLength };
  const coded = codeTensor(codes, { tensor: id, dtype, codebook, coder, indexBits, ...shape });
  return {
    kind: 'coded',
    coded,
    payload: payloadOf(codebook, codes, dtype),
    grown: random() < 0.2,
  };
}

/** The scale of weight `i` by the formulas of docs/dcz-coding.md, section 6. */
export function scaleAt(grid: Grid, i: number): number {
  const { rows, cols, transposed, scales, columnScales } = grid;
  const matrix = Math.floor(i / (rows * cols));
  const inside = i % (rows * cols);
  const row = transposed ? inside % rows : Math.floor(inside / cols);
  const col = transposed ? Math.floor(inside / rows) : inside % cols;
  const ofColumn = columnScales ? scaleOf(columnScales[matrix * cols + col]) : 1;
  return scaleOf(scales[matrix * rows + row]) * ofColumn;
}

export function randomGridOf(random: Random, weights: number): Grid {
  const divisors = (n: number): number[] =>
    Array.from({ length: Math.min(n, 400) }, (_, i) => i + 1).filter((d) => n % d === 0);
  const matrices = pick(random, divisors(weights).slice(0, 3));
  const rows = pick(random, divisors(weights / matrices));
  const cols = weights / matrices / rows;
  const scales = (count: number, middle: number, spread: number): Int32Array =>
    Int32Array.from({ length: count }, () => middle + Math.round(gaussian(random) * spread));
  const spread = pick(random, [0, 8, 100]);
  return {
    ...{ rows, cols, transposed: random() < 0.5 },
    scales: scales(matrices * rows, -300, spread).map((s) => (s >> 2) << 2),
    ...(random() < 0.3 && { columnScales: scales(matrices * cols, 0, spread) }),
  };
}

function randomGrid(random: Random, id: number, weights: number): Part {
  const dtype = pick(random, dtypes);
  const coder = pick<Coder>(random, ['huffman', 'arithmetic']);
  const largest = pick(
    random,
    coder === 'arithmetic' ? [0, 1, 2, 3, 5, 7, 127, 1000, 32767] : [0, 1, 3, 7, 127, 1000],
  );
  const grid = randomGridOf(random, weights);
  const codebook = levelCodebook(largest);
  const density = pick(random, [0.1, 0.5, 1]);
  const codes = Uint16Array.from({ length: weights }, () => {
    if (random() > density) return 0;
    const level = Math.round((gaussian(random) * largest) / 4);
    return codeOf(Math.max(-largest, Math.min(largest, level)), largest);
  });
  const indexBits = coder === 'arithmetic' ? 0 : pick(random, [0, 4]);
  const rowLength = grid.transposed ? grid.rows : grid.cols;
  const kernelLength = rowLength % 9 === 0 ? 9 : 1;
  const kind = { tensor: id, dtype, codebook, coder, indexBits, rowLength, kernelLength, grid };
  const payload = payloadOf(codebook, codes, dtype, (i) => scaleAt(grid, i));
  return { kind: 'coded', coded: codeTensor(codes, kind), payload };
}

/** A model of one to three files with up to a dozen parts each. */
export function randomModel(seed: number): FakeModel {
  const random = mulberry32(seed);
  let id = Math.floor(random() * 3);
  const files = ['', 'weights.bin', 'more/weights.data'].slice(0, pick(random, [1, 1, 2, 3]));
  return fakeModel(
    files.map((location) => {
      const parts: Part[] = [];
      for (let n = Math.floor(random() * 12); n > 0; n--) {
        const kind = random();
        if (kind < 0.4)
          parts.push({ kind: 'bytes', bytes: randomBytes(random, pick(random, [1, 5, 40, 700])) });
        else if (kind < 0.6) parts.push(randomFloats(random));
        else {
          parts.push(randomCoded(random, id, pick(random, [0, 1, 2, 36, 333, 1800])));
          id += pick(random, [1, 1, 2, 7]);
        }
      }
      return { location, parts };
    }),
  );
}

/** Little-endian bytes of float32 values. */
export function float32Bytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length * width.float32);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], true);
  return bytes;
}

/** Hashed tensors between others: as they are used, turned, and a bias. */
export function hashedModel(): FakeModel {
  const random = mulberry32(11);
  const hashed = (tensor: number, layout: Omit<HashedLayout, 'seed'>): Part => {
    const values = Float32Array.from({ length: layout.values }, () => gaussian(random));
    return { kind: 'hashed', tensor, layout: { ...layout, seed: 1691 }, values };
  };
  const bytes = (length: number): Part => ({ kind: 'bytes', bytes: randomBytes(random, length) });
  const numbers = Array.from({ length: 40 }, () => gaussian(random));
  const floats: Part = { kind: 'floats', dtype: 'float32', bytes: float32Bytes(numbers) };
  const matrix = { transposed: false, bias: false };
  return fakeModel([
    {
      location: '',
      parts: [
        bytes(20),
        hashed(2, { values: 40, outputs: 12, inputs: 104, ...matrix }),
        floats,
        hashed(0, { values: 700, outputs: 100, inputs: 70, ...matrix, transposed: true }),
        bytes(3),
        hashed(1, { values: 2, outputs: 12, inputs: 1, ...matrix, bias: true }),
      ],
    },
  ]);
}
