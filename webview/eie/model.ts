/**
 * From results to what the panel says: sentences, shares and totals. Pure, no DOM; every figure is
 * computed from the run at hand.
 */
import type { Cause } from '../charts/cycle-patterns.ts';
import { causes } from '../charts/cycle-patterns.ts';
import type { PeLoad } from '../charts/pe-bars.ts';
import { fill } from '../ui/dom.ts';
import { formatExact, formatRatio, formatShare } from '../ui/format.ts';
import type { Table } from '../ui/table.ts';
import type { LayerDetail, PageLayer, PageRun } from './data.ts';
import type { EieStrings } from './strings.ts';

/** 8034.2 -> `8.03 ms`, 12.4567 -> `12.5 µs`. */
export function formatTime(us: number): string {
  if (!Number.isFinite(us)) return '–';
  const [value, unit] =
    us >= 999_500
      ? [us / 1e6, 's']
      : us >= 999.5
        ? [us / 1000, 'ms']
        : us < 0.9995 && us > 0
          ? [us * 1000, 'ns']
          : [us, 'µs'];
  return `${three(value)} ${unit}`;
}

/** Microjoules as people write them. */
export function formatEnergy(uj: number): string {
  if (!Number.isFinite(uj)) return '–';
  const [value, unit] =
    uj >= 999_500
      ? [uj / 1e6, 'J']
      : uj >= 999.5
        ? [uj / 1000, 'mJ']
        : uj < 0.9995 && uj > 0
          ? [uj * 1000, 'nJ']
          : [uj, 'µJ'];
  return `${three(value)} ${unit}`;
}

/** 786.4 -> `786×`, 0.013 -> `0.013×`. */
export function formatTimes(ratio: number): string {
  if (!Number.isFinite(ratio)) return '–';
  if (ratio >= 999.5) return `${formatExact(ratio)}×`;
  return ratio < 0.1 ? `${Number(ratio.toPrecision(2))}×` : formatRatio(ratio);
}

