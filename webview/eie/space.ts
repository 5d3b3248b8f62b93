/**
 * The design space as charts: which lines belong to a sweep's points, and which pictures to the axis
 * that runs horizontally. Pure.
 */
import type { Series } from '../charts/line-chart.ts';
import type { Table } from '../ui/table.ts';
import type { SweepAxis, SweepResult, SweptPoint } from './data.ts';
import type { EieStrings } from './strings.ts';

export type AxisName = SweepAxis['name'];
export const axisNames: readonly AxisName[] = [
  'pe',
  'fifo',
  'sram-width',
  'index-bits',
  'precision',
];

const keys: Readonly<Record<AxisName, keyof SweptPoint>> = {
  pe: 'pe',
  fifo: 'fifo',
  'sram-width': 'sramWidth',
  'index-bits': 'indexBits',
  precision: 'precision',
  clock: 'clockMHz',
};

export function axisLabel(name: AxisName, t: EieStrings): string {
  return {
    pe: t.axisPe,
    fifo: t.axisFifo,
    'sram-width': t.axisWidth,
    'index-bits': t.axisIndex,
    precision: t.axisPrecision,
    clock: t.axisClock,
  }[name];
}

export const valueOf = (point: SweptPoint, axis: AxisName): number | string =>
  point[keys[axis]] as number | string;

/** Values as typed: numbers separated by commas or spaces; null when something else is there. */
export function parseValues(name: AxisName, text: string): SweepAxis | null {
  const words = text.split(/[\s,;]+/).filter((w) => w !== '');
  const unique = [...new Set(words)];
  if (unique.length === 0) return null;
  if (name === 'precision') {
    const known = unique.filter((w) => ['float32', 'fixed32', 'fixed16', 'fixed8'].includes(w));
    return known.length === unique.length ? { name, values: known as SweepAxis['values'] } : null;
  }
  const numbers = [...new Set(unique.map(Number))];
  return numbers.every((n) => Number.isInteger(n) && n > 0)
    ? { name, values: numbers.sort((a, b) => a - b) }
    : null;
}

export interface Preset {
  readonly id: 'fifo' | 'width' | 'pes' | 'precision' | 'free';
  readonly axes: Readonly<Partial<Record<AxisName, string>>>;
}

/** The paper's figures as sweeps. */
export const presets: readonly Preset[] = [
  { id: 'fifo', axes: { fifo: '2, 3, 5, 9, 17, 33, 65, 129, 257' } },
  { id: 'width', axes: { 'sram-width': '32, 64, 128, 256, 512' } },
  { id: 'pes', axes: { pe: '1, 2, 4, 8, 16, 32, 64, 128, 256' } },
  { id: 'precision', axes: { precision: 'float32, fixed32, fixed16, fixed8' } },
  {
    id: 'free',
    axes: { pe: '16, 32, 64, 128, 256', fifo: '4, 8, 16, 32', 'sram-width': '32, 64, 128' },
  },
];

export interface Chart {
  readonly id: string;
  readonly heading: string;
  readonly caption: string;
  readonly value: (point: SweptPoint) => number;
  readonly kind: 'share' | 'log' | 'linear';
}

/** The paper's pictures over this axis. */
export function chartsFor(axis: AxisName, t: EieStrings): readonly Chart[] {
  const balance = (caption: string): Chart => ({
    id: 'sweep-balance',
    heading: t.chartBalance,
    caption,
    value: (p) => p.loadBalance,
    kind: 'share',
  });
  const time: Chart = {
    id: 'sweep-time',
    heading: t.chartTime,
    caption: t.captionTime,
    value: (p) => p.timeUs,
    kind: 'log',
  };
  switch (axis) {
    case 'fifo':
      return [balance(t.captionFig8), time];
    case 'sram-width':
      return [
        {
          id: 'sweep-reads',
          heading: t.chartReads,
          caption: t.captionFig9a,
          value: (p) => p.spmatReads,
          kind: 'linear',
        },
        {
          id: 'sweep-read-energy',
          heading: t.chartReadEnergy,
          caption: t.captionFig9b,
          value: (p) => p.spmatUj,
          kind: 'linear',
        },
      ];
    case 'pe':
      return [
        {
          id: 'sweep-speedup',
          heading: t.chartSpeedup,
          caption: t.captionFig11,
          value: (p) => p.speedup,
          kind: 'log',
        },
        balance(t.captionFig13),
        {
          id: 'sweep-real-work',
          heading: t.chartRealWork,
          caption: t.captionFig12,
          value: (p) => p.realWork,
          kind: 'share',
        },
        time,
      ];
    case 'precision':
      return [
        {
          id: 'sweep-error',
          heading: t.chartError,
          caption: t.captionFig10a,
          value: (p) => p.relativeError,
          kind: 'log',
        },
        {
          id: 'sweep-multiplier',
          heading: t.chartMultiplier,
          caption: t.captionFig10b,
          value: (p) => p.eventBasedUj + p.multiplierUj,
          kind: 'linear',
        },
      ];
    case 'index-bits':
      return [
        {
          id: 'sweep-fillers',
          heading: t.chartFillers,
          caption: t.captionFillers,
          value: (p) => p.paddingEntries,
          kind: 'linear',
        },
        {
          id: 'sweep-real-work',
          heading: t.chartRealWork,
          caption: t.captionFig12,
          value: (p) => p.realWork,
          kind: 'share',
        },
        time,
      ];
    case 'clock':
      return [time];
  }
}

