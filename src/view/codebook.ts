/**
 * The codebook of a layer: every shared value, how many weights have it, how long its code is, and,
 * where the original is at hand, the error it carries (Deep Compression, section 3).
 */
import { codeLengths } from '../compress/code/code-lengths.ts';
import { blockWeights } from '../compress/coded.ts';
import type { LayerStatistics } from '../compress/statistics.ts';
import type { CodedLayer } from './coded-layer.ts';
import type { Pace } from './pace.ts';
import type { CodebookErrors, CodebookView } from './types.ts';
import { arrayFor, chunk, type LayerValues } from './values.ts';

export function storedCodebook(
  layer: CodedLayer,
  stats: LayerStatistics,
  errors: CodebookErrors | null,
): CodebookView {
  const { coded, source } = layer;
  const huffman = coded.coder === 'huffman';
  const entries = coded.blocks.reduce((sum, b) => sum + b.entries, 0);
  const nonzeros = coded.weights - stats.codeCounts[0];
  const fillers = huffman && coded.indexBits > 0 ? entries - nonzeros : 0;
  return {
    from: 'stored',
    values: Float64Array.from(coded.codebook),
    counts: Float64Array.from(stats.codeCounts),
    lengths: huffman ? Uint8Array.from(coded.valueLengths) : codeLengths(stats.codeCounts),
    made: !huffman,
    weights: coded.weights,
    fillers,
    rmse: source.rmse,
    errors,
  };
}

export function distinctCodebook(few: {
  readonly values: Float64Array;
  readonly counts: Float64Array;
}): CodebookView {
  const { values, counts } = few;
  return {
    from: 'distinct',
    values: Float64Array.from(values),
    counts: Float64Array.from(counts),
    lengths: codeLengths(counts),
    made: true,
    weights: counts.reduce((a, b) => a + b, 0),
    fillers: 0,
    rmse: null,
    errors: null,
  };
}

/** What every code costs against the original values. NaN and infinities carry no error. */
export async function codebookErrors(
  layer: CodedLayer,
  original: LayerValues,
  pace: Pace,
): Promise<CodebookErrors> {
  const { codebook, weights } = layer.coded;
  const squared = new Float64Array(codebook.length);
  const signed = new Float64Array(codebook.length);
  const largest = new Float64Array(codebook.length);
  const from = new Float64Array(codebook.length).fill(NaN);
  const to = new Float64Array(codebook.length).fill(NaN);
  const buffer = arrayFor(original, Math.min(chunk, weights));
  for (let start = 0; start < weights; start += chunk) {
    if (pace.due) await pace.rest();
    const block = Math.floor(start / blockWeights); // a chunk divides a block
    await layer.ready(block);
    const codes = layer.codes(block);
    const offset = start - block * blockWeights;
    const part = buffer.subarray(0, Math.min(chunk, weights - start));
    original.read(start, part);
    for (let i = 0; i < part.length; i++) {
      const code = codes[offset + i];
      const v = part[i];
      const error = codebook[code] - v;
      if (error - error !== 0) continue;
      squared[code] += error * error;
      signed[code] += error;
      const size = Math.abs(error);
      if (size > largest[code]) largest[code] = size;
      if (!(v >= from[code])) from[code] = v;
      if (!(v <= to[code])) to[code] = v;
    }
    pace.onFraction((start + part.length) / weights);
  }
  const total = squared.reduce((a, b) => a + b, 0);
  return {
    ...{ squared, signed, largest, from, to },
    rmse: weights > 0 ? Math.sqrt(total / weights) : 0,
  };
}
