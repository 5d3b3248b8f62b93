/**
 * The model inspector: a list of layers beside what is chosen. Composition only. The page keeps no
 * weights: it asks the worker, through its host, for what the screen shows.
 */
import '../ui/theme.css';
import './inspector.css';
import './flow.css';
import './compare.css';
import '../charts/cycles.css';
import { unpacked, type EmbeddedModel } from '../../src/engine/protocol-page.ts';
import type { ViewOverview } from '../../src/engine/protocol-view.ts';
import { cycleDefs } from '../charts/cycle-patterns.ts';
import { node, toElement } from '../charts/svg.ts';
import { heatDefs } from '../charts/treemap.ts';
import { english as eieEnglish } from '../eie/strings.ts';
import { el, fill } from '../ui/dom.ts';
import { findKeyGoesTo } from '../ui/find-key.ts';
import { connect } from '../ui/host.ts';
import { outputOf } from '../ui/output.ts';
import type { Measured } from '../accuracy/measured.ts';
import { Asker } from './asker.ts';
import { embeddedAnswers } from './embedded.ts';
import {
  isToInspector,
  type FromInspector,
  type InspectorPageData,
  type ToInspector,
} from './messages.ts';
import { fileName } from './model.ts';
import { withImpacts } from './impacts.ts';
import { ModelPage } from './model-page.ts';
import { restored, type Kept } from './state.ts';
import { english, type InspectorStrings } from './strings.ts';

const main = document.getElementById('inspector') as HTMLElement;
const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as InspectorPageData;
const t: InspectorStrings = data.strings ?? english;
const host = connect<ToInspector, FromInspector>();
const asker = new Asker((message) => host.post(message));
const embedded = data.model === undefined ? undefined : (unpacked(data.model) as EmbeddedModel);
const asking = embedded ? embeddedAnswers(embedded, t.notInFile) : asker.ask;
const out = outputOf(host, embedded ? `${fileName(embedded.overview.path)}-` : '');
const simulator = host.present
  ? {
      simulate: asker.simulate,
      open: () => host.post({ type: 'openSimulator' }),
      strings: data.eie ?? eieEnglish,
    }
  : undefined;
let kept = restored(host.saved());
let isDefault = true;
let shown: ModelPage | undefined;
let measured: Measured = {};
/** The model as the worker tells it, without what was measured of it. */
let opened: ViewOverview | undefined;

function keep(change: Partial<Kept>): void {
  kept = { ...kept, ...change };
  host.save(kept);
}

function show(overview: ViewOverview): void {
  shown?.stop();
  asker.abandon();
  opened = overview;
  shown = new ModelPage(withImpacts(overview, measured.impact), {
    ...{ ask: asking, live: !embedded, simulator, measured, out, t, keep },
    post: (message) => host.post(message),
    kept: () => kept,
  });
  main.className = 'open';
  main.replaceChildren(header(overview), shown.element);
  shown.start();
}

// the fills of every picture that is shaded by a metric, or by a cause of cycles
document.body.prepend(
  toElement(
    node(
      'svg',
      { class: 'defs', width: 0, height: 0, 'aria-hidden': 'true' },
      heatDefs(),
      cycleDefs(),
    ),
  ),
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
  shown = opened = undefined;
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
    case 'show':
      shown?.go(received.shown);
      break;
    case 'other':
      shown?.compareWith(received);
      break;
    case 'noOther':
      shown?.compareWith(undefined, received.message);
      break;
    case 'measured':
      measured = received.measured;
      if (!opened) break;
      show(opened);
      if (kept.other !== '') host.post({ type: 'compareWith', uri: kept.other, again: true });
      break;
    case 'suggestions':
      shown?.suggest(received.models);
      break;
    case 'progress':
    case 'answer':
    case 'failed':
      asker.receive(received);
  }
});
findKeyGoesTo(() => main.querySelector<HTMLInputElement>('.side-tools input'));
if (embedded) show(embedded.overview);
else host.post({ type: 'ready' });
if (kept.other !== '') host.post({ type: 'compareWith', uri: kept.other, again: true });
