/**
 * A stretch of a coded stream, step by step (Deep Compression, figure 2, on the user's own data): for
 * each entry a card with the bits that were sent for the value and for the gap, and below it where
 * that puts the weight: the zeros that were skipped as empty cells, then the weight, or a filler zero,
 * hatched. Cards flow over as many lines as the width needs. Classes: `card`, `card-filler`,
 * `bits-value`, `bits-gap`, `skip`, `kept`, `filler`, `stream-label`.
 */
import type { StreamView } from '../../src/engine/protocol-view.ts';
import { formatExact, formatSmall } from '../ui/format.ts';
import { picture, textWidth } from './axis.ts';
import { bitsOfWord } from './huffman-tree.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface StreamText {
  readonly summary: string;
  /** Labels of the lines of a card: value bits, its symbol, gap bits, gap, position, weight. */
  readonly lines: readonly [string, string, string, string, string, string];
  /** Tooltip of step i. */
  readonly title: (i: number) => string;
}

export interface StreamOptions {
  readonly width: number;
  /** The step that stands out, -1 for none. */
  readonly selected: number;
}

/** Of the editor's font. */
const monoWidth = (text: string): number => textWidth(text, 7.4);

const lineHeight = 17;
const cell = 7;
/** Zeros that are drawn one by one; more are written as a number. */
const mostCells = 8;

export function streamChart(
  stream: StreamView,
  { width, selected }: StreamOptions,
  text: StreamText,
): SvgNode {
  const sent = stream.coder === 'huffman';
  const sparse = sent && stream.indexBits > 0;
  const used = [sent, true, sparse, sparse, true, true];
  const shown = text.lines.map((label, i) => ({ label, i })).filter(({ i }) => used[i]);
  const labels = Math.max(...shown.map(({ label }) => textWidth(label))) + 10;
  const cardHeight = shown.length * lineHeight + 26;
  let x = labels;
  let y = 4;
  const cards: SvgNode[] = [];
  const heads = [y];
  for (let i = 0; i < stream.count; i++) {
    const lines = cardLines(stream, i);
    const picks = shown.map(({ i: line }) => lines[line]);
    const strip = stripWidth(stream.gap[i], sparse);
    const need = round(Math.max(36, strip + 8, ...picks.map((t) => monoWidth(t) + 12)));
    if (x + need > width && x > labels) {
      x = labels;
      y += cardHeight + 10;
      heads.push(y);
    }
    cards.push(card(i, x, y, need, picks));
    x += need + 4;
  }
  const names = heads.flatMap((top) =>
    shown.map(({ label }, row) =>
      node('text', { x: 0, y: top + 14 + row * lineHeight, class: 'stream-label' }, label),
    ),
  );
  return picture(width, y + cardHeight + 4, text.summary, [...names, ...cards]);

  function card(i: number, left: number, top: number, wide: number, picks: readonly string[]) {
    const filler = stream.filler[i] === 1;
    const middle = round(left + wide / 2);
    const kinds = shown.map(({ i: line }) =>
      line === 0 ? 'bits-value' : line === 2 ? 'bits-gap' : 'card-line',
    );
    return node(
      'g',
      {
        class: `card${filler ? ' card-filler' : ''}${i === selected ? ' selected' : ''}`,
        'data-step': i,
      },
      node('title', {}, text.title(i)),
      node('rect', { x: left, y: top, width: wide, height: cardHeight, rx: 3, class: 'card-box' }),
      ...picks.map((t, row) =>
        node(
          'text',
          {
            x: middle,
            y: top + 14 + row * lineHeight,
            'text-anchor': 'middle',
            class: kinds[row],
          },
          t,
        ),
      ),
      ...strip(stream.gap[i], filler, left + 4, top + cardHeight - 17, sparse),
    );
  }
}

/** The lines of a card, '–' where nothing was sent. */
function cardLines(s: StreamView, i: number): string[] {
  const dash = '–';
  return [
    bitsOfWord(s.valueWord[i], s.valueLength[i]) || dash,
    String((s.level ?? s.symbol)[i]),
    bitsOfWord(s.gapWord[i], s.gapLength[i]) || dash,
    String(s.gap[i]),
    formatExact(s.position[i]),
    s.filler[i] === 1 ? '0' : formatSmall(s.weight[i]),
  ];
}

function stripWidth(gap: number, sparse: boolean): number {
  if (!sparse) return cell + 4;
  return gap <= mostCells ? (gap + 1) * cell + 4 : monoWidth(`${gap}×`) + 3 * cell;
}

function strip(gap: number, filler: boolean, x: number, y: number, sparse: boolean): SvgNode[] {
  const box = (at: number, kind: string): SvgNode =>
    node('rect', { x: round(at), y, width: cell - 1, height: cell + 4, class: kind });
  const cells: SvgNode[] = [];
  let at = x;
  if (sparse && gap <= mostCells) {
    for (let g = 0; g < gap; g++, at += cell) cells.push(box(at, 'skip'));
  } else if (sparse) {
    cells.push(box(at, 'skip'));
    at += cell;
    const label = `${gap}×`;
    cells.push(node('text', { x: round(at), y: y + 10, class: 'skip-count' }, label));
    at += monoWidth(label) + 1;
  }
  cells.push(box(at, filler ? 'filler' : 'kept'));
  if (filler)
    cells.push(
      node('path', {
        d: `M${round(at)},${y + cell + 4}l${cell - 1},${-(cell + 4)}`,
        class: 'filler-line',
      }),
    );
  return cells;
}
