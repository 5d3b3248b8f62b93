/**
 * The fast engine's kernel: when every column is broadcast and how long the layer takes, without
 * stepping cycles (the recurrence of eie-spec section 5). Only max and + occur:
 *
 *     shown(j) = push(j-1) + barren(j)           the hit is visible
 *     sent(j)  = max(shown(j), max over p of pop(p, j-F))
 *     push(j)  = sent(j) + 1
 *     pop(p,j) = max(push(j) + 1, free(p)),  free(p) = pop(p,j) + max(1, n(p,j))
 *
 * One step a PE and broadcast, over a contiguous row of `count`; the inner loop has no branches:
 * max(a, b) is written as a + (d & ~(d >> 31)) with d = b - a.
 */
import type { Encoding } from './encode.ts';
import type { Schedule } from './schedule.ts';

export interface Timing {
  readonly cycles: number;
  /** Cycle in which each broadcast enters the queues. */
  readonly push: Int32Array;
  /** Cycles each broadcast waited because some queue was full; their sum is `stalls`. */
  readonly stalled: Int32Array;
  readonly stalls: number;
  /** When the last PE takes each broadcast out of its queue. */
  readonly lastPop: Int32Array;
  /** First cycle in which every PE has finished its last column (1 when there are none). */
  readonly freeEnd: number;
}

/** Cycles of a layer whose broadcasts are `schedule` on the machine of `encoding` with `ring` slots. */
export function timeLayer(encoding: Encoding, schedule: Schedule, ring: number): Timing {
  const { pes, count } = encoding;
  const { columns, barren } = schedule;
  const broadcasts = columns.length;
  const depth = ring - 1;
  const push = new Int32Array(broadcasts);
  const stalled = new Int32Array(broadcasts);
  const lastPop = new Int32Array(broadcasts);
  const free = new Int32Array(pes);
  let pushed = 1;
  let stalls = 0;
  let freeMax = 0; // highest free(p): it only grows, so one running maximum serves all columns
  let walkEnd = 0;
  for (let j = 0; j < broadcasts; j++) {
    const shown = pushed + barren[j];
    const sent = j >= depth ? Math.max(shown, lastPop[j - depth]) : shown;
    stalled[j] = sent - shown;
    stalls += sent - shown;
    pushed = sent + 1;
    push[j] = pushed;
    lastPop[j] = Math.max(pushed + 1, freeMax);
    const row = columns[j] * pes;
    const start = pushed + 1;
    for (let p = 0; p < pes; p++) {
      const n = count[row + p];
      const f = free[p];
      let d = (start - f) | 0;
      const t = (f + (d & ~(d >> 31)) + n + ((n - 1) >>> 31)) | 0;
      free[p] = t;
      d = (t - freeMax) | 0;
      freeMax = (freeMax + (d & ~(d >> 31))) | 0;
      d = ((t & (-n >> 31)) - walkEnd) | 0; // only where there are entries
      walkEnd = (walkEnd + (d & ~(d >> 31))) | 0;
    }
  }
  const scanned = schedule.barrenAfter > 0 ? pushed + schedule.barrenAfter - 1 : 0;
  const cycles = Math.max(9, freeMax, walkEnd > 0 ? walkEnd + 5 : 0, scanned);
  return { cycles, push, stalled, stalls, lastPop, freeEnd: Math.max(1, freeMax) };
}
