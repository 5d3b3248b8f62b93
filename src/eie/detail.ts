/**
 * Where the cycles go, PE by PE: the second pass of the fast engine. With the push times known
 * (timing.ts) it repeats the recurrence once and books every PE-cycle to exactly one cause, so that
 *
 *     cycles * N = entries + emptyColumns + fill + scan + queueFull + imbalance + drain
 *
 * (the last five together are eie-spec's `starved`). A PE that waits for broadcast j waits
 * `queueFull` as long as the broadcast was held up by a full queue somewhere, and `scan` for the
 * rest, in which the detection had no hit to show; after its last column it waits for the slowest PE
 * (`imbalance`), and for the pipeline to empty (`drain`).
 */
import type { Encoding } from './encode.ts';
import type { Schedule } from './schedule.ts';
import type { Timing } from './timing.ts';

/** PE-cycles by cause, one number a PE each. */
export interface PerPe {
  /** Entries walked, fillers included. */
  readonly entries: Int32Array;
  /** Fillers among them. */
  readonly filler: Int32Array;
  /** Columns without an entry for this PE: one cycle each. */
  readonly emptyLookups: Int32Array;
  /** Cycles in which the walker holds a column: entries + emptyLookups. busy + starved = cycles. */
  readonly busy: Int32Array;
  /** Broadcast stalls during which this PE's own queue was full: it held all others up. */
  readonly stalled: Int32Array;
  /** Cycles in which the walker holds nothing, pipeline fill and drain included. */
  readonly starved: Int32Array;
  /** The parts of `starved`: */
  readonly fill: Int32Array;
  readonly scan: Int32Array;
  readonly queueFull: Int32Array;
  readonly imbalance: Int32Array;
  readonly drain: Int32Array;
}

/** Queue occupancy over time, in bins of 2^shift cycles; bin b covers cycles (b << shift) + 0 …. */
export interface Timeline {
  readonly binCycles: number;
  readonly bins: number;
  /** Mean occupancy of PE p's queue over bin b, at [b * pes + p]. */
  readonly queue: Float32Array;
  /** Share of PE-cycles of each bin in which an entry is walked, 0..1. */
  readonly working: Float32Array;
  /** Broadcast stalls in each bin. */
  readonly stalls: Int32Array;
  /** Broadcasts that entered the queues in each bin. */
  readonly broadcasts: Int32Array;
}

export interface Detail {
  readonly perPe: PerPe;
  /** Highest occupancy any queue reached. */
  readonly queueHighWater: number;
  /** null when no bins were asked for. */
  readonly timeline: Timeline | null;
}

/** Adds the part of [from, to) that lies in each bin to `area[bin * stride + offset]`. */
function spread(
  area: Float32Array,
  from: number,
  to: number,
  shift: number,
  stride: number,
  offset: number,
): void {
  for (let b = from >> shift; from < to; b++) {
    const next = Math.min(to, (b + 1) << shift);
    area[b * stride + offset] += next - from;
    from = next;
  }
}

/** `bins`: most bins of the timeline, 0 for none. */
export function detailLayer(
  encoding: Encoding,
  schedule: Schedule,
  ring: number,
  timing: Timing,
  bins: number,
): Detail {
  const { pes, count, filler } = encoding;
  const { columns, barren } = schedule;
  const { push, stalled: stallOf, cycles } = timing;
  const broadcasts = columns.length;
  const array = (): Int32Array => new Int32Array(pes);
  const [entries, fillers, empty, stalled] = [array(), array(), array(), array()];
  const [fill, scan, queueFull, imbalance, drain] = [array(), array(), array(), array(), array()];
  const free = array().fill(1);
  const popped = array(); // broadcasts taken out of each queue so far, at most up to the last push
  /** pop times of the last F broadcasts: no older one can still be queued. */
  const depth = Math.max(1, Math.min(ring - 1, broadcasts));
  const history = new Int32Array(depth * pes);
  let highWater = 0;

  let shift = 0;
  if (bins > 0) while (cycles >> shift >= bins) shift++;
  const used = bins > 0 ? (cycles >> shift) + 1 : 0;
  const queue = new Float32Array(used * pes);
  const working = new Float32Array(used);

  for (let j = 0, slot = 0; j < broadcasts; j++) {
    const row = columns[j] * pes;
    const start = push[j] + 1;
    const held = stallOf[j];
    const shown = push[j] - 1 - held;
    const full = j >= ring - 1; // `history` row `slot` then holds the pops of broadcast j - F
    const line = slot * pes;
    for (let p = 0; p < pes; p++) {
      const at = free[p];
      const pop = at > start ? at : start;
      const n = count[row + p];
      if (held > 0 && full) {
        const late = history[line + p] - shown;
        if (late > 0) stalled[p] += late;
      }
      // occupancy right after the push: everything pushed, less what was popped by then
      let out = popped[p];
      while (out < j && history[(out % depth) * pes + p] <= push[j]) out++;
      popped[p] = out;
      if (j + 1 - out > highWater) highWater = j + 1 - out;
      history[line + p] = pop;

      const idle = pop - at;
      if (j === 0) {
        fill[p] = idle - barren[0];
        scan[p] = barren[0];
      } else if (idle > 0) {
        const blocked = idle < held ? idle : held;
        queueFull[p] += blocked;
        scan[p] += idle - blocked;
      }
      entries[p] += n;
      if (n === 0) empty[p]++;
      free[p] = pop + (n === 0 ? 1 : n);
      if (used > 0) {
        spread(queue, push[j], pop, shift, pes, p);
        spread(working, pop, pop + n, shift, 1, 0);
      }
    }
    if (++slot === depth) slot = 0;
    if (filler) for (let p = 0; p < pes; p++) fillers[p] += filler[row + p];
  }

  const busy = array();
  const starved = array();
  for (let p = 0; p < pes; p++) {
    busy[p] = entries[p] + empty[p];
    starved[p] = cycles - busy[p];
    if (broadcasts > 0) {
      imbalance[p] = timing.freeEnd - free[p];
      drain[p] = cycles - timing.freeEnd + 1;
    } else {
      scan[p] = Math.min(cycles, schedule.barrenAfter);
      drain[p] = cycles - scan[p];
    }
  }
  return {
    perPe: {
      entries,
      filler: fillers,
      emptyLookups: empty,
      busy,
      stalled,
      starved,
      fill,
      scan,
      queueFull,
      imbalance,
      drain,
    },
    queueHighWater: highWater,
    timeline: used > 0 ? finishTimeline(queue, working, timing, pes, cycles, shift, used) : null,
  };
}

function finishTimeline(
  queue: Float32Array,
  working: Float32Array,
  timing: Timing,
  pes: number,
  cycles: number,
  shift: number,
  bins: number,
): Timeline {
  const stalls = new Int32Array(bins);
  const broadcasts = new Int32Array(bins);
  for (let j = 0; j < timing.push.length; j++) {
    broadcasts[timing.push[j] >> shift]++;
    for (let t = timing.push[j] - 1 - timing.stalled[j]; t < timing.push[j] - 1; t++)
      stalls[t >> shift]++;
  }
  for (let b = 0; b < bins; b++) {
    // cycles are 1 .. cycles: the first and the last bin may be shorter
    const length = Math.min(cycles + 1, (b + 1) << shift) - Math.max(1, b << shift);
    if (length <= 0) continue;
    working[b] /= length * pes;
    for (let p = 0; p < pes; p++) queue[b * pes + p] /= length;
  }
  return { binCycles: 1 << shift, bins, queue, working, stalls, broadcasts };
}
