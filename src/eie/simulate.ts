/**
 * The fast engine: all statistics of a layer (eie-spec section 6) from its encoding and schedule,
 * without stepping cycles. test/unit/eie/reference.ts steps them; a test holds the two equal.
 */
import type { Encoding } from './encode.ts';
import { entriesPerRow, type Machine } from './machine.ts';
import type { Schedule } from './schedule.ts';
import { detailLayer, type Detail, type PerPe, type Timeline } from './detail.ts';
import { timeLayer, type Timing } from './timing.ts';

/** PE-cycles of the whole layer by cause; together cycles * N. */
export interface Causes {
  /** Entries with a weight: multiply-accumulates. */
  readonly work: number;
  /** Filler entries of active columns. */
  readonly filler: number;
  /** Look-ups of columns that hold nothing for a PE. */
  readonly emptyColumns: number;
  /** Before the first broadcast could arrive. */
  readonly fill: number;
  /** Waiting while the detection had no hit to show. */
  readonly scan: number;
  /** Waiting while a full queue held the broadcast up. */
  readonly queueFull: number;
  /** Waiting for the slowest PE after the last column. */
  readonly imbalance: number;
  /** The arithmetic pipeline running empty after the last entry. */
  readonly drain: number;
}

/** The counts that need no PE-by-PE pass: what a sweep wants. */
export interface Counts {
  readonly cycles: number;
  readonly timeUs: number;
  /** entries / N: cycles with perfect balance and no waiting; not rounded. */
  readonly theoreticalCycles: number;
  readonly theoreticalTimeUs: number;
  /** Broadcast columns, the bias column included. */
  readonly broadcasts: number;
  readonly broadcastStalls: number;
  readonly pointerReads: number;
  readonly spmatReads: number;
  /** Active entries, fillers included. */
  readonly entries: number;
  /** Active entries with a weight: accumulator commits, multiply-accumulates. */
  readonly validWrites: number;
  /** Fillers in all columns, active or not, bias included. */
  readonly paddingEntries: number;
  /** 1 - paddingEntries / all stored entries: Fig. 12's real work / total work. */
  readonly realWork: number;
  /** What the authors' program prints as efficiency; fillers are no work here. */
  readonly validWritesPerPeCycle: number;
  /** entries / (cycles * N): 1 - bubbles / all cycles, Figs. 8 and 13; fillers count as work. */
  readonly loadBalance: number;
  readonly bubbles: number;
}

export interface Statistics extends Counts {
  readonly emptyLookups: number;
  readonly starved: number;
  readonly queueHighWater: number;
  readonly causes: Causes;
  readonly perPe: PerPe;
  readonly timeline: Timeline | null;
}

/**
 * SRAM rows that hold at least one active entry, summed over PEs: the reads, since the row latch
 * outlives columns and idle time and addresses only grow within a layer.
 */
export function countSpmatReads(encoding: Encoding, columns: Int32Array, perRow: number): number {
  const { pes, ptr } = encoding;
  const latch = new Int32Array(pes).fill(-1);
  const shift = 31 - Math.clz32(perRow);
  let reads = 0;
  if (1 << shift === perRow) {
    for (let j = 0; j < columns.length; j++) {
      const row = columns[j] * pes;
      for (let p = 0; p < pes; p++) {
        const first = ptr[row + p];
        const end = ptr[row + pes + p];
        const some = (first - end) >> 31; // all ones where the PE has entries, else 0
        const from = first >> shift;
        const to = (end - 1) >> shift;
        const before = latch[p];
        reads += (to - from + (before === from ? 0 : 1)) & some;
        latch[p] = before ^ ((before ^ to) & some);
      }
    }
    return reads;
  }
  for (let j = 0; j < columns.length; j++) {
    const row = columns[j] * pes;
    for (let p = 0; p < pes; p++) {
      const first = ptr[row + p];
      const end = ptr[row + pes + p];
      if (end === first) continue;
      const from = Math.trunc(first / perRow);
      const to = Math.trunc((end - 1) / perRow);
      reads += to - from + (latch[p] === from ? 0 : 1);
      latch[p] = to;
    }
  }
  return reads;
}

/** Active entries and the fillers among them. */
export function countEntries(
  encoding: Encoding,
  columns: Int32Array,
): { entries: number; fillers: number } {
  const { pes, count, filler } = encoding;
  let entries = 0;
  let fillers = 0;
  for (let j = 0; j < columns.length; j++) {
    const row = columns[j] * pes;
    for (let i = row; i < row + pes; i++) entries += count[i];
    if (filler) for (let i = row; i < row + pes; i++) fillers += filler[i];
  }
  return { entries, fillers };
}

/** Counts from a timing; `known` saves counting again what a sweep already has. */
export function countLayer(
  encoding: Encoding,
  schedule: Schedule,
  machine: Machine,
  timing: Timing,
  known: { entries: number; fillers: number } = countEntries(encoding, schedule.columns),
): Counts {
  const { cycles } = timing;
  const { entries, fillers } = known;
  const all = cycles * encoding.pes;
  const broadcasts = schedule.columns.length;
  return {
    cycles,
    timeUs: cycles / machine.clockMHz,
    theoreticalCycles: entries / encoding.pes,
    theoreticalTimeUs: entries / encoding.pes / machine.clockMHz,
    broadcasts,
    broadcastStalls: timing.stalls,
    pointerReads: encoding.pes * broadcasts,
    spmatReads: countSpmatReads(encoding, schedule.columns, entriesPerRow(machine)),
    entries,
    validWrites: entries - fillers,
    paddingEntries: encoding.padding,
    realWork: encoding.stored === 0 ? 1 : 1 - encoding.padding / encoding.stored,
    validWritesPerPeCycle: (entries - fillers) / all,
    loadBalance: entries / all,
    bubbles: all - entries,
  };
}

const total = (values: Int32Array): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
};

/** All statistics. `bins`: most bins of the timeline (0: none). */
export function simulate(
  encoding: Encoding,
  schedule: Schedule,
  machine: Machine,
  bins = 0,
): Statistics {
  const timing = timeLayer(encoding, schedule, machine.ring);
  const detail: Detail = detailLayer(encoding, schedule, machine.ring, timing, bins);
  const { perPe } = detail;
  const known = { entries: total(perPe.entries), fillers: total(perPe.filler) };
  return {
    ...countLayer(encoding, schedule, machine, timing, known),
    emptyLookups: total(perPe.emptyLookups),
    starved: total(perPe.starved),
    queueHighWater: detail.queueHighWater,
    causes: {
      work: known.entries - known.fillers,
      filler: known.fillers,
      emptyColumns: total(perPe.emptyLookups),
      fill: total(perPe.fill),
      scan: total(perPe.scan),
      queueFull: total(perPe.queueFull),
      imbalance: total(perPe.imbalance),
      drain: total(perPe.drain),
    },
    perPe,
    timeline: detail.timeline,
  };
}
