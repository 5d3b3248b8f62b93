/**
 * Layer > Grid: how many weights have each level, and what a level of 1 stands for in each channel (and
 * column), as pictures and as a table that sorts. Beside the original also the error of each channel.
 */
import { channelSteps } from '../charts/channel-steps.ts';
import { histogramChart } from '../charts/histogram.ts';
import type { GridView, LayerSummary, LinearHistogram } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatExact, formatFigures, formatFloat, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { There } from './peer.ts';
import { RowsTable, type Column, type Sorting } from './rows-table.ts';
import type { InspectorStrings } from './strings.ts';

/** More levels are put together, as many to a bar as it takes. */
const mostBars = 401;

interface Channel {
  readonly channel: number;
  readonly step: number;
  readonly reach: number;
  readonly zeros: number;
  /** Root mean square; null without an original. */
  readonly error: number | null;
}
type ColumnId = Exclude<keyof Channel, 'channel'> | 'name';

export class GridPanel {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private readonly levels: Figure;
  private readonly steps: Figure;
  private readonly columns: Figure;
  private readonly table = el('div', {});

  constructor(
    private readonly layer: LayerSummary,
    private readonly there: There | undefined,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    private readonly out: Output,
  ) {
    const figure = (id: string, heading: string, caption: string): Figure =>
      new Figure({ id, heading, caption }, t, out);
    this.levels = figure('levels', t.levels, t.levelsHint);
    this.steps = figure('steps', t.steps, t.stepsHint);
    this.columns = figure('column-scales', t.columnScales, t.columnScalesHint);
    this.columns.hidden = true;
    this.element = el(
      'div',
      { class: 'panel' },
      this.levels.element,
      this.steps.element,
      this.columns.element,
      this.table,
    );
    void this.load();
  }

  stop(): void {
    this.control.abort();
  }

  private async load(): Promise<void> {
    const { layer, there, t } = this;
    try {
      const query = { layer: layer.layer, ...(there && { original: there.layer.layer }) };
      const grid = await this.ask('grid', query, this.control.signal, there && 'both');
      this.showLevels(grid);
      this.showSteps(grid, -1);
      if (grid.columnScales) this.showColumns(grid.columnScales);
      this.table.replaceChildren(this.tableOf(grid));
    } catch (error) {
      if (!(error instanceof Abandoned))
        this.levels.fail(fill(t.notAvailable, (error as Error).message));
    }
  }

  private showLevels(grid: GridView): void {
    const { t } = this;
    const { largest, distinct, weights, counts, errors } = grid;
    const zeros = counts[largest] ?? 0;
    const text = fill(
      t.levelsSummary,
      ...[distinct, largest, weights].map(formatExact),
      formatShare(zeros / Math.max(1, weights)),
      grid.entropy.toFixed(3),
    );
    const rmse = errors ? ` ${fill(t.gridRmse, formatFigures(errors.rmse))}` : '';
    const summary = `${text}${rmse}`;
    const histogram = histogramOf(grid);
    this.levels.update({
      summary,
      draw: (width) =>
        histogramChart([{ name: t.levels, histogram }], {
          ...{ width, height: 260, logCounts: true, summary, zeros: '' },
        }),
      table: () => ({
        columns: [t.level, t.weightsOf, { name: t.share, as: 'share' }],
        rows: Array.from(counts, (n, i) => [i - largest, n, n / weights]),
      }),
    });
  }

  private showSteps(grid: GridView, chosen: number): void {
    const { t } = this;
    const { steps } = grid;
    const summary = summaryOf(steps, t.stepsSummary);
    this.steps.update({
      summary,
      draw: (width) =>
        channelSteps(steps, { width, height: 240, summary, axis: t.channelAxis, chosen }),
      table: () => dataOf(channelsOf(grid), grid, t),
    });
  }

  private showColumns(scales: Float64Array): void {
    const { t } = this;
    const summary = summaryOf(scales, t.columnScalesSummary);
    this.columns.hidden = false;
    this.columns.update({
      summary,
      draw: (width) =>
        channelSteps(scales, { width, height: 240, summary, axis: t.columnAxis, chosen: -1 }),
      table: () => ({
        columns: [t.column, { name: t.scale, as: 'exact' }],
        rows: Array.from(scales, (scale, i) => [i, scale]),
      }),
    });
  }

