/**
 * EIE against other hardware: the chosen layer on this machine and, for the paper's layers, in Table
 * IV; the bars of Figures 6 and 7; Table V. Every bar says whether it is published, simulated or
 * measured here.
 */
import { barChart, type Bar, type BarGroup } from '../charts/bar-chart.ts';
import { cycleSwatch, origins, type Origin } from '../charts/cycle-patterns.ts';
import { toElement } from '../charts/svg.ts';
import { el, fill } from '../ui/dom.ts';
import { formatShare } from '../ui/format.ts';
import { cellText } from '../ui/table.ts';
import type { PageLayer, PageRun, PublishedResult } from './data.ts';
import { Figure, type Save } from './figure.ts';
import { benchmarkDeviation, formatTime, formatTimes } from './model.ts';
import type { EieStrings } from './strings.ts';

export class CompareView {
  readonly element: HTMLElement;
  private readonly benchmark: Figure;
  private readonly layer: Figure;
  private readonly speedup: Figure;
  private readonly efficiency: Figure;
  private readonly throughput: Figure;
  private readonly joule: Figure;
  private readonly notes = el('ul', { class: 'notes' });
  private readonly noPublished: HTMLElement;
  private published: PublishedResult | undefined;

  constructor(
    private readonly t: EieStrings,
    save: Save,
  ) {
    const figure = (id: string, heading: string, caption: string): Figure =>
      new Figure({ id, heading, caption }, t, save);
    this.benchmark = figure('benchmark', t.benchmark, t.benchmarkCaption);
    this.layer = figure('compare-layer', t.compareLayer, t.compareCaptionOwn);
    this.speedup = figure('speedup', t.speedup, t.speedupCaption);
    this.efficiency = figure('efficiency', t.efficiency, t.efficiencyCaption);
    this.throughput = figure('throughput', t.throughput, t.throughputCaption);
    this.joule = figure('joule', t.joule, t.jouleCaption);
    this.noPublished = el('p', { class: 'caption' }, t.noPublished);
    this.element = el(
      'div',
      { class: 'view' },
      originLegend(t),
      this.layer.element,
      this.noPublished,
      this.benchmark.element,
      el('div', { class: 'pair' }, this.speedup.element, this.efficiency.element),
      el('div', { class: 'pair' }, this.throughput.element, this.joule.element),
      el(
        'section',
        { 'aria-labelledby': 'paper-notes' },
        el('h3', { id: 'paper-notes' }, t.paperNotes),
        this.notes,
      ),
    );
  }

  show(published: PublishedResult): void {
    this.published = published;
    this.notes.replaceChildren(...published.notes.map((note) => el('li', {}, note)));
  }

  update(run: PageRun, layer: PageLayer): void {
    this.noPublished.hidden = layer.published !== null;
    this.showLayer(layer);
    this.benchmark.hidden = !run.layers.some((l) => l.published);
    if (run.layers.some((l) => l.published)) this.showBenchmark(run);
    if (!this.published) return;
    this.showBars(run, layer, this.published);
    // Table V is about FC7 of AlexNet: that layer, where the run has it
    this.showPlatforms(
      run.layers.find((l) => l.published && l.name === 'Alex-7') ?? layer,
      this.published,
    );
  }

  private showLayer(layer: PageLayer): void {
    const { t } = this;
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
    this.layer.update({
      summary: `${layer.name}: ${summary}`,
      draw: (width) => barChart(groups, { width, log: true, axis: t.timeUs, summary }),
      table: () => ({
        columns: [t.layer, t.timeUs, ''],
        rows: groups[0]!.bars.map((b) => [b.label, b.value, originName(b.fill as Origin, t)]),
      }),
    });
  }