function three(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

/** PE-cycles of a layer by the causes of the charts: fill and drain are one. */
export function causesOf({ causes: c }: PageLayer): Readonly<Record<Cause, number>> {
  return {
    work: c.work,
    filler: c.filler,
    emptyColumns: c.emptyColumns,
    queueFull: c.queueFull,
    scan: c.scan,
    imbalance: c.imbalance,
    fillDrain: c.fill + c.drain,
  };
}

export function causeNames(t: EieStrings): Readonly<Record<Cause, string>> {
  return {
    work: t.work,
    filler: t.filler,
    emptyColumns: t.emptyColumns,
    queueFull: t.queueFull,
    scan: t.scan,
    imbalance: t.imbalance,
    fillDrain: t.fillDrain,
  };
}

export function whereSentence(layer: PageLayer, t: EieStrings): string {
  const all = causesOf(layer);
  const total = Object.values(all).reduce((a, b) => a + b, 0);
  const entries = all.work + all.filler;
  const worst = causes
    .filter((c) => c !== 'work' && c !== 'filler')
    .reduce((a, b) => (all[b] > all[a] ? b : a));
  const share = (n: number): string => formatShare(total ? n / total : 0);
  if (all[worst] === 0) return fill(t.whereSummaryNone, share(entries), formatExact(total));
  return fill(
    t.whereSummary,
    share(entries),
    formatExact(total),
    share(all.filler),
    causeNames(t)[worst],
    share(all[worst]),
  );
}

/** The arrays of the chosen layer as the chart stacks them. */
export function peLoad(layer: PageLayer, { perPe }: LayerDetail): PeLoad {
  const { entries, filler } = perPe;
  return {
    cycles: layer.cycles,
    parts: {
      work: entries.map((n, p) => n - filler[p]!),
      filler,
      emptyColumns: perPe.emptyLookups,
      queueFull: perPe.queueFull,
      scan: perPe.scan,
      imbalance: perPe.imbalance,
      fillDrain: perPe.fill.map((n, p) => n + perPe.drain[p]!),
    },
    stalled: perPe.stalled,
  };
}

/**
 * The imbalance in a sentence: the PE with the most entries, how many more than the mean, and what
 * that costs at least: no queue makes the layer shorter than its fullest PE's entries.
 */
export function imbalanceSentence(layer: PageLayer, { perPe }: LayerDetail, t: EieStrings): string {
  const { entries, stalled } = perPe;
  if (entries.length === 0 || layer.entries === 0) return t.imbalanceNone;
  let slow = 0;
  let blocker = 0;
  for (let p = 1; p < entries.length; p++) {
    if (entries[p]! > entries[slow]!) slow = p;
    if (stalled[p]! > stalled[blocker]!) blocker = p;
  }
  const mean = layer.entries / entries.length;
  const most = entries[slow]!;
  const balance =
    most === mean
      ? fill(t.imbalanceEven, formatExact(most))
      : fill(
          t.imbalanceSentence,
          slow,
          formatExact(most),
          formatShare(most / mean - 1),
          formatExact(mean),
          formatExact(most - mean),
          formatExact(layer.cycles),
          formatShare((most - mean) / layer.cycles),
        );
  const stalls =
    stalled[blocker]! > 0
      ? fill(t.stallSentence, formatExact(layer.broadcastStalls), blocker)
      : t.stallNone;
  return `${balance} ${stalls}`;
}

export function peTable(load: PeLoad, order: Int32Array, t: EieStrings): Table {
  const names = causeNames(t);
  const { parts } = load;
  return {
    columns: [t.pe, t.entries, ...causes.map((c) => names[c]), t.busy, t.starved, t.stalled],
    rows: Array.from(order, (p) => {
      const busy = parts.work[p]! + parts.filler[p]! + parts.emptyColumns[p]!;
      return [
        p,
        parts.work[p]! + parts.filler[p]!,
        ...causes.map((c) => parts[c][p]!),
        busy,
        load.cycles - busy,
        load.stalled[p]!,
      ];
    }),
  };
}

export function layersTable(run: PageRun, t: EieStrings): Table {
  return {
    columns: [
      t.layer,
      'rows',
      'cols',
      t.weights,
      t.active,
      'pe',
      'fifo',
      'sramWidth',
      'indexBits',
      'precision',
      t.cycles,
      'theoreticalCycles',
      'timeUs',
      'theoreticalTimeUs',
      'loadBalance',
      'realWork',
      'validWritesPerPeCycle',
      'pointerReads',
      'spmatReads',
      'paddingEntries',
      'broadcastStalls',
      'constantPowerUj',
      'eventBasedUj',
      'runsPerInference',
      'outputSha256',
    ],
    rows: run.layers.map((l) => [
      l.name,
      l.rows,
      l.cols,
      l.nonzeros,
      l.activeColumns,
      l.machine.pe,
      l.machine.fifo,
      l.machine.sramWidth,
      l.machine.indexBits,
      l.machine.precision,
      l.cycles,
      l.theoreticalCycles,
      l.timeUs,
      l.theoreticalTimeUs,
      l.loadBalance,
      l.realWork,
      l.validWritesPerPeCycle,
      l.pointerReads,
      l.spmatReads,
      l.paddingEntries,
      l.broadcastStalls,
      l.energyUj.constantPower,
      l.energyUj.eventBased,
      l.runsPerInference,
      l.outputSha256,
    ]),
  };
}

/**
 * A run in which the layers of a newer, partial one take their places; the others stay as they are
 * until their turn comes. What only the first run measured is kept.
 */
export function mergeRun(before: PageRun | undefined, next: PageRun, partial: boolean): PageRun {
  if (!before) return next;
  const old = new Map(before.layers.map((l) => [l.index, l]));
  const fresh = new Map(
    next.layers.map((l) => [
      l.index,
      { ...l, thisMachine: l.thisMachine ?? old.get(l.index)?.thisMachine ?? null },
    ]),
  );
  const layers = partial ? before.layers.map((l) => fresh.get(l.index) ?? l) : [...fresh.values()];
  const totals = partial ? before.totals : next.totals;
  return {
    ...next,
    layers,
    totals: { ...totals, thisMachine: totals.thisMachine ?? before.totals.thisMachine },
    available: next.available.length ? next.available : before.available,
    skipped: partial ? before.skipped : next.skipped,
    notes: partial ? before.notes : next.notes,
  };
}

/** Simulated against published over the paper's layers of a run. */
export function benchmarkDeviation(layers: readonly PageLayer[]): {
  readonly count: number;
  readonly worst: number;
  readonly mean: number;
  readonly not: readonly string[];
} {
  const paper = layers.filter((l) => l.published);
  const fair = paper.filter((l) => l.published?.note === '');
  const off = fair.map((l) => Math.abs(l.timeUs / l.published!.actualUs - 1));
  return {
    count: fair.length,
    worst: Math.max(0, ...off),
    mean: off.length ? off.reduce((a, b) => a + b, 0) / off.length : 0,
    not: paper.filter((l) => l.published?.note !== '').map((l) => l.name),
  };
}
