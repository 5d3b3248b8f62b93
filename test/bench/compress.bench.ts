/**
 * Weights a second of every stage of a compression, on one thread, over generated normal weights
 * (seeded): the deep-compression settings of a fully connected layer, then the arithmetic coder; and
 * k-means on binned points against the paper's plain iteration over all weights. Processor time, so
 * that other load on the machine matters little.
 */
import { blockWeights, type CodedBlock } from '../../src/compress/coded.ts';
import { codeLengths } from '../../src/compress/code/code-lengths.ts';
import { ArithmeticKernel } from '../../src/compress/code/arithmetic-kernel.ts';
import { decodePlain, encodePlain } from '../../src/compress/code/arithmetic-plain.ts';
import { LevelKernel } from '../../src/compress/code/level-kernel.ts';
import { decodeLevelsPlain, encodeLevelsPlain } from '../../src/compress/code/levels-plain.ts';
import { codeOf } from '../../src/compress/share/grid.ts';
import { BlockDecoder } from '../../src/compress/code/decode-block.ts';
import type { TensorCoding } from '../../src/compress/code/encode-block.ts';
import { cheapestIndex, gapCounts } from '../../src/compress/code/relative-index.ts';
import { Restorer } from '../../src/compress/code/restore.ts';
import { Histogram } from '../../src/compress/histogram.ts';
import { SortedPoints } from '../../src/compress/share/clusters.ts';
import { initialCentroids, kmeans } from '../../src/compress/share/kmeans.ts';
import { optimalCentroids } from '../../src/compress/share/optimal.ts';
import {
  nearestQuantizer,
  QuantizerTable,
  type Quantizer,
} from '../../src/compress/share/quantizer.ts';
import { StatisticsCounter } from '../../src/compress/statistics.ts';
import { runTask, type ResultOf, type Task, type WeightSource } from '../../src/compress/tasks.ts';
import { crc32 } from '../../src/model/crc32.ts';
import { mulberry32 } from '../../src/model/random.ts';

const blocks = 4;
const n = blocks * blockWeights;
const rowLength = 4096;
const std = 0.02;

function normal(count: number): Float32Array {
  const random = mulberry32(1);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const r = std * Math.sqrt(-2 * Math.log(1 - random()));
    const a = 2 * Math.PI * random();
    values[i] = r * Math.cos(a);
    values[i + 1] = r * Math.sin(a);
  }
  return values;
}

/** Processor seconds of `work`, the least of a few runs. */
function seconds(work: () => void, runs = 5): number {
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}

const print = (stage: string, time: number, note = ''): void => {
  const ns = ((time / n) * 1e9).toFixed(1).padStart(7);
  const rate = (n / time / 1e6).toFixed(1).padStart(7);
  console.log(`${stage.padEnd(34)} ${ns} ns/weight ${rate} M weights/s  ${note}`);
};

/** Both directions of a coder of blocks; `stream` codes the block with the plain coder, once. */
interface BlockCoders {
  readonly stream: (block: number) => Uint8Array;
  readonly encode: Readonly<Record<'fast' | 'plain', (block: number) => unknown>>;
  readonly decode: Readonly<
    Record<'fast' | 'plain', (block: number, stream: Uint8Array) => unknown>
  >;
}

/**
 * A coder of blocks in WebAssembly against the same in plain TypeScript, both ways. Baselines: the
 * plain coder; none of both counts the quantizing and the checksum around it.
 */
function compareCoders(name: string, { stream, encode, decode }: BlockCoders): void {
  const streams = Array.from({ length: blocks }, (_, b) => stream(b));
  const bits = (8 * streams.reduce((sum, s) => sum + s.length, 0)) / n;
  const both = { encode, decode };
  for (const direction of ['encode', 'decode'] as const) {
    const all = (kind: 'fast' | 'plain') => (): void =>
      streams.forEach((bytes, b) => both[direction][kind](b, bytes));
    const baseline = seconds(all('plain'), 2);
    const time = seconds(all('fast'), 3);
    print(`${name} ${direction}, plain`, baseline, 'not in the sum');
    print(
      `${name} ${direction}, WebAssembly`,
      time,
      `${bits.toFixed(2)} bits a weight, ${(baseline / time).toFixed(1)} times the plain coder, not in the sum`,
    );
  }
}

