/** Everything about the chosen layer: where its cycles went, PE by PE, over time, in energy, in memory. */
import { barChart, causeBar } from '../charts/bar-chart.ts';
import { causes, cycleSwatch, type Cause } from '../charts/cycle-patterns.ts';
import { peBars, peGroup, peOrder } from '../charts/pe-bars.ts';
import { queueSteps, queueTimeline } from '../charts/queue-timeline.ts';
import { toElement } from '../charts/svg.ts';
import { el, fill } from '../ui/dom.ts';
import { formatExact, formatShare } from '../ui/format.ts';
import { cellText } from '../ui/table.ts';
import type { LayerDetail, PageLayer, PageRun } from './data.ts';
import { Figure, type Save } from './figure.ts';
import { fromText } from './layers.ts';
import {
  causeNames,
  causesOf,
  formatEnergy,
  formatTime,
  imbalanceSentence,
  peLoad,
  peTable,
  whereSentence,
} from './model.ts';
import type { EieStrings } from './strings.ts';

const two = (value: number): string => value.toFixed(2);
/** Memories as the paper counts them: 1 KB is 1024 bytes. */
const kilobytes = (bytes: number): string =>
  bytes < 1024 ? `${bytes} B` : `${cellText(bytes / 1024)} KB`;

export class LayerView {
  readonly element: HTMLElement;
  private readonly title = el('h2', { id: 'layer-heading' });
  private readonly about = el('p', { class: 'caption' });
  private readonly where: Figure;
  private readonly load: Figure;
  private readonly queues: Figure;
  private readonly time: Figure;
  private readonly energy: Figure;
  private readonly sram: Figure;
  private sort: 'pe' | 'load' = 'pe';
  private last: { run: PageRun; layer: PageLayer; detail: LayerDetail } | undefined;

  constructor(
    private readonly t: EieStrings,
    save: Save,
  ) {
    const figure = (
      id: string,
      heading: string,
      caption: string,
      tools: HTMLElement[] = [],
    ): Figure => new Figure({ id, heading, caption, tools }, t, save);
    this.where = figure('where', t.where, t.whereCaption, [legend(t)]);
    this.load = figure('pe-load', t.peLoad, t.peCaption, [this.sorting()]);
    this.queues = figure('queues', t.queues, t.queuesCaption);
    this.time = figure('time', t.timeEnergy, t.timeCaption);
    this.energy = figure('energy', t.energyHeading, t.energyCaption);
    this.sram = figure('sram', t.sram, t.sramCaption);
    this.element = el(
      'div',
      { class: 'view' },
      el('div', { class: 'layer-title' }, this.title, this.about),
      this.where.element,
      this.load.element,
      this.queues.element,
      el('div', { class: 'pair' }, this.energy.element, this.sram.element),
      this.time.element,
    );
  }

  update(run: PageRun, layer: PageLayer, detail: LayerDetail | undefined): void {
    const { t } = this;
    this.title.textContent = layer.name;
    const density = formatShare(layer.activations.density);
    this.about.textContent = [
      `${formatExact(layer.rows)} × ${formatExact(layer.cols)}`,
      fill(t.activationsFrom, fromText(layer, t), density),
      layer.activations.note,
    ]
      .filter((s) => s)
      .join(' · ')
      .replace('. · ', '. ');
    this.showWhere(layer);
    this.showEnergy(layer);
    this.showSram(layer);
    this.time.hidden = run.layers.length < 2;
    if (run.layers.length > 1) this.showTime(run, layer);
    if (!detail || detail.index !== layer.index) return;
    this.last = { run, layer, detail };
    this.showLoad();
    this.showQueues(layer, detail);
  }

  private showWhere(layer: PageLayer): void {
    const { t } = this;
    const all = causesOf(layer);
    const total = Math.max(
      1,
      Object.values(all).reduce((a, b) => a + b, 0),
    );
    const names = causeNames(t);
    const summary = whereSentence(layer, t);
    this.where.update({
      summary,
      draw: (width) =>
        causeBar(
          causes.map((cause) => ({
            cause,
            share: all[cause] / total,
            title: `${names[cause]}: ${formatExact(all[cause])}, ${formatShare(all[cause] / total)}`,
            text: formatShare(all[cause] / total),
          })),
          width,
          summary,
        ),
      table: () => ({
        columns: [t.cause, t.peCycles, t.share, t.meaning],
        rows: causes.map((c) => [names[c], all[c], formatShare(all[c] / total), hints(t)[c]]),
      }),
    });
  }

