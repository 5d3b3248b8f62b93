/**
 * The data flow of a model from top to bottom: a box for every layer, its left end shaded by a metric
 * in the steps and patterns of the map of bytes (treemap.ts) and the figure written in it, pills where
 * values meet, outlined ends where the model begins and stops. Drawn in part when `view` says so: rows
 * outside are left out, so that ten thousand layers cost what the screen shows.
 *
 * Nodes carry `data-node`, lines `data-from`, `data-to` (-1: more than one) and `data-rank`; the page
 * moves the focus and lights the lines. Classes: `flow-line`, `flow-cut`, `flow-node`, `flow-box`,
 * `flow-level`, `flow-name`, `flow-op`, `flow-text`.
 */
import { textWidth } from './axis.ts';
import { layoutFlow, rowGap, type FlowLayout, type FlowSegment } from './flow-layout.ts';
import { legible } from '../ui/legible.ts';
import { node, round, type SvgNode } from './svg.ts';
import { heatStep } from './treemap.ts';

export interface FlowItem {
  readonly kind: 'layers' | 'join' | 'input' | 'output';
  readonly rank: number;
  readonly name: string;
  /** Operator, '' for none. */
  readonly op: string;
  /** 0 .. 1, null where it has no metric. */
  readonly level: number | null;
  /** The figure as written in the box. */
  readonly text: string;
  /** Tooltip and accessible name. */
  readonly title: string;
}

export interface FlowOptions {
  readonly width: number;
  readonly summary: string;
  /** Part that is drawn, in pixels from the top; all when absent. */
  readonly view?: { readonly top: number; readonly bottom: number };
}

const box = { width: 218, height: 46 };
/** Of the shaded end of a box. */
const shade = 26;
const pill = 22;
const end = 28;
const margin = 14;

/** Places are the same whatever the metric, so they are computed once. */
export function placeFlow(
  items: readonly Pick<FlowItem, 'kind' | 'rank' | 'name' | 'op'>[],
  edges: Int32Array,
): FlowLayout {
  return layoutFlow(
    items.map(({ kind, rank, name, op }) => ({
      rank,
      width: widthOf(kind, kind === 'join' ? op : name),
      height: heightOf(kind),
    })),
    edges,
  );
}

/** Height of the whole picture. */
export function flowHeight(layout: FlowLayout): number {
  return Math.ceil(layout.height) + 2 * margin;
}

/** Middle of a node in the picture, from the top. */
export function flowTop(items: readonly FlowItem[], layout: FlowLayout, at: number): number {
  const { rank } = items[at];
  return margin + layout.rowTop[rank] + layout.rowHeight[rank] / 2;
}

export function flowGraph(
  items: readonly FlowItem[],
  layout: FlowLayout,
  { width, summary, view }: FlowOptions,
): SvgNode {
  const wide = Math.max(width, Math.ceil(layout.width) + 2 * margin);
  const height = flowHeight(layout);
  const left = round((wide - layout.width) / 2);
  const first = view ? rowAt(layout, view.top - margin) : 0;
  const last = view ? rowAt(layout, view.bottom - margin) : layout.rows.length - 1;
  const lines = layout.segments
    .filter((s) => s.rank >= first - 1 && s.rank <= last)
    .map((s) => line(s, items, layout));
  const nodes = layout.rows
    .slice(first, last + 1)
    .flat()
    .map((at) => drawn(at, items[at], layout));
  return node(
    'svg',
    {
      role: 'group',
      'aria-label': legible(summary),
      width: wide,
      height,
      viewBox: `0 0 ${wide} ${height}`,
      class: 'flow',
    },
    node(
      'g',
      { transform: `translate(${left},${margin})` },
      ...lines,
      ...cutEnds(items, layout, first, last),
      ...nodes,
    ),
  );
}

