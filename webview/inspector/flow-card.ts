/** What the drawing of the data flow tells about the node at hand: its layers, where it leads. */
import type { FlowGraph, LayerSummary } from '../../src/engine/protocol-view.ts';
import type { FlowItem } from '../charts/flow-graph.ts';
import { el, fill } from '../ui/dom.ts';
import { formatBytes, formatExact, formatShape } from '../ui/format.ts';
import type { Links } from './flow-links.ts';
import { formatMetric, metricOf, metricsFor, roleName, shownName } from './model.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

/** Neighbours that are named; a hub may have thousands. */
const mostNamed = 12;

export class FlowCard {
  readonly element: HTMLElement;

  constructor(
    private readonly store: Store,
    private readonly t: InspectorStrings,
    private readonly on: {
      readonly open: (layer: LayerSummary) => void;
      readonly go: (at: number) => void;
    },
  ) {
    this.element = el('aside', { class: 'flow-card', 'aria-label': t.graphCard });
  }

  show(graph: FlowGraph, links: Links, items: readonly FlowItem[], at: number): void {
    const { t } = this;
    const item = items[at];
    const flowNode = graph.nodes[at];
    this.element.hidden = !item;
    if (!item || !flowNode) return;
    const about =
      item.kind === 'layers'
        ? [item.op, flowNode.name === item.op ? '' : flowNode.name].filter(Boolean).join(' · ')
        : item.kind === 'join'
          ? t.graphJoinHint
          : item.title;
    this.element.replaceChildren(
      el('h3', {}, el('bdi', {}, item.kind === 'join' ? item.op : item.name)),
      el('p', { class: 'muted' }, about),
      ...flowNode.layers
        .map((at) => {
          const layer = this.store.overview.layers[at];
          return layer ? this.layer(layer, flowNode.layers.length > 1) : null;
        })
        .filter((made) => made !== null),
      ...this.neighbours(t.graphFrom, links.before(at), items),
      ...this.neighbours(t.graphTo, links.after(at), items),
    );
  }

  private layer(layer: LayerSummary, named: boolean): HTMLElement {
    const { t, store } = this;
    const measure = store.measures.get(layer.layer);
    const facts: readonly (readonly [string, string])[] = [
      [t.role, roleName(layer, t)],
      [t.shape, formatShape(layer.shape)],
      [t.type, layer.dtype],
      [t.parameters, formatExact(layer.parameters)],
      [t.bytes, formatBytes(layer.bytes)],
      ...metricsFor(store.overview).map(
        (id) => [t[id], formatMetric(id, metricOf(id, layer, measure))] as const,
      ),
    ];
    const open = el(
      'button',
      { type: 'button', class: 'secondary', 'aria-label': `${t.openLayer}: ${shownName(layer)}` },
      t.openLayer,
    );
    open.addEventListener('click', () => this.on.open(layer));
    return el(
      'div',
      { class: 'flow-layer' },
      named ? el('p', { class: 'flow-layer-name' }, el('bdi', {}, shownName(layer))) : null,
      el(
        'dl',
        { class: 'facts' },
        ...facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
      ),
      open,
    );
  }

  private neighbours(
    heading: string,
    list: readonly number[],
    items: readonly FlowItem[],
  ): HTMLElement[] {
    if (list.length === 0) return [];
    const link = (at: number): HTMLElement => {
      const { kind, op, name } = items[at]!;
      const text = kind === 'join' ? op : name;
      const made = el('button', { type: 'button', class: 'link' }, el('bdi', {}, text));
      made.addEventListener('click', () => this.on.go(at));
      return el('li', {}, made);
    };
    const more = list.length - mostNamed;
    return [
      el('h4', {}, heading),
      el(
        'ul',
        { class: 'flow-neighbours' },
        ...list.slice(0, mostNamed).map(link),
        more > 0 ? el('li', { class: 'muted' }, fill(this.t.graphMore, formatExact(more))) : null,
      ),
    ];
  }
}
