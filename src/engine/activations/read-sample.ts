/**
 * The user's sample for a simulation: .npz by input name, one .npy, or the first sample of any data set
 * that evaluate reads. A .dcz that was retrained states what is done to its values.
 */
import { host } from '#host';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { labelOf, openOnnxInput, openSource, sharedInput, type SharedInput } from '../input.ts';
import type { GraphValue } from '../../train/graph.ts';
import type { FileInput } from '../protocol-model.ts';
import { loadDataset } from '../train/data.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forScoring } from '../train/reading.ts';
import { turns } from '../train/turns.ts';
import {
  dataInput,
  isArrays,
  isNormalised,
  modelInputs,
  parseSample,
  type Sample,
} from './sample.ts';

const largestSample = 1 << 30;

/** @throws DeepCompressionError one line that names the sample and what is wrong with it */
export async function readSample(
  file: FileInput,
  model: SharedInput,
  signal: AbortSignal,
): Promise<{ readonly sample: Sample; readonly notes: readonly string[] }> {
  const opened = openOnnxInput(model);
  try {
    const name = labelOf(file);
    const normalisation = normalisationOf(undefined, opened.dcz?.recipe);
    const { scale, mean, deviation } = normalisation;
    const notes = isNormalised(normalisation)
      ? [
          `values of ${name} became (value x ${scale} - ${mean.join(', ')}) / ${deviation.join(', ')}, as the .dcz states`,
        ]
      : [];
    const bytes =
      'path' in file && host.files.isFolder(file.path)
        ? undefined
        : readAll(file, largestSample, 'a sample');
    if (bytes && isArrays(bytes)) {
      const names = modelInputs(opened.model.graph).map((input) => input.name);
      const arrays = parseSample(bytes, name, names);
      return { sample: { name, arrays, normalisation, channelsLast: false }, notes };
    }
    const input = dataInput(modelInputs(opened.model.graph));
    const inputs = input
      ? [{ name: input.name, type: input.elemType, ...shapeOfInput(input.shape) }]
      : [];
    const { data } = await loadDataset(
      { file },
      { inputs, prefer: forScoring, turn: turns(signal), most: 1 },
    );
    const { shape, values, samples, channelsLast = false } = data;
    const first = { shape: [1, ...shape], data: values.slice(0, values.length / samples) };
    const sample = { name, arrays: new Map([['', first]]), normalisation, channelsLast };
    return { sample, notes };
  } finally {
    opened.close();
  }
}

/** The shape of an input as data sets are read for it. */
export function shapeOfInput(
  shape: readonly (number | string)[] | undefined,
): Pick<GraphValue, 'shape' | 'rankless'> {
  if (!shape) return { shape: [], rankless: true };
  return { shape: shape.map((d) => (typeof d === 'number' && d <= 0 ? undefined : d)) };
}

/** A whole file. @throws DeepCompressionError `invalid-input` above `limit` bytes */
export function readAll(file: FileInput, limit: number, what: string): Uint8Array {
  const source = openSource(sharedInput(file));
  try {
    if (source.size > limit)
      throw new DeepCompressionError(
        'invalid-input',
        `${source.name}: too large for ${what} (${source.size} bytes)`,
      );
    return readBytes(source, 0, source.size);
  } finally {
    source.close();
  }
}
