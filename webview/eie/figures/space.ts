/** Pictures of a walked design space: a figure along one axis, line by line, and time against energy. */
import { lineChart } from '../../charts/line-chart.ts';
import { scatter } from '../../charts/scatter.ts';
import { fill } from '../../ui/dom.ts';
import type { Drawing } from '../../ui/figure.ts';
import { formatShare } from '../../ui/format.ts';
import { cellText } from '../../ui/table.ts';
import type { PageLayer, SweepResult, SweptPoint } from '../data.ts';
import { formatEnergy, formatTime, formatTimes } from '../model.ts';
import {
  axisLabel,
  energyOf,
  linesOf,
  machineName,
  pointsTable,
  type AxisName,
  type Chart,
  type Lines,
} from '../space.ts';
import type { EieStrings } from '../strings.ts';

/** A machine's place on the axes. */
export type Place = Readonly<Partial<Record<AxisName, number | string>>>;

/** @param by what tells the lines apart */
export function linesDrawing(
  result: SweepResult,
  chart: Chart,
  horizontal: AxisName,
  by: AxisName | 'layer' | null,
  at: Place,
  t: EieStrings,
): Drawing & { readonly fixed: Lines['fixed'] } {
  const { steps, series, fixed } = linesOf(result, horizontal, by, chart.value, at);
  const format = chart.kind === 'share' ? (v: number) => `${Math.round(v * 100)} %` : undefined;
  const summary = lineSummary(chart, steps, series, horizontal, by, t);
  return {
    fixed,
    summary,
    draw: (width) =>
      lineChart(series, {
        ...{ width, height: 300, steps, summary, value: chart.heading },
        axis: axisLabel(horizontal, t),
        log: chart.kind === 'log',
        marked: steps.indexOf(String(at[horizontal])),
        ...(chart.kind === 'share' && { most: 1 }),
        ...(format && { format }),
      }),
    table: () => ({
      columns: [axisLabel(horizontal, t), ...series.map((s) => s.label || chart.heading)],
      rows: steps.map((step, i) => [step, ...series.map((s) => s.values[i] ?? null)]),
    }),
  };
}

/** Few lines one by one, from end to end; of many, the highest and the lowest at the last step. */
function lineSummary(
  chart: Chart,
  steps: readonly string[],
  series: Lines['series'],
  horizontal: AxisName,
  by: AxisName | 'layer' | null,
  t: EieStrings,
): string {
  const write = (v: number): string => (chart.kind === 'share' ? formatShare(v) : cellText(v));
  const last = steps.length - 1;
  const name = (s: Lines['series'][number]): string =>
    s.label ? (by && by !== 'layer' ? `${axisLabel(by, t)} ${s.label}` : s.label) : chart.heading;
  const end = (s: Lines['series'][number]): number => s.values[last] ?? NaN;
  if (series.length > 3) {
    const sorted = series.filter((s) => Number.isFinite(end(s))).sort((a, b) => end(b) - end(a));
    const [top, bottom] = [sorted[0], sorted.at(-1)];
    if (top && bottom)
      return fill(
        t.sweepSummaryMany,
        series.length,
        `${axisLabel(horizontal, t)} ${steps[last]}`,
        ...[name(top), write(end(top)), name(bottom), write(end(bottom))],
      );
  }
  return series
    .map((s) =>
      last > 0
        ? fill(
            t.sweepSummary,
            ...[name(s), write(s.values[0]!), steps[0]!, write(end(s)), steps[last]!],
          )
        : fill(t.sweepSummaryOne, name(s), write(end(s)), steps[0] ?? ''),
    )
    .join(' ');
}

export function paretoDrawing(
  result: SweepResult,
  machine: PageLayer['machine'] | undefined,
  t: EieStrings,
): Drawing {
  const points = result.total;
  const least = (of: (p: SweptPoint) => number): SweptPoint =>
    points.reduce((a, b) => (of(b) < of(a) ? b : a));
  const name = (p: SweptPoint): string => machineName(p, result.axes, t);
  const fast = least((p) => p.timeUs);
  const frugal = least(energyOf);
  const small = least((p) => p.areaMm2);
  const area = (p: SweptPoint): string => `${cellText(p.areaMm2)} mm²`;
  const energy = (p: SweptPoint): string => formatEnergy(energyOf(p));
  const front = points.filter((p) => p.pareto);
  const summary = fill(
    t.paretoSummary,
    front.length,
    points.length,
    `${name(fast)} (${formatTime(fast.timeUs)})`,
    `${name(frugal)} (${energy(frugal)})`,
    `${name(small)} (${area(small)})`,
  );
  const title = (p: SweptPoint): string =>
    [
      name(p),
      `${formatTime(p.timeUs)}, ${energy(p)}, ${area(p)}`,
      `${t.loadBalance} ${formatShare(p.loadBalance)}, ${t.chartSpeedup} ${formatTimes(p.speedup)}`,
    ].join('\n');
  const here = (p: SweptPoint): boolean =>
    p.pe === machine?.pe &&
    p.fifo === machine.fifo &&
    p.sramWidth === machine.sramWidth &&
    p.indexBits === machine.indexBits &&
    p.precision === machine.precision;
  return {
    summary,
    draw: (width) =>
      scatter(
        points.map((p) => ({
          ...{ x: p.timeUs, y: energyOf(p), size: p.areaMm2, front: p.pareto },
          ...{ here: here(p), label: name(p), title: title(p) },
        })),
        { width, height: 380, x: t.timeUs, y: t.energyUj, summary },
      ),
    table: () => pointsTable(front, t),
  };
}
