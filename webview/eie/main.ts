/**
 * The EIE panel: composition only. It asks its host for a run, sends every move of a knob (the host
 * keeps the latest), and shows what comes back; it holds which layer, view and machine are chosen.
 */
import '../ui/theme.css';
import '../report/report.css';
import './eie.css';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import { cycleDefs } from '../charts/cycle-patterns.ts';
import { toElement } from '../charts/svg.ts';
import { el, fill } from '../ui/dom.ts';
import { formatShare } from '../ui/format.ts';
import { exportMenu } from '../ui/export-menu.ts';
import { connect } from '../ui/host.ts';
import { outputOf } from '../ui/output.ts';
import { CompareView } from './compare-view.ts';
import { Controls } from './controls.ts';
import type { LayerDetail, MachineOptions, PageLayer, PageRun } from './data.ts';
import { LayerView } from './layer-view.ts';
import { LayerList } from './layers.ts';
import {
  isMachine,
  isToEie,
  viewIds,
  type EiePageData,
  type EieState,
  type FromEie,
  type ToEie,
  type ViewId,
} from './messages.ts';
import { formatEnergy, formatTime, formatTimes, layersTable, mergeRun } from './model.ts';
import { SpaceView } from './space-view.ts';
import { english, type EieStrings } from './strings.ts';
import { Tabs } from '../ui/tabs.ts';

const main = document.getElementById('eie') as HTMLElement;
const data = JSON.parse(
  document.getElementById('data')?.textContent ?? '{}',
) as Partial<EiePageData>;
const t: EieStrings = data.strings ?? english;
const host = connect<ToEie, FromEie>();
const saved = (host.saved() ?? {}) as Partial<Record<keyof EieState, unknown>>;

let run: PageRun | undefined;
let detail: LayerDetail | undefined;
let machine: MachineOptions = isMachine(saved.machine) ? saved.machine : {};
let chosen = typeof saved.layer === 'number' ? saved.layer : -1;
let view: ViewId = viewIds.find((v) => v === saved.view) ?? data.view ?? 'layer';
let request = 0;
let answered = 0;

const out = outputOf(host);
const problem = el('p', { class: 'problem', role: 'alert' });
const title = el('h1', {}, data.title ?? 'EIE');
const source = el('p', { class: 'source' }, t.subtitle);
const figures = el('div', { class: 'figures' });
const controls = new Controls(t, (change) => turn(change));
const list = new LayerList(
  t,
  exportMenu(
    { name: 'layers', heading: t.layers, table: () => run && layersTable(run, t) },
    t,
    out,
  ),
  (index) => choose(index),
);
const layerView = new LayerView(t, out);
const compareView = new CompareView(t, out);
const spaceView = new SpaceView(t, out, {
  sweep: (axes, layer) => host.post({ type: 'sweep', axes, machine, layer }),
  cancel: () => host.post({ type: 'cancelSweep' }),
});
const tabs = new Tabs(
  [
    { id: 'layer', label: t.viewLayer, panel: layerView.element },
    { id: 'compare', label: t.viewCompare, panel: compareView.element },
    { id: 'space', label: t.viewSpace, panel: spaceView.element },
  ],
  t.views,
  (id) => {
    view = viewIds.find((v) => v === id) ?? 'layer';
    keep();
  },
);
const notes = el('div', { class: 'explain' });

const action = (label: string, hint: string, act: () => void, primary = false): HTMLElement => {
  const button = el('vscode-button', { secondary: !primary, title: hint || undefined }, label);
  button.addEventListener('click', act);
  return button;
};
const page = [
  toElement(cycleDefs()),
  el(
    'header',
    { class: 'title' },
    el('div', {}, title, source),
    el(
      'div',
      { class: 'actions' },
      action(`${t.saveResults.replace('…', '')} (JSON)…`, t.saveJsonHint, () =>
        host.post({ type: 'saveJson' }),
      ),
    ),
  ),
  figures,
  controls.element,
  problem,
  list.element,
  tabs.element,
  layerView.element,
  compareView.element,
  spaceView.element,
  notes,
];

/** A knob was turned; null: everything back to the paper's. */
function turn(change: MachineOptions | null): void {
  machine = change ? { ...machine, ...change } : {};
  const layer = current();
  if (change && layer) controls.show({ ...layer.machine, ...machine });
  ask();
}

function choose(index: number): void {
  if (index === chosen) return;
  chosen = index;
  ask();
  show();
}

function ask(): void {
  host.post({ type: 'machine', machine, layer: Math.max(0, chosen), request: ++request });
  controls.working = true;
  keep();
}

function keep(): void {
  const state: EieState = { source: data.source ?? '', machine, layer: chosen, view };
  host.save(state);
}

function current(): PageLayer | undefined {
  return run?.layers.find((l) => l.index === chosen) ?? run?.layers[0];
}

