/** What a layer costs: time beside the other layers, energy by part, memory against what a PE has. */
import { barChart } from '../../charts/bar-chart.ts';
import { fill } from '../../ui/dom.ts';
import type { Drawing } from '../../ui/figure.ts';
import { formatShare } from '../../ui/format.ts';
import { cellText } from '../../ui/table.ts';
import type { PageLayer, PageRun } from '../data.ts';
import { formatEnergy, formatTime } from '../model.ts';
import type { EieStrings } from '../strings.ts';

/** Memories as the paper counts them: 1 KB is 1024 bytes. */
const kilobytes = (bytes: number): string =>
  bytes < 1024 ? `${bytes} B` : `${cellText(bytes / 1024)} KB`;

export function timeDrawing(run: PageRun, chosen: PageLayer, t: EieStrings): Drawing {
  const longest = run.layers.reduce((a, b) => (b.timeUs > a.timeUs ? b : a));
  const summary = fill(
    t.timeSummary,
    longest.name,
    formatTime(longest.timeUs),
    formatTime(run.totals.timeUs),
  );
  const shown = [...run.layers].sort((a, b) => b.timeUs - a.timeUs).slice(0, 24);
  return {
    summary,
    draw: (width) =>
      barChart(
        [
          {
            label: '',
            bars: shown.map((l) => ({
              label: l.name,
              value: l.timeUs,
              text: `${formatTime(l.timeUs)}, ${formatEnergy(l.energyUj.constantPower)}`,
              fill: 'simulated',
              strong: l.index === chosen.index,
            })),
          },
        ],
        { width, log: false, axis: `${t.timeUs}, ${t.simulated}`, summary },
      ),
    table: () => ({
      columns: [
        t.layer,
        t.timeUs,
        t.theoretical,
        `${t.energy} (µJ), ${t.constantPower}`,
        `${t.energy} (µJ), ${t.eventBased}`,
      ],
      rows: run.layers.map((l) => [
        l.name,
        l.timeUs,
        l.theoreticalTimeUs,
        l.energyUj.constantPower,
        l.energyUj.eventBased,
      ]),
    }),
  };
}

export function energyDrawing(layer: PageLayer, t: EieStrings): Drawing {
  const { constantPower, eventBased, parts } = layer.energyUj;
  const names: readonly (readonly [keyof typeof parts, string])[] = [
    ['spmat', t.partSpmat],
    ['pointer', t.partPointer],
    ['arithmetic', t.partArithmetic],
    ['activation', t.partActivation],
    ['queue', t.partQueue],
    ['detection', t.partDetection],
  ];
  const [largest, name] = names.reduce((a, b) => (parts[b[0]] > parts[a[0]] ? b : a));
  const summary = fill(
    t.energySummary,
    formatEnergy(constantPower),
    formatEnergy(eventBased),
    name,
    formatEnergy(parts[largest]),
  );
  return {
    summary,
    draw: (width) =>
      barChart(
        [
          {
            label: t.energy,
            bars: [
              {
                label: t.constantPower,
                value: constantPower,
                text: formatEnergy(constantPower),
                fill: 'simulated',
                strong: true,
              },
              {
                label: t.eventBased,
                value: eventBased,
                text: formatEnergy(eventBased),
                fill: 'simulated',
                strong: true,
              },
            ],
          },
          {
            label: t.energyParts,
            bars: names.map(([key, label]) => ({
              label,
              value: parts[key],
              text: formatEnergy(parts[key]),
              fill: 'simulated' as const,
            })),
          },
        ],
        { width, log: false, axis: 'µJ', summary },
      ),
    table: () => ({
      columns: [t.energy, 'µJ'],
      rows: [
        [t.constantPower, constantPower],
        [t.eventBased, eventBased],
        ...names.map(([key, label]) => [label, parts[key]] as const),
      ],
    }),
  };
}

export function sramDrawing(layer: PageLayer, t: EieStrings): Drawing {
  const { capacity } = layer;
  const rows = [
    [t.sramWeights, capacity.spmat],
    [t.sramPointers, capacity.pointer],
    [t.sramActivations, capacity.activation],
  ] as const;
  const share = (n: { needed: number; available: number }): number =>
    n.needed / Math.max(1, n.available);
  const fits = rows.every(([, n]) => n.needed <= n.available);
  const summary = fits
    ? fill(t.sramSummaryFits, formatShare(Math.max(...rows.map(([, n]) => share(n)))))
    : fill(t.sramSummarySplit, capacity.warnings.join('; '));
  return {
    summary,
    draw: (width) =>
      barChart(
        rows.map(([label, n]) => ({
          label,
          bars: [
            {
              label: t.needed,
              value: share(n),
              text: `${kilobytes(n.needed)}, ${formatShare(share(n))}`,
              fill: n.needed > n.available ? ('queueFull' as const) : ('simulated' as const),
              strong: n.needed > n.available,
            },
            {
              label: t.available,
              value: 1,
              text: kilobytes(n.available),
              fill: 'fillDrain' as const,
            },
          ],
        })),
        { width, log: false, axis: t.full, summary, format: (v) => `${Math.round(v * 100)} %` },
      ),
    table: () => ({
      columns: [t.sram, `${t.needed} (B)`, `${t.available} (B)`, { name: t.full, as: 'share' }],
      rows: rows.map(([label, n]) => [label, n.needed, n.available, share(n)]),
    }),
  };
}
