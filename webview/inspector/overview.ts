/** The model as a whole: figures, the map of where the bytes are, the table of all layers. */
import type {
  LayerSummary,
  Metric,
  ViewOverview,
  ViewPort,
  Views,
} from '../../src/engine/protocol-view.ts';
import { toElement } from '../charts/svg.ts';
import { treemap } from '../charts/treemap.ts';
import { el, fill, type Child } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import type { MenuItem } from '../ui/menu.ts';
import { legible, nameLine } from '../ui/legible.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import { formatBytes, formatCount, formatExact, formatShare } from '../ui/format.ts';
import type { Ask } from './asker.ts';
import { LayerTable } from './layer-table.ts';
import { metricKey, MetricPicker } from './metric-picker.ts';
import {
  formatMetric,
  metricOf,
  scaleOf,
  shownName,
  totalsOf,
  type Arrangement,
  type MetricId,
} from './model.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

/** Inputs, and outputs, that are named. */
const mostPorts = 8;

export interface OverviewActions {
  readonly open: (layer: LayerSummary) => void;
  readonly metric: (metric: MetricId) => void;
  readonly arrange: (arrangement: Arrangement) => void;
}

export class Overview {
  readonly element: HTMLElement;
  readonly table: LayerTable;
  private readonly zeros = figureBox();
  private readonly bound = figureBox();
  private readonly map = el('div', { class: 'map-box' });
  private readonly legend = el('div', { class: 'map-legend' });
  private readonly bySize: readonly LayerSummary[];
  private readonly picker: MetricPicker;
  private width = 0;
  private drawnFor = '';

  constructor(
    private readonly store: Store,
    private metric: MetricId,
    arrangement: Arrangement,
    rowHeight: number,
    private readonly t: InspectorStrings,
    private readonly on: OverviewActions,
    private readonly ask: Ask,
    private readonly out: Output,
  ) {
    const { overview } = store;
    this.bySize = overview.layers
      .filter((l) => l.bytes > 0)
      .sort((a, b) => b.bytes - a.bytes || a.layer - b.layer);
    this.picker = new MetricPicker('metric', overview, t, on.metric);
    this.picker.value = metric;
    const menu = exportMenu(
      {
        ...{ name: 'bytes', heading: t.whereBytes },
        svg: () => this.map.querySelector('svg') ?? undefined,
        table: () => this.mapTable(),
      },
      t,
      out,
    );
    this.map.addEventListener('click', (e) => this.openCell(e.target));
    new ResizeObserver(() => {
      if (Math.floor(this.map.clientWidth) === this.width) return;
      this.width = Math.floor(this.map.clientWidth);
      this.drawMap();
    }).observe(this.map);
    this.table = new LayerTable(
      store,
      arrangement,
      rowHeight,
      t,
      on,
      out,
      store.live ? this.viewers() : [],
    );
    const tensorBytes = overview.layers.reduce((sum, l) => sum + l.bytes, 0);
    this.element = el(
      'div',
      { class: 'overview' },
      el(
        'div',
        { class: 'figures' },
        figure(t.file, formatBytes(overview.bytes), `${formatExact(overview.bytes)} B`, [
          fill(t.inTensors, formatBytes(tensorBytes), formatExact(overview.layers.length)),
        ]),
        figure(t.parameters, formatCount(overview.parameters), formatExact(overview.parameters), [
          overview.dtypes
            .slice(0, 3)
            .map(
              (d) => `${d.dtype} ${formatShare(d.parameters / Math.max(1, overview.parameters))}`,
            )
            .join(' · '),
        ]),
        this.zeros.wrap(t.zeros, t.zerosHint),
        this.bound.wrap(t.entropyBound, t.entropyHint),
      ),
      el(
        'p',
        { class: 'muted origin' },
        [overview.producer, overview.version].filter(Boolean).join(' · '),
      ),
      signature(overview, t),
      this.bySize.length === 0
        ? null
        : el(
            'section',
            { 'aria-labelledby': 'map-heading' },
            el(
              'div',
              { class: 'section-head' },
              el('h2', { id: 'map-heading' }, t.whereBytes),
              el('div', { class: 'tools' }, ...this.picker.parts, menu),
            ),
            el('p', { class: 'caption' }, t.whereBytesHint),
            this.map,
            this.legend,
          ),
      this.table.element,
      ...(overview.notes.length === 0
        ? []
        : [
            el(
              'section',
              {},
              el('h2', {}, t.notes),
              el('ul', {}, ...overview.notes.map((note) => el('li', {}, note))),
            ),
          ]),
    );
    this.refresh();
  }

  /** Colours by another metric. */
  colour(metric: MetricId): void {
    this.metric = metric;
    this.picker.value = metric;
    this.drawMap();
  }

  /** More is known. */
  refresh(): void {
    const { t, store } = this;
    const totals = totalsOf(store.overview, (l) => store.measures.get(l));
    const counting = store.complete
      ? ''
      : fill(t.counting, formatExact(store.done), formatExact(store.total));
    const none = store.overview.prunable === 0;
    this.zeros.show(
      none || totals.prunable === 0 ? '–' : formatShare(totals.zeros / totals.prunable),
      counting || (none ? t.noPrunable : fill(t.ofPrunable, formatCount(totals.prunable))),
    );
    this.bound.show(
      totals.bytes === 0 ? '–' : formatBytes(Math.ceil(totals.bound)),
      counting || fill(t.ofStored, formatShare(1 - totals.bound / Math.max(1, totals.bytes))),
    );
    this.table.refresh();
    this.drawMap();
  }

