/**
 * Graph: the layers as a drawing of the data flow, coloured by a metric, with a card that tells about
 * the node at hand and a table of all of them.
 */
import type { FlowGraph, LayerSummary } from '../../src/engine/protocol-view.ts';
import { placeFlow, type FlowItem } from '../charts/flow-graph.ts';
import type { FlowLayout } from '../charts/flow-layout.ts';
import { el, fill } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import { formatExact, formatShape } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import { TableDetails } from '../ui/table-details.ts';
import { Abandoned, type Ask } from './asker.ts';
import { FlowCard } from './flow-card.ts';
import { Links } from './flow-links.ts';
import { FlowStage } from './flow-stage.ts';
import { metricKey, MetricPicker } from './metric-picker.ts';
import { formatMetric, metricOf, scaleOf, shownName, type MetricId, type Scale } from './model.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

export interface FlowActions {
  readonly open: (layer: LayerSummary) => void;
  readonly metric: (metric: MetricId) => void;
  /** The node at hand is another one. */
  readonly node: (at: number) => void;
}

export class FlowPanel {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private readonly picker: MetricPicker;
  private readonly stage: FlowStage;
  private readonly card: FlowCard;
  private readonly sentence = el('p', { class: 'sentence' });
  private readonly key = el('div', { class: 'map-legend' });
  private readonly details: TableDetails;
  private readonly drawing: HTMLElement;
  private graph: FlowGraph = { nodes: [], edges: new Int32Array(0) };
  private links = new Links(this.graph);
  private layout: FlowLayout | undefined;
  private items: readonly FlowItem[] = [];
  private drawnFor = '';

  constructor(
    private readonly store: Store,
    ask: Ask,
    private metric: MetricId,
    /** The node at hand, as far as one is known. */
    private current: number,
    private readonly t: InspectorStrings,
    out: Output,
    on: FlowActions,
  ) {
    const open = (at: number): void => {
      const layer = store.overview.layers[this.graph.nodes[at]?.layers[0] ?? -1];
      if (layer) on.open(layer);
    };
    this.picker = new MetricPicker('flow-metric', store.overview, t, on.metric);
    this.picker.value = metric;
    this.stage = new FlowStage({
      open,
      choose: (at) => {
        this.current = at;
        on.node(at);
        this.card.show(this.graph, this.links, this.items, at);
      },
    });
    this.card = new FlowCard(store, t, { open: on.open, go: (at) => this.stage.go(at) });
    this.details = new TableDetails(t.dataFlow, () => this.table(), t);
    const menu = exportMenu(
      {
        ...{ name: 'graph', heading: t.dataFlow },
        svg: () => this.stage.svg(),
        table: () => this.table(),
      },
      t,
      out,
    );
    // the card stands beside the drawing, the table below both
    this.drawing = el(
      'div',
      { hidden: true },
      el(
        'div',
        { class: 'flow-pair' },
        el('div', {}, this.stage.element, this.key),
        this.card.element,
      ),
      this.details.element,
    );
    this.element = el(
      'section',
      { 'aria-labelledby': 'flow-heading' },
      el(
        'div',
        { class: 'section-head' },
        el('h2', { id: 'flow-heading' }, t.dataFlow),
        el('div', { class: 'tools' }, ...this.picker.parts, menu),
      ),
      el('p', { class: 'caption' }, t.graphHint),
      this.sentence,
      this.drawing,
    );
    void this.load(ask);
  }

  /** Colours by another metric. */
  colour(metric: MetricId): void {
    this.metric = metric;
    this.picker.value = metric;
    this.refresh();
  }

  /** More is known. */
  refresh(first?: number): void {
    const { t, layout, metric } = this;
    const state = `${metric} ${this.store.done}`;
    if (state === this.drawnFor || !layout) return;
    this.drawnFor = state;
    const values = this.graph.nodes.map(({ layers }) => this.valueOf(layers[0]));
    const scale = scaleOf(metric, values);
    this.items = this.graph.nodes.map((_, at) => this.item(at, values[at] ?? null, scale));
    const count = (kind: FlowItem['kind']): string =>
      formatExact(this.items.filter((i) => i.kind === kind).length);
    const summary = fill(t.graphSummary, count('layers'), count('join'), t[metric]);
    this.sentence.textContent = summary;
    this.stage.show({ items: this.items, layout, links: this.links, summary }, first);
    const unknown = this.items.some((i) => i.kind === 'layers' && i.level === null);
    this.key.replaceChildren(...metricKey(metric, scale, unknown, t));
    this.card.show(this.graph, this.links, this.items, this.current);
    this.details.refresh();
  }

  stop(): void {
    this.control.abort();
  }

  private async load(ask: Ask): Promise<void> {
    const { t } = this;
    try {
      const graph = await ask('flow', {}, this.control.signal);
      const first = graph.nodes.findIndex((n) => n.kind === 'layers');
      if (!graph.nodes[this.current]) this.current = first;
      if (first < 0) {
        this.sentence.textContent = t.graphNothing;
        return;
      }
      this.graph = graph;
      this.links = new Links(graph);
      const named = graph.nodes.map((n) => ({ ...n, name: this.nameOf(n) }));
      this.layout = placeFlow(named, graph.edges);
      this.drawing.hidden = false;
      this.refresh(this.current);
    } catch (error) {
      if (!(error instanceof Abandoned))
        this.sentence.textContent = fill(t.notAvailable, (error as Error).message);
    }
  }

  private nameOf({ kind, name, layers }: FlowGraph['nodes'][number]): string {
    const layer = kind === 'layers' ? this.store.overview.layers[layers[0]!] : undefined;
    return layer ? shownName(layer) : name;
  }

  private valueOf(at: number | undefined): number | null {
    const layer = at === undefined ? undefined : this.store.overview.layers[at];
    return layer ? metricOf(this.metric, layer, this.store.measures.get(layer.layer)) : null;
  }

  private item(at: number, value: number | null, scale: Scale): FlowItem {
    const { t } = this;
    const flowNode = this.graph.nodes[at]!;
    const { kind, rank, op, layers } = flowNode;
    const name = this.nameOf(flowNode);
    const text = kind === 'layers' ? formatMetric(this.metric, value) : '';
    const layer = this.store.overview.layers[layers[0] ?? -1];
    const title = {
      input: () => fill(t.graphInput, name),
      output: () => fill(t.graphOutput, name),
      join: () => fill(t.graphJoin, op, this.links.before(at).length),
      layers: () =>
        [name, op, layer && formatShape(layer.shape), `${t[this.metric]}: ${text}`]
          .filter(Boolean)
          .join(', '),
    }[kind]();
    return { kind, rank, name, op, level: value === null ? null : scale.at(value), text, title };
  }

  private table(): Table {
    const { t, items, links } = this;
    const names = (list: readonly number[]): string => list.map((at) => items[at]!.name).join(', ');
    return {
      columns: [t.layer, t.operator, t[this.metric], t.graphFrom, t.graphTo],
      rows: items.map((item, at) => [
        item.name,
        item.op || (item.kind === 'input' ? t.graphIn : t.graphOut),
        this.valueOf(this.graph.nodes[at]?.layers[0]),
        names(links.before(at)),
        names(links.after(at)),
      ]),
    };
  }
}
