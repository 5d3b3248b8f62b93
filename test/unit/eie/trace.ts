/**
 * All cycles of a layer, as eie-spec section 7 prints them, from push and pop times alone: what each
 * walker holds and how full each queue is. The later stages follow: sparse-matrix read, A1, A2, A3
 * and commit of an entry are 1, 2, 3, 4 and 5 cycles after its walk.
 */
import type { Encoding } from '../../../src/eie/encode.ts';
import type { Schedule } from '../../../src/eie/schedule.ts';
import { timeLayer } from '../../../src/eie/timing.ts';

export interface Trace {
  /** Column the scanner shows at the end of each cycle, -1: no hit. */
  readonly hit: Int32Array;
  /** 1 where that hit waits because some queue is full. */
  readonly stalled: Uint8Array;
  /** Items in PE p's queue at the end of cycle t, at [(t - 1) * pes + p]. */
  readonly queue: Int32Array;
  /** Column PE p's walker holds, -1: none. Same order. */
  readonly column: Int32Array;
  /** Index, in PE p's own list, of the entry it points at; -1: none, or a column without entries. */
  readonly entry: Int32Array;
}

/** Every cycle of a layer. */
export function traceLayer(encoding: Encoding, schedule: Schedule, ring: number): Trace {
  const { pes, ptr } = encoding;
  const { push, stalled, cycles: length } = timeLayer(encoding, schedule, ring);
  const hit = new Int32Array(length).fill(-1);
  const stalls = new Uint8Array(length);
  const queue = new Int32Array(length * pes);
  const column = new Int32Array(length * pes).fill(-1);
  const entry = new Int32Array(length * pes).fill(-1);
  const free = new Int32Array(pes);
  for (let j = 0; j < push.length; j++) {
    const sent = push[j] - 1;
    for (let t = sent - stalled[j]; t <= sent; t++) {
      hit[t - 1] = schedule.columns[j];
      stalls[t - 1] = t < sent ? 1 : 0;
    }
    const at = schedule.columns[j] * pes;
    for (let p = 0; p < pes; p++) {
      const pop = Math.max(push[j] + 1, free[p]);
      const first = ptr[at + p];
      const n = ptr[at + pes + p] - first;
      const end = pop + Math.max(1, n);
      free[p] = end;
      for (let t = push[j]; t < pop; t++) queue[(t - 1) * pes + p]++;
      for (let t = pop; t < end; t++) {
        column[(t - 1) * pes + p] = schedule.columns[j];
        if (n > 0) entry[(t - 1) * pes + p] = first + t - pop;
      }
    }
  }
  return { hit, stalled: stalls, queue, column, entry };
}