const blockCodes = (make: (block: number, codes: Uint16Array) => void): Uint16Array[] =>
  Array.from({ length: blocks }, (_, b) => {
    const codes = new Uint16Array(blockWeights);
    make(b, codes);
    return codes;
  });

function compareCodesCoders(coding: TensorCoding, quantizer: Quantizer): void {
  const kernel = new ArithmeticKernel();
  const table = new QuantizerTable(quantizer, n);
  const codes = blockCodes((b, of) => {
    const at = b * blockWeights;
    table.quantize(weights.subarray(at, at + blockWeights), blockWeights, at, of);
  });
  const decoded = new Uint16Array(blockWeights);
  const at = (b: number): number => b * blockWeights;
  compareCoders('arithmetic', {
    stream: (b) => encodePlain(coding, at(b), codes[b], blockWeights),
    encode: {
      fast: (b) => kernel.encode(coding, at(b), codes[b], blockWeights),
      plain: (b) => encodePlain(coding, at(b), codes[b], blockWeights),
    },
    decode: {
      fast: (b, stream) => kernel.decode(coding, at(b), stream, decoded, blockWeights),
      plain: (b, stream) => decodePlain(coding, at(b), stream, decoded, blockWeights),
    },
  });
}

/** Levels of the weights at a step of so many standard deviations. */
function compareLevelCoders(step: number): void {
  const kernel = new LevelKernel();
  const level = (i: number): number => Math.round(weights[i] / (step * std));
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(level(i)));
  const shape = { largest, rowLength, kernelLength: 1 };
  const codes = blockCodes((b, of) => {
    for (let i = 0; i < blockWeights; i++) of[i] = codeOf(level(b * blockWeights + i), largest);
  });
  const decoded = new Uint16Array(blockWeights);
  const at = (b: number): number => b * blockWeights;
  console.log(`\nlevels of a grid, ${largest} the largest: ${n} weights`);
  compareCoders('levels', {
    stream: (b) => encodeLevelsPlain(shape, at(b), codes[b], blockWeights),
    encode: {
      fast: (b) => kernel.encode(shape, at(b), codes[b], blockWeights),
      plain: (b) => encodeLevelsPlain(shape, at(b), codes[b], blockWeights),
    },
    decode: {
      fast: (b, stream) => kernel.decode(shape, at(b), stream, decoded, blockWeights),
      plain: (b, stream) => decodeLevelsPlain(shape, at(b), stream, decoded, blockWeights),
    },
  });
}

const weights = normal(n);
const source: WeightSource = {
  weights: n,
  dtype: 'float32',
  readValues: (start, target) => target.set(weights.subarray(start, start + target.length)),
};
const each = <K extends Task['kind']>(
  make: (block: number) => Extract<Task, { kind: K }>,
): ResultOf<K>[] =>
  Array.from({ length: blocks }, (_, b) => runTask(source, make(b)) as ResultOf<K>);

