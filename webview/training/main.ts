/**
 * The live page of a retraining: composition only. Its host sends the state and the epochs; it sends back
 * which button was pressed. What is spoken changes with the epochs, not with every step.
 */
import '../ui/theme.css';
import '../report/report.css';
import './training.css';
import type { TrainingEpoch } from '../../src/engine/protocol-accuracy.ts';
import { courseDrawing } from '../accuracy/curves.ts';
import { wordFor } from '../accuracy/words.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatExact } from '../ui/format.ts';
import { connect } from '../ui/host.ts';
import { outputOf } from '../ui/output.ts';
import { cardsOf, scoreText } from './cards.ts';
import {
  isToTraining,
  type FromTraining,
  type ToTraining,
  type TrainingCommand,
  type TrainingPageData,
  type TrainingPhase,
  type TrainingState,
} from './messages.ts';

const main = document.getElementById('training') as HTMLElement;
const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as TrainingPageData;
const t = data.strings;
const host = connect<ToTraining, FromTraining>();

let epochs: readonly TrainingEpoch[] = [];

const subtitle = el('p', { class: 'source' }, fill(t.subtitle, data.preset, data.data));
const taken = el('p', { class: 'muted taken', hidden: true });
const phase = el('p', { class: 'phase', role: 'status' });
const bar = el('progress', { max: 1, value: 0, 'aria-label': t.progress });
const step = el('p', { class: 'muted step' });
const cards = el('div', { class: 'figures live' });
const waiting = el('p', { class: 'muted' }, t.waiting);
const spoken = el('p', { class: 'hidden-visually', 'aria-live': 'polite' });
const notes = el('ul', { class: 'notes' });
const notesSection = el('section', { hidden: true }, el('h2', {}, t.notes), notes);
const curves = new Figure(
  { id: 'training-curves', heading: t.curves, caption: t.curvesCaption },
  t,
  outputOf(host),
);
curves.element.hidden = true;

const buttons: readonly {
  readonly command: TrainingCommand;
  readonly label: string;
  readonly hint?: string;
  readonly primary?: boolean;
  readonly when: readonly TrainingPhase[];
}[] = [
  { command: 'pause', label: t.pause, when: ['running'] },
  { command: 'resume', label: t.resume, primary: true, when: ['paused'] },
  { command: 'stop', label: t.stop, hint: t.stopHint, when: ['running', 'paused'] },
  { command: 'cancel', label: t.cancel, when: ['starting', 'running', 'paused', 'stopping'] },
  { command: 'report', label: t.showReport, primary: true, when: ['done'] },
  { command: 'reveal', label: t.reveal, when: ['done'] },
  { command: 'openLog', label: t.openLog, when: ['failed'] },
];
const actions = buttons.map(({ command, label, hint, primary, when }) => {
  const attributes = { type: 'button', class: primary ? 'primary' : 'secondary', hidden: true };
  const element = el('button', hint ? { ...attributes, title: hint } : attributes, label);
  element.addEventListener('click', () => host.post({ type: command }));
  return { element, when };
});

main.append(
  el(
    'header',
    { class: 'overview' },
    el(
      'div',
      { class: 'title' },
      el('div', {}, el('h1', {}, data.model), subtitle, taken),
      el('div', { class: 'actions' }, ...actions.map(({ element }) => element)),
    ),
    el('div', { class: 'now' }, phase, step),
    bar,
    cards,
  ),
  spoken,
  el('h2', { class: 'hidden-visually' }, t.progress),
  waiting,
  curves.element,
  notesSection,
);

function show(state: TrainingState): void {
  const { start, outcome } = state;
  if (start)
    subtitle.textContent = fill(
      t.subtitleRuntime,
      data.preset,
      data.data,
      start.runtime,
      formatExact(start.samples),
    );
  if (start) {
    taken.hidden = false;
    say(taken, fill(t.taken, start.taken));
  }
  say(phase, phaseText(state));
  phase.className = `phase ${state.phase}`;
  const over = ['done', 'failed', 'cancelled'].includes(state.phase);
  say(step, state.problem || (over ? '' : [state.stage, state.detail].filter(Boolean).join(' · ')));
  bar.hidden = over;
  bar.setAttribute('value', String(state.fraction));
  const focused = document.activeElement;
  for (const { element, when } of actions) element.hidden = !when.includes(state.phase);
  // a button that has gone takes the focus with it: its neighbour gets it
  if (focused instanceof HTMLElement && focused.hidden)
    actions.find(({ element }) => !element.hidden)?.element.focus();
  cards.replaceChildren(
    ...cardsOf(state, epochs, t).map(({ label, value, detail }) =>
      el(
        'div',
        { class: 'figure' },
        el('p', { class: 'label' }, label),
        el('p', { class: 'value' }, value),
        el('p', { class: 'detail' }, detail),
      ),
    ),
  );
  waiting.hidden = epochs.length > 0 || over;
  curves.element.hidden = epochs.length === 0;
  if (epochs.length > 0 && start && drawn !== epochs) {
    drawn = epochs;
    curves.update(
      courseDrawing(
        { epochs, plan: start.stages, before: start.before, agreement: start.agreement },
        t,
      ),
    );
  }
  notesSection.hidden = !outcome || outcome.notes.length === 0;
  if (outcome) notes.replaceChildren(...outcome.notes.map((note) => el('li', {}, note)));
}
/** Of which epochs the curves are. */
let drawn: readonly TrainingEpoch[] | undefined;

function phaseText({ phase: now, outcome }: TrainingState): string {
  const text = t[`phase_${now}`];
  const ends = { done: '', stopped: t.endStoppedShort, diverged: t.endDivergedShort };
  return outcome && ends[outcome.end] ? `${text}. ${ends[outcome.end]}` : text;
}

/** Only what has changed is written, so that it is read once. */
function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

host.listen(isToTraining, (message) => {
  if (message.type === 'state') return show(message.state);
  epochs = [...epochs.slice(0, message.from), ...message.epochs];
  const last = epochs.at(-1);
  if (last?.validation)
    say(
      spoken,
      fill(
        t.announce,
        wordFor('stage', last.kind, t),
        String(last.epoch),
        scoreText(last.validation),
      ),
    );
});
host.post({ type: 'ready' });
