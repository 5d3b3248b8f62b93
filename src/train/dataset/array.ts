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
/** What anything may unpack to; beyond it, a hundred times its packed size at most. */
const freeInflation = 2 ** 26;
const mostRatio = 100;

/**
 * Checks the size that packed data state before memory is given to it. Deflate could make 1032 bytes
 * of one; samples pack far less, and what is nothing but repetition is no data set.
 * @throws DeepCompressionError `invalid-input`
 */
export function checkInflation(packed: number, stated: number, name: string): void {
  if (stated > 1040 * packed + 4096)
    throw dataError(name, 'damaged: it states an impossible unpacked size');
  if (stated > mostInflated) throw dataError(name, 'more than 2 GiB when it is unpacked');
  if (stated > freeInflation && stated > mostRatio * packed)
    throw dataError(
      name,
      `would unpack to ${Math.round(stated / 2 ** 20)} MiB, more than ${mostRatio} times its size: save it unpacked if it is meant so`,
    );
}