function show(): void {
  const layer = current();
  if (!run || !layer) return;
  chosen = layer.index;
  if (main.firstChild !== page[0]) {
    main.replaceChildren(...page);
    tabs.show(view);
  }
  // while knobs move ahead of the answers, they show what was asked for
  controls.show(request === answered ? { ...layer.machine } : { ...layer.machine, ...machine });
  overview(run, layer);
  list.update(run, layer.index);
  layerView.update(run, layer, detail);
  compareView.update(run, layer);
  spaceView.update(run, layer);
  notes.replaceChildren(
    ...section(
      t.skipped,
      run.skipped.map((s) => `${s.name}: ${s.reason}`),
    ),
    ...section(t.notes, [...run.notes, ...layer.capacity.warnings]),
  );
}

function section(heading: string, lines: readonly string[]): HTMLElement[] {
  if (lines.length === 0) return [];
  return [
    el('h2', {}, heading),
    el('ul', { class: 'notes' }, ...lines.map((line) => el('li', {}, line))),
  ];
}

function overview({ layers, totals }: PageRun, layer: PageLayer): void {
  const one = layers.length === 1;
  const own = totals.thisMachine;
  const figure = (label: string, value: string, details: readonly string[]): HTMLElement =>
    el(
      'div',
      { class: 'figure' },
      el('div', { class: 'label' }, label),
      el('div', { class: 'value' }, value),
      ...details.map((d) => el('div', { class: 'detail' }, d)),
    );
  const inference = totals.perInference;
  const often = inference !== null && inference.timeUs !== totals.timeUs;
  const energy = often ? inference.energyUj : totals.energyUj;
  figures.replaceChildren(
    often
      ? figure(t.timeInference, formatTime(inference.timeUs), [
          fill(t.timeOnce, formatTime(totals.timeUs)),
        ])
      : figure(one ? t.timeOne : t.timeAll, formatTime(totals.timeUs), [
          fill(t.timeIdeal, formatTime(totals.theoreticalTimeUs)),
        ]),
    figure(t.loadBalance, formatShare(totals.loadBalance), [t.loadBalanceHint]),
    figure(t.energy, formatEnergy(energy.constantPower), [
      fill(t.energyPaper, layer.powerWatt.toPrecision(3)),
      fill(t.energyBoth, formatEnergy(energy.eventBased)),
    ]),
    figure(
      own ? t.againstHost : t.machine,
      own ? formatTimes(own.sparseUs / totals.timeUs) : `${layer.machine.pe} ${t.unitPes}`,
      own
        ? [fill(t.againstHostHint, formatTime(own.sparseUs))]
        : [fill(t.chip, layer.areaMm2.toPrecision(3), layer.powerWatt.toPrecision(3))],
    ),
  );
}

/** The page before its first run: what is happening, or what went wrong. */
function message(
  text: string,
  more: string,
  fraction: number | null,
  actions: readonly HTMLElement[],
): void {
  main.replaceChildren(
    el(
      'div',
      { class: 'message' },
      el('h1', { role: 'status' }, text),
      fraction === null ? null : el('progress', { max: 1, value: fraction, 'aria-label': text }),
      more ? el('p', {}, more) : null,
      el('div', { class: 'actions' }, ...actions),
    ),
  );
}

host.listen(isToEie, (received) => {
  switch (received.type) {
    case 'loading':
      if (!run) loading(received.name, received.line, received.fraction);
      break;
    case 'run':
      answered = Math.max(answered, received.request);
      run = mergeRun(run, received.run, received.partial);
      if (received.detail) detail = received.detail;
      if (request === 0) chosen = received.layer;
      problem.textContent = '';
      if (answered === request) controls.working = false;
      show();
      break;
    case 'published':
      compareView.show(received.published);
      show();
      break;
    case 'error':
      answered = Math.max(answered, received.request);
      controls.working = false;
      if (run) problem.textContent = received.message;
      else
        message(t.failed, received.message, null, [
          action(t.tryAgain, '', () => host.post({ type: 'retry' }), true),
          action(t.openLog, '', () => host.post({ type: 'openLog' })),
        ]);
      break;
    case 'sweeping':
      spaceView.progress(received.fraction, received.line);
      break;
    case 'swept':
      spaceView.show(received.result);
      break;
    case 'sweepEnded':
      spaceView.ended(received.message);
      break;
    case 'view':
      view = received.view;
      tabs.show(view);
      keep();
  }
});

function loading(name: string, line: string, fraction: number): void {
  const bar = main.querySelector('.message progress');
  if (bar instanceof HTMLProgressElement) {
    bar.value = fraction;
    const shown = main.querySelector('.message p');
    if (shown) shown.textContent = line || '\u00a0';
    return;
  }
  message(fill(t.loading, name), line || '\u00a0', fraction, [
    action(t.cancel, '', () => host.post({ type: 'cancel' })),
  ]);
}

keep();
host.post({ type: 'ready' });