  private showLoad(): void {
    if (!this.last) return;
    const { t, sort } = this;
    const { layer, detail } = this.last;
    const load = peLoad(layer, detail);
    const order = peOrder(load, sort);
    const names = causeNames(t);
    const sentence = imbalanceSentence(layer, detail, t);
    this.load.update({
      summary: sentence,
      draw: (width) => {
        const group = peGroup(order.length, Math.floor((width - 54) / 3));
        return peBars(
          load,
          order,
          { width, height: 330 },
          {
            summary: sentence,
            ideal: fill(t.peIdeal, formatExact(layer.theoreticalCycles)),
            stalled: t.peHeld,
            axis: group > 1 ? fill(t.peGrouped, group) : t.peAxis,
            title: (pes, cycles, stalled) =>
              [
                pes.length === 1
                  ? fill(t.peTitle, pes[0]!)
                  : fill(
                      t.peTitleMean,
                      `${pes.slice(0, 8).join(', ')}${pes.length > 8 ? ', …' : ''}`,
                    ),
                ...causes
                  .filter((c) => cycles[c] > 0)
                  .map((c) => `${names[c]}: ${formatExact(cycles[c])}`),
                ...(stalled > 0 ? [`${t.peHeldTitle}: ${formatExact(stalled)}`] : []),
              ].join('\n'),
          },
        );
      },
      table: () => peTable(load, order, t),
    });
  }

  private showQueues(layer: PageLayer, { timeline }: LayerDetail): void {
    const { t } = this;
    this.queues.hidden = timeline === null;
    if (!timeline) return;
    const data = {
      ...timeline,
      cycles: layer.cycles,
      pes: layer.machine.pe,
      depth: layer.machine.fifo - 1,
    };
    const { steps, cycles } = queueSteps(data, 24);
    const mean = (of: (s: (typeof steps)[number]) => number): number =>
      steps.reduce((a, s) => a + of(s), 0) / Math.max(1, steps.length);
    const summary = fill(
      t.queuesSummary,
      two(mean((s) => s.mean)),
      data.depth,
      layer.queueHighWater,
      formatShare(mean((s) => s.working)),
    );
    this.queues.update({
      summary,
      draw: (width) =>
        queueTimeline(data, width, {
          summary,
          occupancy: t.queueOccupancy,
          working: t.queueWorking,
          perPe: t.queuePerPe,
          stalls: t.queueStalls,
          axis: t.cycleAxis,
        }),
      table: () => ({
        columns: [t.fromCycle, t.meanItems, t.leastItems, t.mostItems, t.working, t.held],
        rows: steps.map((s, i) => [i * cycles, s.mean, s.least, s.most, s.working, s.stalled]),
      }),
    });
  }

  private showTime(run: PageRun, chosen: PageLayer): void {
    const { t } = this;
    const longest = run.layers.reduce((a, b) => (b.timeUs > a.timeUs ? b : a));
    const summary = fill(
      t.timeSummary,
      longest.name,
      formatTime(longest.timeUs),
      formatTime(run.totals.timeUs),
    );
    const shown = [...run.layers].sort((a, b) => b.timeUs - a.timeUs).slice(0, 24);
    this.time.update({
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
    });
  }

  private showEnergy(layer: PageLayer): void {
    const { t } = this;
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
    this.energy.update({
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
    });
  }

  private showSram(layer: PageLayer): void {
    const { t } = this;
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
    this.sram.update({
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
        columns: [t.sram, `${t.needed} (B)`, `${t.available} (B)`, t.full],
        rows: rows.map(([label, n]) => [label, n.needed, n.available, formatShare(share(n))]),
      }),
    });
  }

  private sorting(): HTMLElement {
    const { t } = this;
    const buttons = (['pe', 'load'] as const).map((by) => {
      const button = el(
        'button',
        { type: 'button', 'aria-pressed': String(by === this.sort) },
        by === 'pe' ? t.byPe : t.byLoad,
      );
      button.addEventListener('click', () => {
        this.sort = by;
        buttons.forEach((b) => b.setAttribute('aria-pressed', String(b === button)));
        this.showLoad();
      });
      return button;
    });
    return el(
      'div',
      { class: 'switch', role: 'group', 'aria-label': t.sortBy },
      el('span', {}, t.sortBy),
      ...buttons,
    );
  }
}

function hints(t: EieStrings): Readonly<Record<Cause, string>> {
  return {
    work: t.workHint,
    filler: t.fillerHint,
    emptyColumns: t.emptyColumnsHint,
    queueFull: t.queueFullHint,
    scan: t.scanHint,
    imbalance: t.imbalanceHint,
    fillDrain: t.fillDrainHint,
  };
}

/** Colour, pattern, name and meaning of each cause; valid for the PE bars below as well. */
function legend(t: EieStrings): HTMLElement {
  const names = causeNames(t);
  const item = (cause: Cause): HTMLElement =>
    el(
      'li',
      {},
      toElement(cycleSwatch(cause)),
      el('span', {}, el('strong', {}, names[cause]), ` ${hints(t)[cause]}`),
    );
  const busy: readonly Cause[] = ['work', 'filler', 'emptyColumns'];
  return el(
    'div',
    { class: 'causes' },
    el('div', {}, el('h4', {}, t.busy), el('ul', {}, ...busy.map(item))),
    el(
      'div',
      {},
      el('h4', {}, t.starved),
      el('ul', {}, ...causes.filter((c) => !busy.includes(c)).map(item)),
    ),
  );
}
