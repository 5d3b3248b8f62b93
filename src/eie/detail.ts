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
  const { push, stalled: stallOf, cycles, freeEnd } = timing;
  const broadcasts = columns.length;
  const array = (): Int32Array => new Int32Array(pes);
  const [entries, fillers, empty, stalled, queueFull] = Array.from({ length: 5 }, array);
  const free = array().fill(1);
  /** Pops of the last F broadcasts, a row each; row j mod F is that of j - F until j overwrites it. */
  const depth = Math.max(1, Math.min(ring - 1, broadcasts));
  const history = new Int32Array(depth * pes);
  const timeline = bins > 0 ? new TimelineMaker(timing, pes, bins) : null;

  for (let j = 0, slot = 0; j < broadcasts; j++) {
    const row = columns[j] * pes;
    const start = push[j] + 1;
    const held = stallOf[j];
    const line = slot * pes;
    if (held > 0) {
      const shown = push[j] - 1 - held;
      for (let p = 0; p < pes; p++) {
        const late = history[line + p] - shown;
        stalled[p] += late > 0 ? late : 0;
        const idle = start - free[p];
        queueFull[p] += idle <= 0 ? 0 : idle < held ? idle : held;
      }
    }
    for (let p = 0; p < pes; p++) {
      const d = (start - free[p]) | 0;
      const pop = free[p] + (d & ~(d >> 31)); // max(start, free)
      const n = count[row + p];
      const none = (n - 1) >>> 31;
      history[line + p] = pop;
      entries[p] += n;
      empty[p] += none;
      free[p] = pop + n + none;
    }
    timeline?.add(push[j], history, line, count, row);
    if (++slot === depth) slot = 0;
    if (filler) for (let p = 0; p < pes; p++) fillers[p] += filler[row + p];
  }

  const [busy, starved, fill, scan, imbalance, drain] = Array.from({ length: 6 }, array);
  for (let p = 0; p < pes; p++) {
    busy[p] = entries[p] + empty[p];
    starved[p] = cycles - busy[p];
    if (broadcasts > 0) {
      fill[p] = push[0] - barren[0];
      imbalance[p] = freeEnd - free[p];
      drain[p] = cycles - freeEnd + 1;
    } else drain[p] = cycles - Math.min(cycles, schedule.barrenAfter);
    scan[p] = starved[p] - fill[p] - queueFull[p] - imbalance[p] - drain[p];
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
    queueHighWater: highWater(timing),
    timeline: timeline ? timeline.finish() : null,
  };
}

/**
 * After push j some queue holds more than h items exactly when the last PE has yet to take item
 * j - h out; the mark only rises, so one walk finds it.
 */
function highWater({ push, lastPop }: Timing): number {
  let mark = 0;
  for (let j = 0; j < push.length; j++) while (mark <= j && lastPop[j - mark] > push[j]) mark++;
  return mark;
}

/** Adds up occupancy and work in bins of a power of two cycles, at most `most` of them. */
class TimelineMaker {
  private readonly shift: number;
  private readonly bins: number;
  private readonly queue: Float32Array;
  private readonly working: Float32Array;

  constructor(
    private readonly timing: Timing,
    private readonly pes: number,
    most: number,
  ) {
    let shift = 0;
    while (timing.cycles >> shift >= most) shift++;
    this.shift = shift;
    this.bins = (timing.cycles >> shift) + 1;
    this.queue = new Float32Array(this.bins * pes);
    this.working = new Float32Array(this.bins);
  }

  /** A broadcast that was pushed in cycle `push` and popped by PE p in `pops[line + p]`. */
  add(push: number, pops: Int32Array, line: number, count: Uint16Array, row: number): void {
    const { shift, pes, queue, working } = this;
    const bin = push >> shift;
    for (let p = 0; p < pes; p++) {
      const pop = pops[line + p];
      if (pop >> shift === bin) queue[bin * pes + p] += pop - push;
      else spread(queue, push, pop, shift, pes, p);
      const end = pop + count[row + p];
      if (end >> shift === pop >> shift) working[pop >> shift] += end - pop;
      else spread(working, pop, end, shift, 1, 0);
    }
  }

  finish(): Timeline {
    const { timing, pes, shift, bins, queue, working } = this;
    const { cycles, push, stalled } = timing;
    const stalls = new Int32Array(bins);
    const broadcasts = new Int32Array(bins);
    for (let j = 0; j < push.length; j++) {
      broadcasts[push[j] >> shift]++;
      for (let t = push[j] - 1 - stalled[j]; t < push[j] - 1; t++) stalls[t >> shift]++;
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
