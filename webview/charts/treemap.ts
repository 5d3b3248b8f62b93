/**
 * Where the bytes are: rectangles whose area is bytes, squarified (Bruls, Huizing and van Wijk 2000),
 * shaded in five steps by a metric. The steps differ in lightness and each has a pattern of its own;
 * rectangles large enough carry their name and figure. What is too small to be seen is put together.
 * Patterns `heat-0` … `heat-4` and `heat-none` come from `heatDefs`; the page styles `.heat-<n>` and `.ink`.
 */
import { picture, textWidth } from './axis.ts';
import { legible } from '../ui/legible.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface TreemapItem {
  /** The page's own name for it: `data-key` of its element. */
  readonly key: string;
  readonly label: string;
  readonly bytes: number;
  /** 0 .. 1, null where it has none. */
  readonly level: number | null;
  /** The figure as written in the rectangle. */
  readonly text: string;
  /** Tooltip and accessible name. */
  readonly title: string;
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Rectangles for sizes in falling order, filling the given one; nothing for sizes that are not positive. */
export function squarify(sizes: readonly number[], into: Rect): Rect[] {
  const total = sizes.reduce((a, b) => a + Math.max(0, b), 0);
  const rects: Rect[] = sizes.map(() => ({ x: into.x, y: into.y, width: 0, height: 0 }));
  if (!(total > 0) || into.width <= 0 || into.height <= 0) return rects;
  const scale = (into.width * into.height) / total;
  let { x, y, width, height } = into;
  for (let first = 0; first < sizes.length && sizes[first] > 0;) {
    const side = Math.min(width, height);
    let sum = sizes[first] * scale;
    let last = first + 1;
    let worst = ratio(sum, sum, sum, side);
    for (; last < sizes.length && sizes[last] > 0; last++) {
      const more = sum + sizes[last] * scale;
      const next = ratio(more, sizes[first] * scale, sizes[last] * scale, side);
      if (next > worst) break;
      sum = more;
      worst = next;
    }
    const thick = side > 0 ? sum / side : 0;
    let along = 0;
    for (let i = first; i < last; i++) {
      const long = sum > 0 ? ((sizes[i] * scale) / sum) * side : 0;
      rects[i] =
        width >= height
          ? { x, y: y + along, width: thick, height: long }
          : { x: x + along, y, width: long, height: thick };
      along += long;
    }
    if (width >= height) {
      x += thick;
      width = Math.max(0, width - thick);
    } else {
      y += thick;
      height = Math.max(0, height - thick);
    }
    first = last;
  }
  return rects;
}

/** The worst ratio of sides in a row of area `sum` whose largest and smallest areas are given. */
function ratio(sum: number, largest: number, smallest: number, side: number): number {
  const square = sum * sum;
  return Math.max((side * side * largest) / square, square / (side * side * smallest));
}

export const heatSteps = 5;

/** Step 0 .. 4 of a metric. */
export function heatStep(level: number): number {
  return Math.min(heatSteps - 1, Math.max(0, Math.floor(level * heatSteps)));
}

export interface TreemapOptions {
  readonly width: number;
  readonly height: number;
  readonly summary: string;
  /** Names what is too small to be seen one by one. */
  readonly others: (
    count: number,
    bytes: number,
  ) => { readonly label: string; readonly title: string };
}

/** At most this many rectangles. */
const most = 500;

export function treemap(items: readonly TreemapItem[], options: TreemapOptions): SvgNode {
  const { width, height } = options;
  const shown = gathered(items, width * height, options);
  const rects = squarify(
    shown.map((i) => i.bytes),
    { x: 0, y: 0, width, height },
  );
  const cells = shown.flatMap((item, i) => {
    const r = rects[i];
    if (r.width <= 0 || r.height <= 0) return [];
    const step = item.level === null ? 'none' : String(heatStep(item.level));
    const room = r.width - 10;
    const fits = (text: string): boolean => text !== '' && textWidth(text) <= room;
    const label = legible(item.label);
    const name = fits(label) ? label : shortened(label, room);
    const texts: SvgNode[] = [];
    if (r.height >= 20 && name !== '')
      texts.push(node('text', { x: round(r.x + 5), y: round(r.y + 15), class: 'cell-name' }, name));
    if (r.height >= 36 && fits(item.text))
      texts.push(
        node('text', { x: round(r.x + 5), y: round(r.y + 31), class: 'cell-figure' }, item.text),
      );
    return [
      node(
        'g',
        { class: 'cell', 'data-key': item.key },
        node('title', {}, legible(item.title)),
        node('rect', {
          x: round(r.x),
          y: round(r.y),
          width: round(r.width),
          height: round(r.height),
          fill: `url(#heat-${step})`,
          class: `cell-box on-heat-${step}`,
        }),
        ...texts,
      ),
    ];
  });
  return picture(width, height, options.summary, cells);
}

/** Falling by bytes; what would be less than 9 pixels, or too many, becomes one. */
function gathered(
  items: readonly TreemapItem[],
  pixels: number,
  { others }: TreemapOptions,
): TreemapItem[] {
  const sorted = items.filter((i) => i.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const total = sorted.reduce((n, i) => n + i.bytes, 0);
  let keep = 0;
  while (keep < sorted.length && keep < most && (sorted[keep].bytes / total) * pixels >= 9) keep++;
  if (sorted.length - keep <= 1) return sorted;
  const rest = sorted.slice(keep);
  const bytes = rest.reduce((n, i) => n + i.bytes, 0);
  const other = { key: '', ...others(rest.length, bytes), bytes, level: null, text: '' };
  return [...sorted.slice(0, keep), other].sort((a, b) => b.bytes - a.bytes);
}

function shortened(label: string, room: number): string {
  const letters = [...label];
  const count = Math.floor(room / textWidth('m')) - 1;
  return count >= 3 ? `${letters.slice(0, count).join('')}…` : '';
}

const size = 8;
/** More of the metric, more ink. */
const inks: readonly (readonly SvgNode[])[] = [
  [],
  [node('circle', { cx: 4, cy: 4, r: 0.9, class: 'ink-dot' })],
  [node('path', { d: 'M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4', class: 'ink' })],
  [node('path', { d: 'M0,0 l8,8 M8,0 l-8,8', class: 'ink' })],
  [node('path', { d: 'M0,2 h8 M0,6 h8 M2,0 v8 M6,0 v8', class: 'ink' })],
];

/** The patterns, for `<defs>` of a page or of an exported picture. */
export function heatDefs(): SvgNode {
  const pattern = (name: string, marks: readonly SvgNode[]): SvgNode =>
    node(
      'pattern',
      { id: `heat-${name}`, width: size, height: size, patternUnits: 'userSpaceOnUse' },
      node('rect', { width: size, height: size, class: `heat-${name}` }),
      ...marks,
    );
  return node(
    'defs',
    {},
    ...inks.map((marks, i) => pattern(String(i), marks)),
    pattern('none', []),
  );
}