/** Row at a height, or the nearest. */
function rowAt({ rowTop }: FlowLayout, y: number): number {
  let [low, high] = [0, Math.max(0, rowTop.length - 1)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rowTop[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

function widthOf(kind: FlowItem['kind'], label: string): number {
  return kind === 'layers'
    ? box.width
    : Math.min(box.width, Math.max(40, Math.ceil(textWidth(legible(label)) + 22)));
}

function heightOf(kind: FlowItem['kind']): number {
  return kind === 'layers' ? box.height : kind === 'join' ? pill : end;
}

/** From the bottom of the upper end to the top of the lower one, upright at both. */
function line(s: FlowSegment, items: readonly FlowItem[], layout: FlowLayout): SvgNode {
  const { rowTop, rowHeight } = layout;
  const r = s.rank;
  const middle = (rank: number): number => rowTop[rank] + rowHeight[rank] / 2;
  const x1 = round(s.x1);
  const x2 = round(s.x2);
  const y1 = round(middle(r) + (s.passing ? 0 : heightOf(items[s.from].kind) / 2));
  const y2 = round(s.to < 0 ? middle(r + 1) : middle(r + 1) - heightOf(items[s.to].kind) / 2 - 1);
  // straight through the rows, bent in the gap between them
  const from = round(rowTop[r] + rowHeight[r]);
  const to = Math.min(y2, round(from + rowGap));
  const bend = round((from + to) / 2);
  const curve = x1 === x2 ? '' : `V${from}C${x1},${bend} ${x2},${bend} ${x2},${to}`;
  const tip =
    s.to < 0
      ? ''
      : `M${round(x2 - 4)},${round(y2 - 6)}L${x2},${y2}L${round(x2 + 4)},${round(y2 - 6)}`;
  return node('path', {
    d: `M${x1},${y1}${curve}V${y2}${tip}`,
    class: 'flow-line',
    'data-from': s.from,
    'data-to': s.to,
    'data-rank': r,
  });
}

/** A dotted end beside nodes whose edges are too long to be led. */
function cutEnds(
  items: readonly FlowItem[],
  layout: FlowLayout,
  first: number,
  last: number,
): SvgNode[] {
  const marks = new Set<string>();
  for (let i = 0; i < layout.cut.length; i += 2)
    for (const [at, side] of [
      [layout.cut[i], 1],
      [layout.cut[i + 1], -1],
    ] as const) {
      const { rank, kind } = items[at];
      if (rank < first || rank > last) continue;
      const y = layout.rowTop[rank] + layout.rowHeight[rank] / 2 + (side * heightOf(kind)) / 2;
      marks.add(`M${round(layout.x[at] + 12)},${round(y)}v${side * 12}`);
    }
  return [...marks].map((d) => node('path', { d, class: 'flow-line flow-cut' }));
}

function drawn(at: number, item: FlowItem, layout: FlowLayout): SvgNode {
  const { kind, rank, op, text, level } = item;
  const height = heightOf(kind);
  const label = legible(kind === 'join' ? op : item.name);
  const width = widthOf(kind, label);
  const x = round(layout.x[at] - width / 2);
  const y = round(layout.rowTop[rank] + (layout.rowHeight[rank] - height) / 2);
  const middle = round(layout.x[at]);
  const inner = round(x + shade + 8);
  const step = level === null ? 'none' : String(heatStep(level));
  const frame = { x, y, width, height };
  const centred = (value: string): SvgNode =>
    node(
      'text',
      { x: middle, y: y + height / 2 + 4, 'text-anchor': 'middle', class: 'flow-op' },
      fitted(value, width - 16),
    );
  const parts =
    kind === 'layers'
      ? [
          node('rect', { ...frame, class: 'flow-box' }),
          node('rect', {
            ...{ x: round(x + 1), y: round(y + 1), width: shade, height: height - 2 },
            ...{ fill: `url(#heat-${step})`, class: 'flow-level' },
          }),
          node(
            'text',
            { x: inner, y: y + 18, class: 'flow-name' },
            fitted(label, width - shade - 17, 7.9),
          ),
          node(
            'text',
            { x: inner, y: y + 36, class: 'flow-op' },
            fitted(legible(op), width - shade - 28 - textWidth(text)),
          ),
          node(
            'text',
            { x: round(x + width - 9), y: y + 36, 'text-anchor': 'end', class: 'flow-text' },
            text,
          ),
        ]
      : [
          node('rect', { ...frame, rx: height / 2, class: `flow-box flow-${kind}` }),
          centred(label),
        ];
  return node(
    'g',
    {
      role: kind === 'layers' ? 'button' : 'img',
      'data-node': at,
      class: 'flow-node',
    },
    // also what a screen reader says: a label would have to repeat what is written in the box
    node('title', {}, legible(item.title, 2000)),
    ...parts,
  );
}

/** As much of a text as has room: its end, which tells names of layers apart. */
function fitted(text: string, room: number, letter = 6.6): string {
  if (textWidth(text, letter) <= room) return text;
  const letters = [...text];
  const count = Math.floor(room / letter) - 1;
  return count < 1 ? '' : `…${letters.slice(-count).join('')}`;
}