  /** Choosing a row marks its channel in the picture. */
  private tableOf(grid: GridView): HTMLElement {
    const { t, out } = this;
    const channels = channelsOf(grid);
    const perChannel = grid.weightsOfChannel;
    const columns: Column<Channel, ColumnId>[] = [
      { id: 'name', label: t.channel, text: ({ channel }) => formatExact(channel) },
      { id: 'step', label: t.step, number: true, text: ({ step }) => formatFloat(step) },
      { id: 'reach', label: t.reach, number: true, text: ({ reach }) => formatExact(reach) },
      {
        ...{ id: 'zeros', label: t.zeros, number: true },
        text: ({ zeros }) => formatShare(zeros / perChannel),
        title: ({ zeros }) => formatExact(zeros),
      },
      ...(grid.errors
        ? [
            {
              ...{ id: 'error' as const, label: t.error, number: true },
              text: ({ error }: Channel) => formatFigures(error ?? 0),
            },
          ]
        : []),
    ];
    const initial: Sorting<ColumnId> = { sort: 'order', direction: 1 };
    const table = new RowsTable<Channel, ColumnId>(
      {
        ...{ id: 'channels', name: 'channels', heading: t.channels, region: t.channelsRegion },
        ...{ columns, rowHeight: rowHeight(), classes: 'channels', stateOf: () => '' },
        items: (sorting) => sorted(channels, sorting),
        data: (items) => dataOf(items, grid, t),
        on: { open: ({ channel }) => this.showSteps(grid, channel), sort: () => undefined },
      },
      initial,
      t,
      out,
    );
    return table.element;
  }
}

/** As the page has set it (model-page.ts), for its fonts. */
function rowHeight(): number {
  return (
    parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--table-row')) || 32
  );
}

function channelsOf({ steps, reach, zeros, errors, weightsOfChannel }: GridView): Channel[] {
  return Array.from(steps, (step, channel) => ({
    ...{ channel, step, reach: reach[channel]!, zeros: zeros[channel]! },
    error: errors && Math.sqrt(errors.squared[channel]! / weightsOfChannel),
  }));
}

function sorted(channels: readonly Channel[], { sort, direction }: Sorting<ColumnId>): Channel[] {
  const key = sort === 'name' || sort === 'order' ? 'channel' : sort;
  const by = sort === 'order' ? 1 : direction;
  return [...channels].sort(
    (a, b) => by * ((a[key] ?? 0) - (b[key] ?? 0)) || a.channel - b.channel,
  );
}

function dataOf(channels: readonly Channel[], grid: GridView, t: InspectorStrings): Table {
  return {
    columns: [
      t.channel,
      { name: t.step, as: 'exact' },
      t.reach,
      t.zeros,
      ...(grid.errors ? [{ name: t.error, as: 'exact' as const }] : []),
    ],
    rows: channels.map((c) => [
      ...[c.channel, c.step, c.reach, c.zeros],
      ...(grid.errors ? [c.error] : []),
    ]),
  };
}

function summaryOf(scales: Float64Array, sentence: string): string {
  const sizes = [...scales].sort((a, b) => a - b);
  const at = (share: number): string =>
    formatFigures(sizes[Math.round(share * (sizes.length - 1))] ?? 0);
  return fill(sentence, formatExact(sizes.length), at(0), at(1), at(0.5));
}

/** Levels as bins around them; an odd number to a bin, so that one has level 0 in its middle. */
export function histogramOf({ counts, largest, weights }: GridView): LinearHistogram {
  const wide = 2 * Math.ceil((counts.length / mostBars - 1) / 2) + 1;
  const half = Math.ceil((largest - (wide - 1) / 2) / wide);
  const bins = new Float64Array(2 * half + 1);
  counts.forEach((n, i) => (bins[Math.round((i - largest) / wide) + half] += n));
  return {
    scale: 'linear',
    edges: Float64Array.from({ length: bins.length + 1 }, (_, i) => (i - half - 0.5) * wide),
    counts: bins,
    ...{ zeros: 0, nan: 0, infinite: 0, outside: 0, weights },
  };
}
