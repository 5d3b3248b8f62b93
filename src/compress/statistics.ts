/**
 * What is known of a layer's codes: how often each occurs, how long the runs of zeros are, and how far
 * the shared values are from the original ones. Either the pipeline counts it, or it is counted from
 * the decoded blocks of a container.
 */
import { blockWeights, type CodedTensor } from './coded.ts';
import { BlockDecoder } from './code/decode-block.ts';
import { weightsOfBlock } from './code/encode-block.ts';
import { countRuns, longRun, type RunHistogram } from './code/relative-index.ts';
import type { ResultOf } from './tasks.ts';

export interface LayerStatistics {
  /** Weights of each code; [0] are the pruned ones. */
  readonly codeCounts: Float64Array;
  readonly runs: RunHistogram;
  /** Root mean square of (restored value - original). */
  readonly rmse: number;
}

/** Adds up blocks; the order of the blocks does not matter but for `squaredError`'s last digits. */
export class StatisticsCounter {
  readonly #codeCounts: Float64Array;
  #short = new Float64Array(0);
  readonly #long: number[] = [];
  #squaredError = 0;

  constructor(codebookSize: number) {
    this.#codeCounts = new Float64Array(codebookSize);
  }

  /** Counts the codes of one block. */
  add(codes: Uint16Array, n: number): void {
    for (let i = 0; i < n; i++) this.#codeCounts[codes[i]]++;
    if (this.#short.length < longRun) this.#short = widen(this.#short, longRun);
    for (const run of countRuns(codes, n, this.#short)) this.#long.push(run);
  }

  /** Takes the counts of a `count` task. */
  merge({ codeCounts, runs, squaredError }: Omit<ResultOf<'count'>, 'kind'>): void {
    codeCounts.forEach((n, code) => (this.#codeCounts[code] += n));
    if (this.#short.length < runs.short.length) {
      this.#short = widen(this.#short, runs.short.length);
    }
    runs.short.forEach((n, run) => (this.#short[run] += n));
    for (const run of runs.long) this.#long.push(run);
    this.#squaredError += squaredError;
  }

  /** `rmse`: when it is known otherwise than from `merge`. */
  result(rmse?: number): LayerStatistics {
    let used = this.#short.length;
    while (used > 0 && this.#short[used - 1] === 0) used--;
    const weights = this.#codeCounts.reduce((a, b) => a + b, 0);
    return {
      codeCounts: this.#codeCounts,
      runs: { short: this.#short.slice(0, used), long: Float64Array.from(this.#long) },
      rmse: rmse ?? (weights > 0 ? Math.sqrt(this.#squaredError / weights) : 0),
    };
  }
}

function widen(counts: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(length);
  wider.set(counts);
  return wider;
}

/**
 * Statistics of a tensor from its blocks alone, `rmse` being recorded beside them. Decodes all of it,
 * a block a step: iterate to the end, the generator's return value is the result.
 */
export function* decodedStatistics(
  coded: CodedTensor,
  rmse: number,
): Generator<number, LayerStatistics> {
  const counter = new StatisticsCounter(coded.codebook.length);
  const decoder = new BlockDecoder(coded);
  const codes = new Uint16Array(Math.min(coded.weights, blockWeights));
  for (let block = 0; block * blockWeights < coded.weights; block++) {
    decoder.decode(block, coded.blocks[block], codes);
    counter.add(codes, weightsOfBlock(coded.weights, block));
    yield block;
  }
  return counter.result(rmse);
}
