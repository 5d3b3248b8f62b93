/** Layer > Stream: a stretch of the coded stream, decoded step by step. */
import { bitsOfWord } from '../charts/huffman-tree.ts';
import { streamChart } from '../charts/stream.ts';
import { pageSteps } from '../../src/engine/protocol-page.ts';
import type { LayerSummary, StreamView } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatExact, formatFloat } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { InspectorStrings } from './strings.ts';

export function streamPanel(
  layer: LayerSummary,
  ask: Ask,
  t: InspectorStrings,
  out: Output,
): { readonly element: HTMLElement; readonly stop: () => void } {
  const control = new AbortController();
  const total = layer.coded?.entries ?? 0;
  let first = 0;
  const step = (label: string, run: () => void): HTMLButtonElement => {
    const made = el('button', { type: 'button', class: 'link' }, label);
    made.addEventListener('click', run);
    return made;
  };
  const earlier = step(t.earlier, () => void load(Math.max(0, first - pageSteps.shown)));
  const later = step(t.later, () => void load(first + shown));
  const entry = el('input', {
    type: 'number',
    min: 0,
    max: Math.max(0, total - 1),
    step: 1,
    value: 0,
  });
  entry.addEventListener('change', () => {
    const wanted = Math.floor(Number(entry.value));
    void load(Math.min(Math.max(0, total - 1), Math.max(0, Number.isFinite(wanted) ? wanted : 0)));
  });
  const picture = new Figure(
    {
      id: 'stream',
      heading: t.stream,
      caption:
        layer.coded?.coder === 'arithmetic' && layer.coded.grid ? t.streamArithmetic : t.streamHint,
      tools: [earlier, el('label', {}, t.goTo, ' ', entry), later],
    },
    t,
    out,
  );
  let shown: number = pageSteps.shown;
  let asking = 0;
  let drawn = false;
  const note = el('p', { class: 'muted', role: 'status' });

  async function load(from: number): Promise<void> {
    const mine = ++asking;
    try {
      const query = { layer: layer.layer, from: { entry: from }, count: pageSteps.shown };
      const stream = await ask('stream', query, control.signal);
      if (mine !== asking) return;
      drawn = true;
      note.textContent = '';
      first = stream.first;
      shown = stream.count;
      entry.value = String(first);
      earlier.disabled = first === 0;
      later.disabled = first + shown >= stream.total;
      const fillers = stream.filler.reduce((a, b) => a + b, 0);
      const summary = fill(
        t.streamSummary,
        ...[first, first + shown - 1, stream.total, stream.block + 1, stream.blocks, fillers].map(
          formatExact,
        ),
      );
      const lines = linesOf(stream, t);
      const line = (i: number): string => lines[i] ?? '';
      const title = (i: number): string =>
        stream.filler[i] === 1
          ? fill(
              t.streamFiller,
              formatExact(first + i),
              stream.gap[i]!,
              formatExact(stream.position[i]!),
            )
          : fill(
              stream.level ? t.levelTitle : t.streamTitle,
              formatExact(first + i),
              (stream.level ?? stream.symbol)[i]!,
              stream.gap[i]!,
              formatExact(stream.position[i]!),
              formatFloat(stream.weight[i]!),
            );
      picture.update({
        summary,
        draw: (width) =>
          streamChart(
            stream,
            { width, selected: -1 },
            { summary, lines: [line(0), line(1), line(2), line(3), line(4), line(5)], title },
          ),
        table: () => tableOf(stream, t),
      });
    } catch (error) {
      if (error instanceof Abandoned) return;
      // what is shown stays where only a part of the stream is to be had
      if (drawn) note.textContent = (error as Error).message;
      else picture.fail(fill(t.notAvailable, (error as Error).message));
    }
  }
  void load(0);
  return {
    element: el('div', { class: 'panel' }, picture.element, note),
    stop: () => control.abort(),
  };
}

const linesOf = ({ level }: StreamView, t: InspectorStrings): string[] =>
  (level ? t.streamLevels : t.streamLines).split('|');

function tableOf(s: StreamView, t: InspectorStrings): Table {
  const lines = linesOf(s, t);
  return {
    columns: [t.entry, ...lines.slice(0, -1), { name: lines.at(-1) ?? '', as: 'exact' }, t.filler],
    rows: Array.from({ length: s.count }, (_, i) => [
      s.first + i,
      bitsOfWord(s.valueWord[i]!, s.valueLength[i]!),
      (s.level ?? s.symbol)[i]!,
      bitsOfWord(s.gapWord[i]!, s.gapLength[i]!),
      s.gap[i]!,
      s.position[i]!,
      s.weight[i]!,
      s.filler[i] === 1,
    ]),
  };
}
