/**
 * The model inspector: a list of layers beside what is chosen. Composition only. The page keeps no
 * weights: it asks the worker, through its host, for what the screen shows.
 */
import '../ui/theme.css';
import './inspector.css';
import './flow.css';
import { unpacked, type EmbeddedModel } from '../../src/engine/protocol-page.ts';
import type { LayerSummary, ViewOverview } from '../../src/engine/protocol-view.ts';
import { node, toElement } from '../charts/svg.ts';
import { heatDefs } from '../charts/treemap.ts';
import { el, fill } from '../ui/dom.ts';
import { connect } from '../ui/host.ts';
import { outputOf } from '../ui/output.ts';
import { Asker } from './asker.ts';
import { embeddedAnswers } from './embedded.ts';
import { LayerList } from './layer-list.ts';
import { LayerView } from './layer-view.ts';
import {
  isToInspector,
  type FromInspector,
  type InspectorPageData,
  type ToInspector,
} from './messages.ts';
import { fileName, type Arrangement } from './model.ts';
import { restored, type Kept } from './state.ts';
import { Store } from './store.ts';
import { english, type InspectorStrings } from './strings.ts';
import { WholeView } from './whole-view.ts';

const main = document.getElementById('inspector') as HTMLElement;
const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as InspectorPageData;
const t: InspectorStrings = data.strings ?? english;
const host = connect<ToInspector, FromInspector>();
const asker = new Asker((message) => host.post(message));
const embedded = data.model === undefined ? undefined : (unpacked(data.model) as EmbeddedModel);
const asking = embedded ? embeddedAnswers(embedded, t.notInFile) : asker.ask;
const out = outputOf(host, embedded ? `${fileName(embedded.overview.path)}-` : '');
let kept = restored(host.saved());
let isDefault = true;
let shown: { readonly store: Store; readonly stop: () => void } | undefined;

function keep(change: Partial<Kept>): void {
  kept = { ...kept, ...change };
  host.save(kept);
}

/** Rows of lists and tables follow the editor's font size. */
function rowHeights(): { readonly list: number; readonly table: number } {
  const size = parseFloat(getComputedStyle(document.body).fontSize) || 13;
  const heights = { list: Math.round(size * 3.4), table: Math.round(size * 2.5) };
  const { style } = document.documentElement;
  style.setProperty('--list-row', `${heights.list}px`);
  style.setProperty('--table-row', `${heights.table}px`);
  return heights;
}

function show(overview: ViewOverview): void {
  shown?.stop();
  asker.abandon();
  const heights = rowHeights();
  let timer: number | undefined;
  // what is counted in the background is shown a few times a second, not with every layer
  const onChange = (): void => {
    timer ??= window.setTimeout(() => {
      timer = undefined;
      list.refresh();
      if (page.firstChild === whole.element) whole.refresh();
      else layerView?.refresh();
    }, 200);
  };
  const store = new Store(overview, asking, onChange, !embedded);
  const keyOf = (layer: LayerSummary): string => `${layer.path}\n${layer.name}`;
  const page = el('div', { class: 'page' });
  let layerView: LayerView | undefined;

  const choose = (layer: LayerSummary | undefined, focus = false): void => {
    layerView?.stop();
    layerView = undefined;
    if (layer) {
      layerView = new LayerView(layer, store, asking, kept.tab, t, out, (tab) => keep({ tab }));
      store.want([layer.layer]);
    }
    page.replaceChildren(layerView?.element ?? whole.element);
    page.scrollTop = layer ? 0 : kept.scroll;
    if (!layer) whole.shown();
    list.choose(layer);
    keep({ layer: layer ? keyOf(layer) : '' });
    if (focus) layerView?.focus();
  };
  const whole = new WholeView(store, asking, kept, heights.table, t, out, {
    tab: (tab) => keep({ whole: tab }),
    open: (layer) => choose(layer, true),
    metric: (metric) => keep({ metric }),
    arrange: (table) => keep({ table }),
  });
  const list = new LayerList(store, kept.list, heights.list, t, {
    choose: (layer) => choose(layer),
    arrange: (arrangement: Arrangement) => {
      keep({ list: arrangement });
      const { filter, weightsOnly } = arrangement;
      whole.overview.table.narrow({ filter, weightsOnly });
    },
  });
  page.addEventListener('scroll', () => {
    if (kept.layer === '') keep({ scroll: Math.round(page.scrollTop) });
  });
  main.className = 'open';
  main.replaceChildren(header(overview), el('div', { class: 'columns' }, list.element, page));
  const { filter, weightsOnly } = kept.list;
  whole.overview.table.narrow({ filter, weightsOnly });
  choose(overview.layers.find((l) => keyOf(l) === kept.layer));
  store.start();
  shown = {
    store,
    stop: () => {
      clearTimeout(timer);
      store.stop();
      whole.stop();
      layerView?.stop();
    },
  };
}

// the fills of every picture that is shaded by a metric
document.body.prepend(
  toElement(node('svg', { class: 'defs', width: 0, height: 0, 'aria-hidden': 'true' }, heatDefs())),
);
const makeDefault = el(
  'button',
  { type: 'button', class: 'secondary', title: t.setDefaultHint, hidden: true },
  t.setDefault,
);
makeDefault.addEventListener('click', () => host.post({ type: 'setDefault' }));

function header(overview: ViewOverview): HTMLElement {
  makeDefault.hidden = isDefault;
  const report = el('button', { type: 'button', class: 'secondary' }, t.showReport);
  report.addEventListener('click', () => host.post({ type: 'showReport' }));
  return el(
    'header',
    {},
    el('h1', {}, el('bdi', {}, fileName(overview.path))),
    el(
      'div',
      { class: 'actions' },
      overview.format === 'dcz' && host.present ? report : null,
      makeDefault,
    ),
  );
}

function message(text: string, detail: string, retry: boolean): void {
  shown?.stop();
  shown = undefined;
  asker.abandon();
  main.className = '';
  const button = (label: string, type: 'retry' | 'openLog'): HTMLElement => {
    const made = el('button', { type: 'button', class: 'secondary' }, label);
    made.addEventListener('click', () => host.post({ type }));
    return made;
  };
  main.replaceChildren(
    el(
      'div',
      { class: 'message', role: 'status' },
      el('h1', {}, text),
      detail ? el('p', {}, detail) : null,
      retry
        ? el('div', { class: 'actions' }, button(t.tryAgain, 'retry'), button(t.openLog, 'openLog'))
        : null,
    ),
  );
}

host.listen(isToInspector, (received) => {
  switch (received.type) {
    case 'loading':
      // a refresh keeps the page that is shown
      if (!shown) message(fill(t.loading, received.name), '', false);
      break;
    case 'overview':
      show(received.overview);
      break;
    case 'default':
      isDefault = received.isDefault;
      makeDefault.hidden = isDefault;
      break;
    case 'error':
      message(t.failed, received.message, true);
      break;
    case 'answer':
    case 'failed':
      asker.receive(received);
  }
});
if (embedded) show(embedded.overview);
else host.post({ type: 'ready' });