export interface Lines {
  readonly steps: readonly string[];
  readonly series: readonly Series[];
  /** Values of the axes that are neither horizontal nor lines, e.g. `PEs 64, SRAM width 64`. */
  readonly fixed: readonly (readonly [AxisName, number | string])[];
}

/**
 * Lines of one quantity.
 * @param by what a line stands for: an axis, `layer`, or null for one line
 * @param at values of axes at the machine at hand; a swept axis that is neither is held at the value
 *   nearest to it
 */
export function linesOf(
  result: SweepResult,
  horizontal: AxisName,
  by: AxisName | 'layer' | null,
  value: (point: SweptPoint) => number,
  at: Readonly<Partial<Record<AxisName, number | string>>>,
): Lines {
  const axis = result.axes.find((a) => a.name === horizontal);
  const others = result.axes.filter((a) => a.name !== horizontal && a.name !== by);
  const fixed = others.map((a) => [a.name, nearest(a.values, at[a.name])] as const);
  const rest = (points: readonly SweptPoint[]): readonly SweptPoint[] =>
    points.filter((p) => fixed.every(([name, v]) => valueOf(p, name) === v));
  const steps = (axis?.values ?? []).map(String);
  const line = (label: string, points: readonly SweptPoint[]): Series => ({
    label,
    values: (axis?.values ?? []).map((v) => {
      const point = points.find((p) => valueOf(p, horizontal) === v);
      return point ? value(point) : NaN;
    }),
  });
  if (by === 'layer')
    return { steps, fixed, series: result.layers.map((l) => line(l.name, rest(l.points))) };
  const points = rest(result.total);
  const split = result.axes.find((a) => a.name === by);
  return {
    steps,
    fixed,
    series: split
      ? split.values.map((v) =>
          line(
            String(v),
            points.filter((p) => valueOf(p, split.name) === v),
          ),
        )
      : [line('', points)],
  };
}

function nearest(
  values: readonly (number | string)[],
  wanted: number | string | undefined,
): number | string {
  if (wanted === undefined || values.includes(wanted)) return wanted ?? values[0]!;
  if (typeof wanted !== 'number') return values[0]!;
  return values.reduce((a, b) =>
    Math.abs(Number(b) - wanted) < Math.abs(Number(a) - wanted) ? b : a,
  );
}

/** Energy a design is judged by: events, and the multiplier of its precision. */
export const energyOf = (p: SweptPoint): number => p.eventBasedUj + p.multiplierUj;

/** `64 PEs, 8 slots, 64 bits`: what was varied, in words. */
export function machineName(p: SweptPoint, axes: readonly SweepAxis[], t: EieStrings): string {
  const words: Readonly<Record<AxisName, string>> = {
    pe: `${p.pe} ${t.unitPes}`,
    fifo: `${p.fifo} ${t.unitSlots}`,
    'sram-width': `${p.sramWidth} ${t.unitBits}`,
    'index-bits': `${t.axisIndex} ${p.indexBits}`,
    precision: p.precision,
    clock: `${p.clockMHz} MHz`,
  };
  return axes.map((a) => words[a.name]).join(', ');
}

export function pointsTable(points: readonly SweptPoint[], t: EieStrings): Table {
  return {
    columns: [
      t.axisPe,
      t.axisFifo,
      t.axisWidth,
      t.axisIndex,
      t.axisPrecision,
      t.cycles,
      t.timeUs,
      t.loadBalance,
      t.chartRealWork,
      t.chartSpeedup,
      t.chartReads,
      t.energyUj,
      'constantPowerUj',
      t.areaMm2,
      t.chartError,
      t.onFront,
    ],
    rows: points.map((p) => [
      p.pe,
      p.fifo,
      p.sramWidth,
      p.indexBits,
      p.precision,
      p.cycles,
      p.timeUs,
      p.loadBalance,
      p.realWork,
      p.speedup,
      p.spmatReads,
      energyOf(p),
      p.constantPowerUj,
      p.areaMm2,
      p.relativeError,
      p.pareto,
    ]),
  };
}