for (const [name, quality, bits] of [
  ['fully connected, half pruned, 5 bits', 0.67, 5],
  ['fully connected, nine tenths pruned', 1.645, 5],
  ['convolution, a third pruned, 8 bits', 0.43, 8],
] as const) {
  console.log(`\n${name}: ${n} weights`);
  let total = 0;
  const stage = (label: string, work: () => void, note = '', counts = true): void => {
    const time = seconds(work);
    if (counts) total += time;
    print(label, time, note);
  };

  const histogram = new Histogram();
  let parts: ResultOf<'histogram'>[] = [];
  stage('statistics and histogram', () => {
    parts = each((block) => ({ kind: 'histogram', block, exact: false }));
  });
  for (const { part } of parts) histogram.add(part);
  const threshold = quality * histogram.deviation;
  const all = histogram.points();
  const keep = (_: number, i: number): boolean => Math.abs(all.values[i]) >= threshold;
  const points = new SortedPoints({
    values: all.values.filter(keep),
    counts: all.counts.filter(keep),
  });
  const k = 2 ** bits - 1;
  const start = initialCentroids(points, k, 'linear', 0, threshold);
  let centroids = start;
  let rounds = 0;
  stage(`k-means on ${points.length} points`, () => {
    ({ centroids, rounds } = kmeans(points, start));
  });
  stage('optimal k-means', () => void optimalCentroids(points, k), 'not in the sum', false);
  const { quantizer, codebook } = nearestQuantizer(centroids, threshold, 'float32');
  const assignment = { kind: 'values', quantizer } as const;

  let counts: ResultOf<'count'>[] = [];
  stage('count (quantize, two histograms)', () => {
    counts = each((block) => ({ kind: 'count', block, assignment, codebook }));
  });
  const counter = new StatisticsCounter(codebook.length);
  for (const c of counts) counter.merge(c);
  const stats = counter.result();
  const index = cheapestIndex(stats.runs, stats.codeCounts);
  const gaps = gapCounts(stats.runs, index.bits);
  const values = Float64Array.from(stats.codeCounts);
  if (index.bits > 0) values[0] = gaps.fillers;
  const huffman: TensorCoding = {
    tensor: 0,
    dtype: 'float32',
    weights: n,
    codebook,
    coder: 'huffman',
    indexBits: index.bits,
    valueLengths: codeLengths(values),
    gapLengths: index.bits > 0 ? codeLengths(gaps.counts) : new Uint8Array(0),
    rowLength,
    kernelLength: 1,
  };
  const arithmetic: TensorCoding = {
    ...huffman,
    coder: 'arithmetic',
    indexBits: 0,
    valueLengths: new Uint8Array(0),
    gapLengths: new Uint8Array(0),
  };
  const codes = new Uint16Array(blockWeights);
  const payload = new Uint8Array(4 * blockWeights);
  for (const coding of [huffman, arithmetic]) {
    const counted = coding === huffman;
    const note = counted ? '' : 'not in the sum';
    let coded: CodedBlock[] = [];
    stage(
      `encode, ${coding.coder}${counted ? `, index ${index.bits} bits` : ''}`,
      () => {
        coded = each((block) => ({ kind: 'encode', block, assignment, coding })).map(
          (r) => r.coded,
        );
      },
      note,
      counted,
    );
    const bytes = coded.reduce((sum, b) => sum + b.values.length + b.gaps.length, 0);
    stage(
      'verify',
      () => {
        for (const r of each((block) => ({
          kind: 'verify',
          block,
          assignment,
          coding,
          coded: coded[block],
        }))) {
          if (r.difference >= 0) throw new Error(`differs at ${r.difference}`);
        }
      },
      `${((8 * bytes) / n).toFixed(3)} bits a weight${counted ? '' : ', not in the sum'}`,
      counted,
    );
    const decoder = new BlockDecoder(coding);
    const restorer = new Restorer(coding);
    stage(
      'decode alone',
      () => coded.forEach((block, b) => decoder.decode(b, block, codes)),
      'not in the sum',
      false,
    );
    if (!counted) continue;
    stage(
      'restore alone',
      () => coded.forEach((_, b) => restorer.restore(codes, payload, b * blockWeights)),
      'not in the sum',
      false,
    );
    stage('CRC-32 alone', () => coded.forEach(() => crc32(payload)), 'not in the sum', false);
  }
  print('sum', total);
  compareCodesCoders(arithmetic, quantizer);

  // the paper's iteration: every weight looks for its nearest centroid, every round
  const survivors = weights.filter((w) => Math.abs(w) >= threshold);
  const sums = new Float64Array(k);
  const sizes = new Float64Array(k);
  const plain = (): void => {
    const boundaries = Float64Array.from(start, (c, i) =>
      i + 1 < k ? c / 2 + start[i + 1] / 2 : Infinity,
    );
    sums.fill(0);
    sizes.fill(0);
    for (let i = 0; i < survivors.length; i++) {
      let low = 0;
      let high = k - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (survivors[i] >= boundaries[middle]) low = middle + 1;
        else high = middle;
      }
      sums[low] += survivors[i];
      sizes[low]++;
    }
  };
  const round = seconds(plain, 3);
  const binned = seconds(() => void kmeans(points, start));
  console.log(
    `k-means to convergence, ${rounds} rounds: ${(binned * 1e3).toFixed(1)} ms on binned points; ` +
      `plain Lloyd over all weights (with a binary search) ${(round * rounds * 1e3).toFixed(0)} ms: ` +
      `${((round * rounds) / binned).toFixed(0)} times longer`,
  );
}

for (const step of [1, 0.35, 0.12]) compareLevelCoders(step);
