/**
 * A window of cycles, as eie-spec section 7 prints them, from push and pop times alone: what each
 * walker holds and how full each queue is. The later stages follow: sparse-matrix read, A1, A2, A3
 * and commit of an entry are 1, 2, 3, 4 and 5 cycles after its walk.
 */
import { DeepCompressionError } from '../model/errors.ts';
import type { Encoding } from './encode.ts';
import type { Schedule } from './schedule.ts';
import { timeLayer } from './timing.ts';

export interface Trace {
  /** First and last cycle, 1-based, both included. */
  readonly from: number;
  readonly to: number;
  readonly pes: number;
  /** Column the scanner shows at the end of each cycle, -1: no hit. */
  readonly hit: Int32Array;
  /** 1 where that hit waits because some queue is full. */
  readonly stalled: Uint8Array;
  /** Items in PE p's queue at the end of cycle t, at [(t - from) * pes + p]. */
  readonly queue: Int32Array;
  /** Column PE p's walker holds, -1: none. Same order. */
  readonly column: Int32Array;
  /** Index, in PE p's own list, of the entry it points at; -1: none, or a column without entries. */
  readonly entry: Int32Array;
}

const cellLimit = 1 << 22;

/** @throws DeepCompressionError `invalid-input` for a window outside the layer, or too large. */
export function traceLayer(
  encoding: Encoding,
  schedule: Schedule,
  ring: number,
  from: number,
  to: number,
): Trace {
  const { pes, ptr } = encoding;
  const timing = timeLayer(encoding, schedule, ring);
  const { push, stalled, cycles } = timing;
  if (!(Number.isInteger(from) && Number.isInteger(to) && 1 <= from && from <= to && to <= cycles))
    throw new DeepCompressionError(
      'invalid-input',
      `trace window must lie in cycles 1 to ${cycles}, not ${from} to ${to}`,
    );
  const length = to - from + 1;
  if (length * pes > cellLimit)
    throw new DeepCompressionError(
      'invalid-input',
      `trace window of ${length} cycles on ${pes} PEs is too long: at most ${Math.floor(cellLimit / pes)} cycles`,
    );
  const hit = new Int32Array(length).fill(-1);
  const stalls = new Uint8Array(length);
  const queue = new Int32Array(length * pes);
  const column = new Int32Array(length * pes).fill(-1);
  const entry = new Int32Array(length * pes).fill(-1);
  const free = new Int32Array(pes);
  for (let j = 0; j < push.length; j++) {
    const sent = push[j] - 1;
    for (let t = Math.max(from, sent - stalled[j]); t <= Math.min(to, sent); t++) {
      hit[t - from] = schedule.columns[j];
      stalls[t - from] = t < sent ? 1 : 0;
    }
    if (push[j] > to) break;
    const at = schedule.columns[j] * pes;
    for (let p = 0; p < pes; p++) {
      const pop = Math.max(push[j] + 1, free[p]);
      const first = ptr[at + p];
      const n = ptr[at + pes + p] - first;
      const end = pop + Math.max(1, n);
      free[p] = end;
      for (let t = Math.max(from, push[j]); t < Math.min(pop, to + 1); t++)
        queue[(t - from) * pes + p]++;
      for (let t = Math.max(from, pop); t < Math.min(end, to + 1); t++) {
        column[(t - from) * pes + p] = schedule.columns[j];
        if (n > 0) entry[(t - from) * pes + p] = first + t - pop;
      }
    }
  }
  return { from, to, pes, hit, stalled: stalls, queue, column, entry };
}
