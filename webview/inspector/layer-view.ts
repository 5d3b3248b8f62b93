/** One layer: what it is, and a tab for each way to look into it. A tab is made when it is shown. */
import { Tabs } from '../ui/tabs.ts';
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { el } from '../ui/dom.ts';
import type { Output } from '../ui/output.ts';
import { formatBytes, formatExact, formatRatio, formatShape } from '../ui/format.ts';
import type { Ask } from './asker.ts';
import { CodebookPanel } from './codebook-panel.ts';
import { EiePanel, type Simulator } from './eie-panel.ts';
import { DifferencePanel } from './difference-panel.ts';
import type { HeatMemory } from './heat/place.ts';
import { GridPanel } from './grid-panel.ts';
import { HuffmanPanel } from './huffman-panel.ts';
import { roleName, shownName } from './model.ts';
import type { Peer } from './peer.ts';
import { spendingPanel } from './spending-panel.ts';
import type { Store } from './store.ts';
import { streamPanel } from './stream-panel.ts';
import type { InspectorStrings } from './strings.ts';
import { WeightsPanel } from './weights-panel.ts';

interface Panel {
  readonly element: HTMLElement;
  stop(): void;
  refresh?(): void;
}

export class LayerView {
  readonly element: HTMLElement;
  private readonly title = el('h2', { tabindex: -1, class: 'layer-title' });
  private panel: Panel | undefined;

  constructor(
    private readonly layer: LayerSummary,
    private readonly store: Store,
    /** The model it is compared with. */
    private readonly peer: Peer | undefined,
    private readonly ask: Ask,
    /** Undefined where there is no host to run it. */
    private readonly simulator: Simulator | undefined,
    tab: string,
    private readonly t: InspectorStrings,
    private readonly out: Output,
    /** Where its heatmaps are looked at. */
    private readonly memory: HeatMemory,
    onTab: (tab: string) => void,
  ) {
    this.title.append(el('bdi', {}, shownName(layer)));
    const about = [
      layer.op,
      roleName(layer, t),
      formatShape(layer.shape),
      layer.dtype,
      `${formatBytes(layer.bytes)} (${formatExact(layer.bytes)} B)`,
      ...(layer.coded
        ? [`${t.stored} ${formatBytes(layer.coded.bytes.total)}, ${formatRatio(layer.coded.ratio)}`]
        : []),
    ].filter(Boolean);
    this.element = el(
      'article',
      { class: 'layer' },
      this.title,
      el('p', { class: 'muted' }, about.join(' · ')),
    );
    if (layer.hidden !== '' || layer.layouts.length === 0) {
      this.element.append(el('p', { class: 'nothing' }, whyNothing(layer, t)));
      return;
    }
    const ids = [
      'weights' as const,
      ...(peer?.partner(layer.layer) ? (['difference'] as const) : []),
      ...(layer.coded && !layer.coded.bytewise ? (['codebook', 'huffman', 'stream'] as const) : []),
      ...(simulator && layer.role === 'weight' ? (['eie'] as const) : []),
    ];
    const names = { ...t, ...namesOnGrid(layer, t) };
    const panels = ids.map((id) => ({ id: id as string, label: names[id], panel: el('div', {}) }));
    if (panels.length === 1) {
      this.show('weights', panels[0]!.panel);
      this.element.append(panels[0]!.panel);
      return;
    }
    const tabs = new Tabs(panels, t.tabs, (id) => {
      onTab(id);
      show(id);
    });
    const show = (id: string): void => {
      for (const p of panels) if (p.id !== id) p.panel.replaceChildren();
      this.show(id, panels.find((p) => p.id === id)!.panel);
    };
    this.element.append(tabs.element, ...panels.map((p) => p.panel));
    const first = panels.some((p) => p.id === tab) ? tab : 'weights';
    tabs.show(first);
    show(first);
  }

  focus(): void {
    this.title.focus();
  }

  refresh(): void {
    this.panel?.refresh?.();
  }

  stop(): void {
    this.panel?.stop();
    this.panel = undefined;
  }

  private show(id: string, into: HTMLElement): void {
    this.stop();
    const { layer, store, peer, ask, t, out, memory } = this;
    const partner = peer?.partner(layer.layer);
    const there = peer && partner && { layer: partner, name: peer.name };
    const onGrid = Boolean(layer.coded?.grid);
    if (id === 'codebook' && onGrid) this.panel = new GridPanel(layer, there, ask, t, out);
    else if (id === 'huffman' && onGrid && layer.coded?.coder === 'arithmetic')
      this.panel = spendingPanel(layer, ask, t, out);
    else if (id === 'codebook') this.panel = new CodebookPanel(layer, there, ask, t, out);
    else if (id === 'difference' && there)
      this.panel = new DifferencePanel(layer, there, store.overview.path, ask, t, out, memory);
    else if (id === 'huffman') this.panel = new HuffmanPanel(layer, ask, t, out);
    else if (id === 'eie' && this.simulator)
      this.panel = new EiePanel(layer, this.simulator, t, out);
    else if (id === 'stream') this.panel = streamPanel(layer, ask, t, out);
    else this.panel = new WeightsPanel(layer, there, store, ask, t, out, memory);
    into.replaceChildren(this.panel.element);
  }
}

/** The tabs of a layer on a grid that show something else than a codebook and its code. */
function namesOnGrid({ coded }: LayerSummary, t: InspectorStrings): object {
  if (!coded?.grid) return {};
  return { codebook: t.grid, ...(coded.coder === 'arithmetic' && { huffman: t.coder }) };
}

function whyNothing({ hidden }: LayerSummary, t: InspectorStrings): string {
  if (hidden === '') return t.notInFile;
  return hidden === 'empty' ? t.hiddenEmpty : t.hiddenNoNumbers;
}