  private showBenchmark(run: PageRun): void {
    const { t } = this;
    const paper = run.layers.filter((l) => l.published);
    const { count, worst, mean, not } = benchmarkDeviation(paper);
    const summary = fill(
      t.benchmarkSummary,
      count,
      formatShare(worst),
      formatShare(mean),
      not.length ? fill(t.benchmarkNot, not.join(', ')) : '',
    ).replace(/; \.$/, '.');
    this.benchmark.update({
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
          t.difference,
          t.remark,
        ],
        rows: paper.map((l) => [
          l.name,
          l.published!.theoreticalUs,
          l.theoreticalTimeUs,
          l.published!.actualUs,
          l.timeUs,
          signed(l.timeUs / l.published!.actualUs - 1),
          l.published!.note,
        ]),
      }),
    });
  }

  private showBars(run: PageRun, layer: PageLayer, published: PublishedResult): void {
    const { t } = this;
    const at = published.layers.findIndex((l) => l.name === layer.name && layer.published !== null);
    const ours = run.layers.length > 1 ? (run.totals.speedupOverCpuDense?.simulated ?? null) : null;
    const groups = (
      list: PublishedResult['speedupBars'],
      simulated: number | null,
      mean: number | null,
    ): BarGroup[] => {
      const series = (value: (b: (typeof list)[number]) => number, own: number | null): Bar[] => [
        ...list.map((b) => ({
          label: b.series,
          value: value(b),
          text: formatTimes(value(b)),
          fill: 'published' as const,
          strong: b.series === 'EIE',
        })),
        ...(own === null
          ? []
          : [
              {
                label: `EIE, ${t.simulated}`,
                value: own,
                text: formatTimes(own),
                fill: 'simulated' as const,
                strong: true,
              },
            ]),
      ];
      return [
        ...(at >= 0
          ? [{ label: layer.name, bars: series((b) => b.values[at] ?? NaN, simulated) }]
          : []),
        { label: t.geometricMean, bars: series((b) => b.computedMean, mean) },
      ];
    };
    const show = (
      figure: Figure,
      list: PublishedResult['speedupBars'],
      simulated: number | null,
      mean: number | null,
    ): void => {
      const made = groups(list, simulated, mean);
      const eie = list.find((b) => b.series === 'EIE');
      const value = eie ? (at >= 0 ? (eie.values[at] ?? NaN) : eie.computedMean) : NaN;
      const own = at >= 0 ? simulated : mean;
      const name = at >= 0 ? layer.name : t.geometricMean;
      const summary =
        own === null
          ? fill(t.barsSummaryPublished, name, formatTimes(value))
          : fill(t.barsSummary, name, formatTimes(value), formatTimes(own));
      figure.update({
        summary,
        draw: (width) =>
          barChart(made, { width, log: true, axis: t.timesCpu, summary, format: times }),
        table: () => ({
          columns: [t.layer, '', t.timesCpu, ''],
          rows: made.flatMap((g) =>
            g.bars.map((b) => [g.label, b.label, b.value, originName(b.fill as Origin, t)]),
          ),
        }),
      });
    };
    const p = layer.published;
    show(this.speedup, published.speedupBars, p ? p.cpuDenseUs / layer.timeUs : null, ours);
    show(this.efficiency, published.efficiencyBars, null, null);
  }

  private showPlatforms(layer: PageLayer, published: PublishedResult): void {
    const { t } = this;
    const own = fill(t.eieThis, layer.machine.pe, layer.name);
    const show = (
      figure: Figure,
      unit: string,
      value: (p: PublishedResult['platforms'][number]) => number,
      simulated: number,
    ): void => {
      const bars: Bar[] = [
        ...published.platforms.map((p) => ({
          label: p.name,
          value: value(p),
          text: cellText(value(p)),
          fill: 'published' as const,
          strong: p.type === 'ASIC' && p.name.startsWith('EIE'),
        })),
        {
          label: own,
          value: simulated,
          text: cellText(simulated),
          fill: 'simulated',
          strong: true,
        },
      ];
      const of = (test: (p: PublishedResult['platforms'][number]) => boolean): string => {
        const found = published.platforms.find(test);
        return found ? cellText(value(found)) : '–';
      };
      const summary = fill(
        t.platformsSummary,
        of((p) => p.name.startsWith('EIE')),
        of((p) => p.type === 'CPU'),
        of((p) => p.type === 'GPU'),
        layer.name,
        cellText(simulated),
      );
      figure.update({
        summary,
        draw: (width) => barChart([{ label: '', bars }], { width, log: true, axis: unit, summary }),
        table: () => ({
          columns: ['', unit, ''],
          rows: bars.map((b) => [b.label, b.value, originName(b.fill as Origin, t)]),
        }),
      });
    };
    show(this.throughput, t.throughput, (p) => p.layersPerSecond, 1e6 / layer.timeUs);
    show(this.joule, t.joule, (p) => p.layersPerJoule, 1e6 / layer.energyUj.constantPower);
  }
}

const times = (value: number): string => `${value >= 1000 ? `${value / 1000}k` : value}×`;

function signed(share: number): string {
  const text = formatShare(Math.abs(share));
  return share < 0 ? `−${text}` : `+${text}`;
}

function originName(origin: Origin, t: EieStrings): string {
  return { published: t.publishedLabel, simulated: t.simulated, measured: t.measuredHere }[origin];
}

function originLegend(t: EieStrings): HTMLElement {
  return el(
    'ul',
    { class: 'origins' },
    ...origins.map((o) => el('li', {}, toElement(cycleSwatch(o)), originName(o, t))),
  );
}
