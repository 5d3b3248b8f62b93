/**
 * One number that is read off a tensor's values as they pass, such as how evenly they lie on a machine
 * (eie/pe-load.ts). Whoever passes the values knows no more of it.
 */
import type { Tensor } from '../model/model.ts';

export interface Meter {
  /** The next values, or codes (0: no weight), in flat order. */
  add(values: Float32Array | Float64Array | Uint8Array | Uint16Array): void;
  /** Null where nothing can be said. */
  result(): number | null;
}

/** A meter for a tensor; undefined for one that it says nothing of. */
export type MeterOf = (tensor: Tensor) => Meter | undefined;
