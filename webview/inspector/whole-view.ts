/** The model as a whole: a tab for each way to see it. A tab is made when it is first shown. */
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { el } from '../ui/dom.ts';
import type { Output } from '../ui/output.ts';
import { Tabs } from '../ui/tabs.ts';
import type { Ask } from './asker.ts';
import { FlowPanel } from './flow-panel.ts';
import { metricsFor, type MetricId } from './model.ts';
import { Overview, type OverviewActions } from './overview.ts';
import { wholeTabs, type Kept, type WholeTab } from './state.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

export interface WholeActions extends OverviewActions {
  readonly tab: (tab: WholeTab) => void;
}

export class WholeView {
  readonly element: HTMLElement;
  readonly overview: Overview;
  private flow: FlowPanel | undefined;
  private metric: MetricId;
  private tab: WholeTab;
  private readonly panels: Readonly<Record<WholeTab, HTMLElement>>;

  constructor(
    private readonly store: Store,
    private readonly ask: Ask,
    kept: Kept,
    rowHeight: number,
    private readonly t: InspectorStrings,
    private readonly out: Output,
    private readonly on: WholeActions,
  ) {
    this.metric = metricsFor(store.overview).includes(kept.metric) ? kept.metric : 'sparsity';
    const metric = (chosen: MetricId): void => this.colour(chosen);
    const actions = { ...on, metric };
    this.overview = new Overview(store, this.metric, kept.table, rowHeight, t, actions, ask, out);
    this.panels = { overview: el('div', {}, this.overview.element), graph: el('div', {}) };
    this.tab = kept.whole;
    const tabs = new Tabs(
      wholeTabs.map((id) => ({ id, label: t[id], panel: this.panels[id] })),
      t.modelTabs,
      (id) => {
        this.tab = id as WholeTab;
        on.tab(this.tab);
        this.shown();
      },
    );
    tabs.show(this.tab);
    this.element = el(
      'div',
      { class: 'whole' },
      tabs.element,
      ...wholeTabs.map((id) => this.panels[id]),
    );
  }

  /** Is on the screen (again). */
  shown(): void {
    if (this.tab === 'graph' && !this.flow) {
      const { store, ask, metric, t, out } = this;
      this.flow = new FlowPanel(store, ask, metric, t, out, {
        open: (layer: LayerSummary) => this.on.open(layer),
        metric: (chosen) => this.colour(chosen),
      });
      this.panels.graph.replaceChildren(this.flow.element);
    }
    this.refresh();
  }

  /** More is known. */
  refresh(): void {
    if (this.tab === 'overview') this.overview.refresh();
    else this.flow?.refresh();
  }

  stop(): void {
    this.flow?.stop();
  }

  private colour(metric: MetricId): void {
    this.metric = metric;
    this.overview.colour(metric);
    this.flow?.colour(metric);
    this.on.metric(metric);
  }
}
