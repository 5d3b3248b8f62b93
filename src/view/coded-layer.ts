/**
 * A layer of a .dcz: its codes by block, decoded once and kept in the cache (a byte a weight), its
 * values through the codebook, and what is counted of them. Every block is checked against its
 * CRC-32 when it is decoded. Passes over a layer of many blocks have them decoded ahead by other
 * threads, where there are any. Largest unit of work: one block of 2^20 weights.
 */
import type { CheckedDecoder } from '../compress/code/checked-decoder.ts';
import { weightsOfBlock } from '../compress/code/encode-block.ts';
import { decodeSymbols, huffmanTable } from '../compress/code/huffman.ts';
import { blockWeights, type CodedTensor } from '../compress/coded.ts';
import { levelValues } from '../compress/share/grid.ts';
import { StatisticsCounter, type LayerStatistics } from '../compress/statistics.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { ByteCache } from './cache.ts';
import type { Pace } from './pace.ts';
import type { Meter } from '../measure/meter.ts';
import type { LayerValues } from './values.ts';

/** A compressed tensor as its container gives it. */
export interface CodedSource {
  readonly coded: CodedTensor;
  readonly rmse: number;
  readonly stored: {
    readonly values: number;
    readonly index: number;
    readonly codebook: number;
    readonly tables: number;
    readonly total: number;
  };
}

export type Codes = Uint8Array | Uint16Array;

/** Threads that decode blocks, checked, beside the one that counts them. */
export interface BlockThreads {
  /** Blocks worth asking for at once. */
  readonly width: number;
  /** `index`: of the tensor among those that are compressed. */
  decode(index: number, block: number): Promise<Codes>;
}

/** Entries of a Huffman block: value symbols and gaps, in order. */
export interface BlockEntries {
  readonly values: Uint16Array;
  /** Empty when dense. */
  readonly gaps: Uint16Array;
}

export class CodedLayer {
  readonly coded: CodedTensor;
  readonly values: LayerValues;
  /** Blocks that other threads decode at the moment. */
  readonly #coming = new Map<number, Promise<void>>();
  /** Its codebook, a copy: made when values are first asked for. */
  #lookup: Float64Array | undefined;

  constructor(
    readonly source: CodedSource,
    private readonly key: string,
    private readonly cache: ByteCache,
    private readonly decoder: CheckedDecoder,
    private readonly threads?: { readonly of: BlockThreads; readonly index: number },
  ) {
    const { coded } = source;
    this.coded = coded;
    this.values = {
      weights: coded.weights,
      wide: coded.dtype === 'float64',
      ready: (start, end) =>
        this.ready(Math.floor(start / blockWeights), Math.ceil(end / blockWeights)),
      read: (start, target) => {
        const lookup = (this.#lookup ??= Float64Array.from(coded.codebook));
        for (let done = 0; done < target.length;) {
          const block = Math.floor((start + done) / blockWeights);
          const from = start + done - block * blockWeights;
          const codes = this.codes(block);
          const n = Math.min(codes.length - from, target.length - done);
          const part = target.subarray(done, done + n);
          const { grid, dtype } = coded;
          if (grid !== undefined)
            levelValues(grid, dtype, lookup, codes.subarray(from, from + n), n, start + done, part);
          else for (let i = 0; i < n; i++) part[i] = lookup[codes[from + i]];
          done += n;
        }
      },
    };
  }

  get blocks(): number {
    return this.coded.blocks.length;
  }

  /** Codes of a block, one a weight. */
  codes(block: number): Codes {
    const key = `${this.key}codes:${block}`;
    const kept = this.cache.get<Codes>(key);
    if (kept !== undefined) return kept;
    const decoded = this.decoder.decode(this.coded, block);
    const codes = this.coded.codebook.length <= 256 ? Uint8Array.from(decoded) : decoded.slice();
    return this.cache.set<Codes>(key, codes, codes.byteLength);
  }

  /**
   * Has the blocks from `block` up to below `end` decoded by other threads, a few ahead, unless they are
   * kept; waits for the first alone. Nothing to wait for: undefined. What does not come, or was given up
   * by the cache before it was read, `codes` decodes.
   */
  ready(block: number, end = this.blocks): Promise<void> | undefined {
    const { threads } = this;
    if (threads === undefined || this.blocks < 2) return undefined;
    const ahead = Math.min(end, block + threads.of.width);
    for (let b = block; b < ahead; b++) {
      const key = `${this.key}codes:${b}`;
      if (this.#coming.has(b) || this.cache.get(key) !== undefined) continue;
      const coming = threads.of
        .decode(threads.index, b)
        .then(
          (codes) => void this.cache.set(key, codes, codes.byteLength),
          () => {}, // `codes` will say what is wrong with it
        )
        .finally(() => this.#coming.delete(b));
      this.#coming.set(b, coming);
    }
    return this.#coming.get(block);
  }

  /** Counts of codes and of runs of zeros over the whole layer. */
  async statistics(pace: Pace): Promise<LayerStatistics> {
    const counter = new StatisticsCounter(this.coded.codebook.length);
    const wide = new Uint16Array(Math.min(this.coded.weights, blockWeights));
    for (let block = 0; block < this.blocks; block++) {
      if (pace.due) await pace.rest();
      await this.ready(block);
      const codes = this.codes(block);
      wide.set(codes);
      counter.add(wide, codes.length);
      pace.onFraction((block + 1) / this.blocks);
    }
    return counter.result(this.source.rmse);
  }

  /** Counts where the weights that are not zero lie: a code of 0 is one that was pruned. */
  async spread(load: Meter, pace: Pace): Promise<void> {
    for (let block = 0; block < this.blocks; block++) {
      if (pace.due) await pace.rest();
      await this.ready(block);
      load.add(this.codes(block));
    }
  }

  /** The symbols of a Huffman-coded block as they were sent. */
  entries(block: number): BlockEntries {
    const key = `${this.key}entries:${block}`;
    const kept = this.cache.get<BlockEntries>(key);
    if (kept !== undefined) return kept;
    const { coded } = this;
    const { entries, values: sent, gaps: sentGaps } = coded.blocks[block];
    const most = weightsOfBlock(coded.weights, block);
    if (!(entries >= 0 && entries <= most))
      throw new DeepCompressionError(
        'invalid-container',
        `damaged tensor ${coded.tensor}: a block has more entries than weights`,
      );
    const values = new Uint16Array(entries);
    decodeSymbols(huffmanTable(coded.valueLengths), sent, values, entries);
    const gaps = new Uint16Array(coded.indexBits > 0 ? entries : 0);
    if (coded.indexBits > 0) decodeSymbols(huffmanTable(coded.gapLengths), sentGaps, gaps, entries);
    const found = { values, gaps };
    return this.cache.set(key, found, values.byteLength + gaps.byteLength);
  }
}
