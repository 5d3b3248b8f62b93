/** EIE beside other hardware as the paper published it: the bars of Figures 6 and 7, and Table V. */
import { barChart, type Bar, type BarGroup } from '../../charts/bar-chart.ts';
import type { Origin } from '../../charts/cycle-patterns.ts';
import { fill } from '../../ui/dom.ts';
import type { Drawing } from '../../ui/figure.ts';
import { cellText } from '../../ui/table.ts';
import type { PageLayer, PublishedResult } from '../data.ts';
import { formatTimes } from '../model.ts';
import type { EieStrings } from '../strings.ts';
import { originName } from './origins.ts';

const eie = 'EIE';

/**
 * Times over a CPU's, of the chosen layer where it is one of the paper's, and their geometric mean.
 * @param own the simulated ones; null where there are none to compare
 */
export function barsDrawing(
  layer: PageLayer,
  published: PublishedResult,
  list: PublishedResult['speedupBars'],
  own: { readonly layer: number | null; readonly mean: number | null },
  t: EieStrings,
): Drawing {
  const at = published.layers.findIndex((l) => l.name === layer.name && layer.published !== null);
  const series = (
    value: (b: (typeof list)[number]) => number,
    simulated: number | null,
  ): readonly Bar[] => [
    ...list.map((b) => ({
      label: b.series,
      value: value(b),
      text: formatTimes(value(b)),
      fill: 'published' as const,
      strong: b.series === eie,
    })),
    ...(simulated === null
      ? []
      : [
          {
            ...{ label: `${eie}, ${t.simulated}`, value: simulated },
            ...{ text: formatTimes(simulated), fill: 'simulated' as const, strong: true },
          },
        ]),
  ];
  const groups: BarGroup[] = [
    ...(at >= 0
      ? [{ label: layer.name, bars: series((b) => b.values[at] ?? NaN, own.layer) }]
      : []),
    { label: t.geometricMean, bars: series((b) => b.computedMean, own.mean) },
  ];
  const theirs = list.find((b) => b.series === eie);
  const value = theirs ? (at >= 0 ? (theirs.values[at] ?? NaN) : theirs.computedMean) : NaN;
  const name = at >= 0 ? layer.name : t.geometricMean;
  const simulated = at >= 0 ? own.layer : own.mean;
  const summary =
    simulated === null
      ? fill(t.barsSummaryPublished, name, formatTimes(value))
      : fill(t.barsSummary, name, formatTimes(value), formatTimes(simulated));
  return {
    summary,
    draw: (width) =>
      barChart(groups, { width, log: true, axis: t.timesCpu, summary, format: times }),
    table: () => ({
      columns: [t.layer, t.machine, t.timesCpu, t.origin],
      rows: groups.flatMap((g) =>
        g.bars.map((b) => [g.label, b.label, b.value, originName(b.fill as Origin, t)]),
      ),
    }),
  };
}

/** One figure of all platforms of Table V, and the same of this layer as simulated. */
export function platformsDrawing(
  layer: PageLayer,
  published: PublishedResult,
  unit: string,
  value: (p: PublishedResult['platforms'][number]) => number,
  simulated: number,
  t: EieStrings,
): Drawing {
  const bars: Bar[] = [
    ...published.platforms.map((p) => ({
      label: p.name,
      value: value(p),
      text: cellText(value(p)),
      fill: 'published' as const,
      strong: p.type === 'ASIC' && p.name.startsWith(eie),
    })),
    {
      ...{ label: fill(t.eieThis, layer.machine.pe, layer.name), value: simulated },
      ...{ text: cellText(simulated), fill: 'simulated', strong: true },
    },
  ];
  const of = (test: (p: PublishedResult['platforms'][number]) => boolean): string => {
    const found = published.platforms.find(test);
    return found ? cellText(value(found)) : '–';
  };
  const summary = fill(
    t.platformsSummary,
    of((p) => p.name.startsWith(eie)),
    of((p) => p.type === 'CPU'),
    of((p) => p.type === 'GPU'),
    layer.name,
    cellText(simulated),
  );
  return {
    summary,
    draw: (width) => barChart([{ label: '', bars }], { width, log: true, axis: unit, summary }),
    table: () => ({
      columns: [t.machine, unit, t.origin],
      rows: bars.map((b) => [b.label, b.value, originName(b.fill as Origin, t)]),
    }),
  };
}

const times = (value: number): string => `${value >= 1000 ? `${value / 1000}k` : value}×`;
