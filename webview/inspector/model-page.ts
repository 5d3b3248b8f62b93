/**
 * A model that is shown: the list of its layers beside what is chosen, the whole or a layer. Lives as
 * long as the content of the file; the model it is compared with may come and go.
 */
import type { LayerSummary, ViewOverview } from '../../src/engine/protocol-view.ts';
import type { Measured } from '../accuracy/measured.ts';
import { el } from '../ui/dom.ts';
import type { Output } from '../ui/output.ts';
import { ScrollPlace } from '../ui/scroll-place.ts';
import type { Ask } from './asker.ts';
import type { Simulator } from './eie-panel.ts';
import type { HeatMemory } from './heat/place.ts';
import { LayerList } from './layer-list.ts';
import { LayerView } from './layer-view.ts';
import type { FromInspector, NamedModel, Shown } from './messages.ts';
import { Peer } from './peer.ts';
import type { Kept } from './state.ts';
import { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';
import { WholeView } from './whole-view.ts';

/** Milliseconds between two looks at what is counted in the background. */
const lookEvery = 200;

export interface PageContext {
  readonly ask: Ask;
  /** The worker answers, and not what a file holds of the model. */
  readonly live: boolean;
  readonly simulator: Simulator | undefined;
  readonly measured: Measured;
  readonly post: (message: FromInspector) => void;
  readonly out: Output;
  readonly t: InspectorStrings;
  readonly kept: () => Kept;
  readonly keep: (change: Partial<Kept>) => void;
}

export class ModelPage {
  readonly element: HTMLElement;
  private readonly store: Store;
  private readonly whole: WholeView;
  private readonly list: LayerList;
  private readonly page = el('div', { class: 'page' });
  private readonly scroll: ScrollPlace;
  private readonly memory: HeatMemory;
  private layerView: LayerView | undefined;
  private layer: LayerSummary | undefined;
  private peer: Peer | undefined;
  private timer: number | undefined;

  constructor(
    private readonly overview: ViewOverview,
    private readonly context: PageContext,
  ) {
    const { ask, post, out, t, keep } = context;
    const kept = context.kept();
    const heights = rowHeights();
    this.store = new Store(overview, ask, () => this.soon(), context.live);
    this.whole = new WholeView(this.store, ask, kept, heights.table, context.measured, t, out, {
      tab: (whole) => keep({ whole }),
      node: (node) => keep({ node }),
      open: (layer) => this.choose(layer, true),
      metric: (metric) => keep({ metric }),
      arrange: (table) => keep({ table }),
      openChange: (layer) => {
        keep({ tab: 'difference' });
        this.choose(layer, true);
      },
      sortChanges: (changes) => keep({ changes }),
      chooseOther: () => post({ type: 'chooseOther' }),
      suggestOther: () => post({ type: 'suggestOther' }),
      swapOther: () => post({ type: 'swapOther' }),
      closeOther: () => post({ type: 'closeOther' }),
      compareWith: (uri) => post({ type: 'compareWith', uri }),
      measure: (what) => post({ type: 'measure', what }),
      protect: ({ name, path }) => post({ type: 'protect', name, path }),
      compressTo: (bytes) => post({ type: 'compressTo', bytes }),
    });
    this.list = new LayerList(this.store, kept.list, heights.list, t, {
      choose: (layer) => this.choose(layer),
      arrange: (list) => {
        keep({ list });
        this.whole.overview.table.narrow(list);
      },
    });
    this.memory = {
      get place() {
        return context.kept().heat;
      },
      keep: (heat) => keep({ heat }),
    };
    this.scroll = new ScrollPlace(this.page, (top) =>
      keep(this.layer ? { layerScroll: top } : { scroll: top }),
    );
    this.whole.overview.table.narrow(kept.list);
    this.element = el('div', { class: 'columns' }, this.list.element, this.page);
  }

  /** The element is on the screen. */
  start(): void {
    const { layer } = this.context.kept();
    this.choose(this.overview.layers.find((l) => keyOf(l) === layer));
    this.store.start();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.store.stop();
    this.whole.stop();
    this.layerView?.stop();
    this.peer?.stop();
  }

  /** The model to compare with is there, or none is; `message`: why there is none any more. */
  compareWith(other: (NamedModel & { readonly overview: ViewOverview }) | undefined, message = '') {
    const { ask, keep } = this.context;
    this.peer?.stop();
    this.peer = undefined;
    if (other) {
      const peer = new Peer(other.name, this.overview, other.overview, ask, () => this.soon());
      this.peer = peer;
      // until it is known which layers belong together there is nothing to see
      void peer.start().then(() => {
        if (this.peer === peer && this.layer) this.choose(this.layer);
      });
    }
    keep({ other: other?.uri ?? '' });
    this.whole.compare.show(this.peer, message);
    if (!this.layer) this.whole.shown();
    else if (!other) this.choose(this.layer);
  }

  suggest(models: readonly NamedModel[]): void {
    this.whole.compare.suggest(models);
  }

  /** Goes to a layer, or to a way to see the whole model. */
  go(shown: Shown): void {
    if ('whole' in shown) {
      this.choose(undefined);
      this.whole.go(shown.whole);
      return;
    }
    const named = this.overview.layers.filter((l) => l.name === shown.layer);
    const layer = named.find((l) => l.path === shown.path) ?? named[0];
    if (!layer) return;
    if (shown.tab) this.context.keep({ tab: shown.tab });
    this.choose(layer, true);
  }

  private choose(layer: LayerSummary | undefined, focus = false): void {
    const { ask, simulator, out, t, kept, keep } = this.context;
    this.layerView?.stop();
    this.layerView = undefined;
    this.layer = layer;
    const key = layer ? keyOf(layer) : '';
    // another layer is looked at from its beginning
    if (key !== kept().layer) keep({ layer: key, layerScroll: 0, heat: undefined });
    if (layer) {
      const { store, peer, memory } = this;
      this.layerView = new LayerView(
        layer,
        store,
        peer,
        ask,
        simulator,
        kept().tab,
        t,
        out,
        memory,
        (tab) => keep({ tab }),
      );
      this.store.want([layer.layer]);
    }
    const content = this.layerView?.element ?? this.whole.element;
    this.page.replaceChildren(content);
    if (!layer) this.whole.shown();
    this.scroll.go(content, layer ? kept().layerScroll : kept().scroll);
    this.list.choose(layer);
    if (focus) this.layerView?.focus();
  }

  /** What is counted in the background is shown a few times a second, not with every layer. */
  private soon(): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      this.list.refresh();
      if (this.layer) this.layerView?.refresh();
      else this.whole.refresh();
    }, lookEvery);
  }
}

const keyOf = (layer: LayerSummary): string => `${layer.path}\n${layer.name}`;

/** Rows of lists and tables follow the editor's font size. */
function rowHeights(): { readonly list: number; readonly table: number } {
  const size = parseFloat(getComputedStyle(document.body).fontSize) || 13;
  const heights = { list: Math.round(size * 3.4), table: Math.round(size * 2.5) };
  const { style } = document.documentElement;
  style.setProperty('--list-row', `${heights.list}px`);
  style.setProperty('--table-row', `${heights.table}px`);
  return heights;
}
