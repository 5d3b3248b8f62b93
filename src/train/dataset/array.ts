/** An n-dimensional array as data files hold them: the element type is kept until a batch is made. */
import { DeepCompressionError } from '../../model/errors.ts';

export type ArrayData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

export interface DataArray {
  /** Row-major. */
  readonly data: ArrayData;
  readonly shape: readonly number[];
}

export function dataError(name: string, what: string): DeepCompressionError {
  return new DeepCompressionError('invalid-input', `${name}: ${what}`);
}

/** Product of dimensions that were read from a file; NaN-free, at most 2^40. */
export function elementsOf(name: string, shape: readonly number[]): number {
  const count = shape.reduce((a, b) => a * b, 1);
  if (
    shape.length <= 32 &&
    shape.every((n) => Number.isSafeInteger(n) && n >= 0) &&
    count <= 2 ** 40
  )
    return count;
  throw dataError(name, 'an array with an impossible shape');
}

/** Unpacked bytes of one file: larger ones do not fit into a typed array with what is made of it. */
export const mostInflated = 2 ** 31;

/**
 * Deflate makes at most about 1032 bytes of one: a declared size above that is a lie, and no memory
 * is given to it.
 */
export function plausibleInflation(compressed: number, declared: number): boolean {
  return declared <= 1040 * compressed + 4096;
}
