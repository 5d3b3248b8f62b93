/** Times of a layer on different machines, and of the paper's layers as published and as simulated. */
import { barChart, type Bar, type BarGroup } from '../../charts/bar-chart.ts';
import type { Origin } from '../../charts/cycle-patterns.ts';
import { fill } from '../../ui/dom.ts';
import type { Drawing } from '../../ui/figure.ts';
import { formatShare } from '../../ui/format.ts';
import type { PageLayer, PageRun } from '../data.ts';
import { benchmarkDeviation, formatTime, formatTimes } from '../model.ts';
import type { EieStrings } from '../strings.ts';
import { originName } from './origins.ts';

export function layerTimesDrawing(layer: PageLayer, t: EieStrings): Drawing {
  const host = layer.thisMachine;
  const bar = (label: string, us: number, origin: Origin, strong = false): Bar => ({
    label,
    value: us,
    text: `${formatTime(us)} ${originName(origin, t)}`,
    fill: origin,
    strong,
  });
  const pe = layer.machine.pe;
  const bars = [
    ...(host
      ? [bar(t.hostDense, host.denseUs, 'measured'), bar(t.hostSparse, host.sparseUs, 'measured')]
      : []),
    bar(fill(t.eieSimulated, pe), layer.timeUs, 'simulated', true),
    bar(t.eieTheoretical, layer.theoreticalTimeUs, 'simulated'),
  ];
  const p = layer.published;
  const paper = p
    ? [
        bar('CPU, dense', p.cpuDenseUs, 'published'),
        bar('CPU, sparse', p.cpuSparseUs, 'published'),
        bar('GPU, dense', p.gpuDenseUs, 'published'),
        bar('GPU, sparse', p.gpuSparseUs, 'published'),
        bar('Mobile GPU, dense', p.mobileGpuDenseUs, 'published'),
        bar('Mobile GPU, sparse', p.mobileGpuSparseUs, 'published'),
        bar(t.eiePublished, p.actualUs, 'published', true),
      ]
    : [];
  const own = host
    ? fill(
        t.compareSummary,
        pe,
        formatTime(layer.timeUs),
        formatTime(host.denseUs),
        formatTimes(host.denseUs / layer.timeUs),
        formatTime(host.sparseUs),
        formatTimes(host.sparseUs / layer.timeUs),
      )
    : fill(t.compareSummaryNoHost, pe, formatTime(layer.timeUs));
  const summary = p ? `${own} ${fill(t.comparePublished, formatTime(p.actualUs))}` : own;
  const groups: BarGroup[] = [{ label: '', bars: [...bars, ...paper] }];
  return {
    summary: `${layer.name}: ${summary}`,
    draw: (width) => barChart(groups, { width, log: true, axis: t.timeUs, summary }),
    table: () => ({
      columns: [t.machine, t.timeUs, t.origin],
      rows: groups[0]!.bars.map((b) => [b.label, b.value, originName(b.fill as Origin, t)]),
    }),
  };
}

export function benchmarkDrawing(run: PageRun, t: EieStrings): Drawing {
  const paper = run.layers.filter((l) => l.published);
  const { count, worst, mean, not } = benchmarkDeviation(paper);
  const summary = fill(
    t.benchmarkSummary,
    count,
    formatShare(worst),
    formatShare(mean),
    not.length ? fill(t.benchmarkNot, not.join(', ')) : '',
  ).replace(/; \.$/, '.');
  return {
    summary,
    draw: (width) =>
      barChart(
        paper.map((l) => ({
          label: l.published!.note ? `${l.name} (${t.remarkNo})` : l.name,
          bars: [
            {
              label: t.publishedLabel,
              value: l.published!.actualUs,
              text: formatTime(l.published!.actualUs),
              fill: 'published' as const,
            },
            {
              label: t.simulated,
              value: l.timeUs,
              text: `${formatTime(l.timeUs)} (${signed(l.timeUs / l.published!.actualUs - 1)})`,
              fill: 'simulated' as const,
              strong: true,
            },
          ],
        })),
        { width, log: false, axis: t.timeUs, summary },
      ),
    table: () => ({
      columns: [
        t.layer,
        t.publishedTheoretical,
        t.simulatedTheoretical,
        t.publishedActual,
        t.simulatedActual,
        { name: t.difference, as: 'share' },
        t.remark,
      ],
      rows: paper.map((l) => [
        l.name,
        l.published!.theoreticalUs,
        l.theoreticalTimeUs,
        l.published!.actualUs,
        l.timeUs,
        l.timeUs / l.published!.actualUs - 1,
        l.published!.note,
      ]),
    }),
  };
}

function signed(share: number): string {
  const text = formatShare(Math.abs(share));
  return share < 0 ? `−${text}` : `+${text}`;
}
