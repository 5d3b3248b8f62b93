/** The model as a whole: a tab for each way to see it. A tab is made when it is first shown. */
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { el } from '../ui/dom.ts';
import type { Output } from '../ui/output.ts';
import { Tabs } from '../ui/tabs.ts';
import type { Ask } from './asker.ts';
import type { Measured } from '../accuracy/measured.ts';
import { accuracyPanel, type AccuracyActions } from './accuracy-panel.ts';
import { ComparePanel, type CompareActions } from './compare-panel.ts';
import { FlowPanel } from './flow-panel.ts';
import { metricsFor, type MetricId } from './model.ts';
import { Overview, type OverviewActions } from './overview.ts';
import { wholeTabs, type Kept, type WholeTab } from './state.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

export interface WholeActions extends OverviewActions, CompareActions, AccuracyActions {
  readonly tab: (tab: WholeTab) => void;
  /** The node of the graph that is at hand. */
  readonly node: (at: number) => void;
}

export class WholeView {
  readonly element: HTMLElement;
  readonly overview: Overview;
  readonly compare: ComparePanel;
  private flow: FlowPanel | undefined;
  private metric: MetricId;
  private readonly node: number;
  private tab: WholeTab;
  private readonly tabs: Tabs;
  private readonly panels: Readonly<Record<WholeTab, HTMLElement>>;

  constructor(
    private readonly store: Store,
    private readonly ask: Ask,
    kept: Kept,
    rowHeight: number,
    measured: Measured,
    private readonly t: InspectorStrings,
    private readonly out: Output,
    private readonly on: WholeActions,
  ) {
    this.metric = metricsFor(store.overview).includes(kept.metric) ? kept.metric : 'sparsity';
    this.node = kept.node;
    const metric = (chosen: MetricId): void => this.colour(chosen);
    const actions = { ...on, metric };
    this.overview = new Overview(store, this.metric, kept.table, rowHeight, t, actions, ask, out);
    const { path } = store.overview;
    this.compare = new ComparePanel(path, kept.changes, rowHeight, t, out, on);
    this.panels = {
      overview: el('div', {}, this.overview.element),
      graph: el('div', {}),
      accuracy: el('div', {}, store.live ? accuracyPanel(measured, t, out, on) : null),
      compare: el('div', {}, this.compare.element),
    };
    // a page that is a file of its own has no second model, and nobody who measures
    const ids = wholeTabs.filter((id) => store.live || (id !== 'compare' && id !== 'accuracy'));
    this.tab = ids.includes(kept.whole) ? kept.whole : 'overview';
    this.tabs = new Tabs(
      ids.map((id) => ({ id, label: t[id], panel: this.panels[id] })),
      t.modelTabs,
      (id) => {
        this.tab = id as WholeTab;
        on.tab(this.tab);
        this.shown();
      },
    );
    this.tabs.show(this.tab);
    this.element = el(
      'div',
      { class: 'whole' },
      this.tabs.element,
      ...ids.map((id) => this.panels[id]),
    );
  }

  /** Goes to a tab. */
  go(tab: WholeTab): void {
    this.tabs.choose(tab);
  }

  /** Is on the screen (again). */
  shown(): void {
    if (this.tab === 'compare') this.compare.shown();
    if (this.tab === 'graph' && !this.flow) {
      const { store, ask, metric, t, out } = this;
      this.flow = new FlowPanel(store, ask, metric, this.node, t, out, {
        open: (layer: LayerSummary) => this.on.open(layer),
        metric: (chosen) => this.colour(chosen),
        node: this.on.node,
      });
      this.panels.graph.replaceChildren(this.flow.element);
    }
    this.refresh();
  }

  /** More is known. */
  refresh(): void {
    if (this.tab === 'overview') this.overview.refresh();
    else if (this.tab === 'graph') this.flow?.refresh();
    else if (this.tab === 'compare') this.compare.refresh();
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
