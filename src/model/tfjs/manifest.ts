/**
 * The weights of a TensorFlow.js model: groups of files, in which tensors lie one after another in the order
 * of the manifest. Source: weights_loader.ts and io_utils.ts of tfjs-core. Limits: what follows a tensor of
 * strings in its group is listed without values, as its place is not stated.
 */
import type { ByteSource } from '../bytes.ts';
import { bytesFor, type DType } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import type { OpenCompanion } from '../format.ts';
import { asArray, asObject, asSizes, type JsonObject } from '../json.ts';
import { checkLocation } from '../location.ts';
import type { ModelFile } from '../model.ts';
import { missingFile, type PlainPayload, type PlainTensor } from '../plain/model.ts';
import { sourceOfParts } from './parts.ts';

const dtypes: Readonly<Record<string, DType>> = {
  ...{ float32: 'float32', float16: 'float16', int32: 'int32', bool: 'bool' },
  ...{ uint8: 'uint8', uint16: 'uint16', int16: 'int16', int8: 'int8', complex64: 'complex64' },
};

export interface Weights {
  readonly files: readonly ModelFile[];
  readonly missing: readonly string[];
  readonly tensors: readonly PlainTensor[];
}

/** @throws DeepCompressionError `invalid-model` in one line */
export function readManifest(
  path: string,
  source: ByteSource,
  model: JsonObject,
  companion: OpenCompanion,
): Weights {
  const files: ModelFile[] = [{ location: '', source }];
  const missing: string[] = [];
  const tensors: PlainTensor[] = [];
  for (const entry of asArray(model['weightsManifest']) ?? []) {
    const group = asObject(entry);
    const paths = asArray(group?.['paths']) ?? [];
    const first = files.length;
    for (const given of paths) {
      if (typeof given !== 'string') fail(path, 'its manifest names a file that is no text');
      const location = checkLocation(given);
      if (files.some((file) => file.location === location))
        fail(path, `its manifest names ${location} twice`);
      try {
        files.push({ location, source: companion(location) });
      } catch (error) {
        if (!(error instanceof DeepCompressionError) || error.code !== 'not-found') throw error;
        files.push({ location, source: missingFile(location, error) });
        missing.push(location);
      }
    }
    const weights = asArray(group?.['weights']) ?? [];
    for (const tensor of tensorsOf(path, weights, files.slice(first), first, missing))
      tensors.push(tensor);
  }
  return { files, missing, tensors };
}

function tensorsOf(
  path: string,
  weights: readonly unknown[],
  group: readonly ModelFile[],
  first: number,
  missing: readonly string[],
): PlainTensor[] {
  const absent = group.findIndex(({ location }) => missing.includes(location));
  const { whole, starts } = sourceOfParts(group.map((file) => file.source));
  let at: number | undefined = 0;
  return weights.map((entry): PlainTensor => {
    const weight = asObject(entry);
    const { name, dtype: declared } = weight ?? {};
    const shape = asSizes(weight?.['shape']);
    if (typeof name !== 'string' || !shape)
      return fail(path, 'an entry of its manifest of weights is damaged');
    const quantized = asObject(weight?.['quantization']);
    const type = quantized?.['dtype'] ?? declared;
    const dtype = (typeof type === 'string' ? dtypes[type] : undefined) ?? 'undefined';
    const length =
      dtype === 'undefined'
        ? 0
        : bytesFor(
            dtype,
            shape.reduce((a, b) => a * b, 1),
          );
    const tensor = { name, dtype, shape };
    if (dtype === 'undefined' || at === undefined || group.length === 0) {
      at = undefined;
      const unreadable = 'its place is not stated, or its type has no numbers';
      return { ...tensor, file: 0, offset: 0, bytes: 0, unreadable };
    }
    const start = at;
    at += length;
    if (absent >= 0) return { ...tensor, file: first + absent, offset: 0 };
    const affine = affineOf(quantized);
    const rounded = affine && /^u?int/.test(dtype) ? { affine } : {};
    // of several that begin there all but the last are empty
    const part = Math.max(
      0,
      starts.findLastIndex((begin) => begin <= start),
    );
    const { size } = group[part]!.source;
    const offset = start - starts[part]!;
    if (offset + length <= size) return { ...tensor, ...rounded, file: first + part, offset };
    return {
      ...{ ...tensor, ...rounded, file: first + part, offset: start, source: whole },
      obstacle: 'it lies in two files',
    };
  });
}

function affineOf(quantized: JsonObject | undefined): PlainPayload['affine'] {
  const { scale, min } = quantized ?? {};
  return typeof scale === 'number' && typeof min === 'number' ? { scale, min } : undefined;
}

function fail(path: string, why: string): never {
  throw new DeepCompressionError('invalid-model', `${path}: ${why}`);
}