  private drawMap(): void {
    if (this.width < 60 || this.bySize.length === 0) return;
    const { t, store, metric } = this;
    const state = `${this.width} ${metric} ${store.done}`;
    if (state === this.drawnFor) return;
    this.drawnFor = state;
    const valueOf = (l: LayerSummary) => metricOf(metric, l, store.measures.get(l.layer));
    const values = this.bySize.map(valueOf);
    const total = this.bySize.reduce((sum, l) => sum + l.bytes, 0);
    // the scale is that of what can be seen: a tiny constant must not make everything else pale
    let seen = 0;
    const large = this.bySize.findIndex((l) => (seen += l.bytes) >= total * 0.98) + 1;
    const scale = scaleOf(metric, values.slice(0, large));
    let unknown = false;
    const items = this.bySize.map((layer, i) => {
      const value = values[i] ?? null;
      const text = formatMetric(metric, value);
      unknown ||= value === null;
      return {
        key: String(layer.layer),
        label: shownName(layer),
        bytes: layer.bytes,
        level: value === null ? null : scale.at(value),
        text,
        title: `${shownName(layer)}: ${formatBytes(layer.bytes)} (${formatShare(layer.bytes / total)}), ${t[metric]}: ${value === null ? t.unknown : text}`,
      };
    });
    const largest = this.bySize[0]!;
    const summary = fill(
      t.mapSummary,
      formatExact(this.bySize.length),
      shownName(largest),
      formatShare(largest.bytes / total),
      t[metric],
    );
    const height = Math.round(Math.min(360, Math.max(200, this.width * 0.34)));
    const others = (count: number, bytes: number) => {
      const label = fill(t.others, formatExact(count));
      return { label, title: `${label}: ${formatBytes(bytes)}` };
    };
    this.map.replaceChildren(
      toElement(treemap(items, { width: this.width, height, summary, others })),
    );
    this.legend.replaceChildren(...metricKey(metric, scale, unknown, t));
  }

  private mapTable(): Table {
    const { t, store, metric } = this;
    return {
      columns: [t.layer, t.bytes, t[metric]],
      rows: this.bySize.map((l) => [
        ...[l.name, l.bytes],
        metricOf(metric, l, store.measures.get(l.layer)),
      ]),
    };
  }

  /** The metrics of all layers for the tools that draw whole graphs. */
  private viewers(): MenuItem[] {
    const { t, out } = this;
    const item = (label: string, name: string, query: () => Views['export']['query']) => ({
      ...{ label, apart: name === 'netron' },
      run: async (): Promise<string> => {
        const made = await this.ask('export', query());
        out.save(name, 'json', `${JSON.stringify(made, null, 1)}\n`);
        return '';
      },
    });
    return [
      item(t.forNetron, 'netron', () => ({ format: 'netron' })),
      item(t.forModelExplorer, 'model-explorer', () => ({
        ...{ format: 'model-explorer' },
        metric: viewerMetric(this.metric),
      })),
    ];
  }

  private openCell(target: EventTarget | null): void {
    const key = (target as Element | null)?.closest('[data-key]')?.getAttribute('data-key');
    const layer = key ? this.store.overview.layers[Number(key)] : undefined;
    if (layer) this.on.open(layer);
  }
}

/** Inputs and outputs, a line each; null for a file that has none. */
function signature({ inputs, outputs }: ViewOverview, t: InspectorStrings): HTMLElement | null {
  if (inputs.length + outputs.length === 0) return null;
  const line = (label: string, ports: readonly ViewPort[]): readonly HTMLElement[] =>
    ports.length === 0
      ? []
      : [
          el('dt', {}, label),
          ...ports
            .slice(0, mostPorts)
            .map((port) =>
              el('dd', {}, el('bdi', {}, nameLine(port.name, '–')), ` ${portType(port)}`),
            ),
          ...(ports.length > mostPorts
            ? [el('dd', {}, fill(t.graphMore, formatExact(ports.length - mostPorts)))]
            : []),
        ];
  return el('dl', { class: 'signature' }, ...line(t.inputs, inputs), ...line(t.outputs, outputs));
}

/** `float32 [1, 3, H, ?]` */
function portType({ dtype, shape }: ViewPort): string {
  const dims = shape?.map((d) => (d === '' ? '?' : legible(String(d), 40)));
  return [dtype, dims && `[${dims.join(', ')}]`].filter(Boolean).join(' ');
}

/** What the worker knows of: the samples of a user are the page's alone. */
function viewerMetric(metric: MetricId): Metric {
  if (metric === 'impact') return 'sparsity';
  return metric === 'error' ? 'rmse' : metric;
}

function figure(
  label: string,
  value: string,
  title: string,
  details: readonly Child[],
): HTMLElement {
  return el(
    'div',
    { class: 'figure' },
    el('div', { class: 'label' }, label),
    el('div', { class: 'value', title }, value),
    el('div', { class: 'detail' }, ...details),
  );
}

function figureBox() {
  const value = el('div', { class: 'value' }, '…');
  const detail = el('div', { class: 'detail' });
  return {
    wrap: (label: string, title: string) =>
      el('div', { class: 'figure', title }, el('div', { class: 'label' }, label), value, detail),
    show: (text: string, more: string) => {
      value.textContent = text;
      detail.textContent = more;
    },
  };
}
