/**
 * Lines over an ordered axis whose values stand at equal distances (queue depths, PE counts, widths:
 * the paper's Figs. 8, 9, 11, 12 and 13 do the same) or where they belong (shares). Series differ in marker and dash, not in colour
 * alone, and are named at their ends where there is room.
 */
import { leftAxis, linearScale, logScale, picture, shortNumber, textWidth } from './axis.ts';
import { clip } from './bar-chart.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface Series {
  readonly label: string;
  /** One value a step of the axis; NaN: none. */
  readonly values: readonly number[];
}

export interface LineOptions {
  readonly width: number;
  readonly height: number;
  readonly steps: readonly string[];
  /** Where the steps stand, in any unit; at equal distances when absent. */
  readonly at?: readonly number[];
  /** What the horizontal axis is. */
  readonly axis: string;
  /** What the vertical axis is. */
  readonly value: string;
  readonly summary: string;
  readonly log?: boolean;
  /** Top of a linear axis: 1 for shares. */
  readonly most?: number;
  readonly format?: (value: number) => string;
  /** Step that is marked: the machine at hand. */
  readonly marked?: number;
}

/** Number of looks a series can have; from there on they repeat. */
export const looks = 8;

export function lineChart(series: readonly Series[], options: LineOptions): SvgNode {
  const { width, height, steps } = options;
  const format = options.format ?? shortNumber;
  const all = series.flatMap((s) => s.values).filter((v) => Number.isFinite(v));
  const top = 26;
  const bottom = height - 42;
  const least = all.reduce((a, v) => (v > 0 ? Math.min(a, v) : a), Infinity);
  const most = all.reduce((a, v) => Math.max(a, v), 0);
  const scale = options.log
    ? logScale(least, most, bottom, top)
    : linearScale(options.most ?? most, bottom, top);
  const left = Math.max(30, ...scale.ticks.map((t) => textWidth(format(t)) + 8));
  const named = series.length > 1;
  const right = named
    ? Math.min(Math.max(...series.map((s) => textWidth(s.label) + 16)), width * 0.26)
    : 12;
  const end = width - right;
  const at = options.at ?? steps.map((_, i) => i);
  const [start = 0, reach = 0] = [at[0], (at.at(-1) ?? 0) - (at[0] ?? 0)];
  const x = (i: number): number =>
    reach > 0
      ? round(left + 14 + ((end - left - 28) * ((at[i] ?? 0) - start)) / reach)
      : round((left + end) / 2);
  const marks = series.flatMap((s, k) => {
    const points = s.values.flatMap((v, i) =>
      Number.isFinite(v) ? [[x(i), round(scale.at(v)), v, i] as const] : [],
    );
    return [
      node('path', {
        d: points.map(([px, py], i) => `${i ? 'L' : 'M'}${px},${py}`).join(' '),
        class: `series look-${k % looks}`,
      }),
      ...points.map(([px, py, v, i]) =>
        node(
          'path',
          { d: marker(k, px, py), class: `mark look-${k % looks}` },
          node('title', {}, `${s.label ? `${s.label}, ` : ''}${steps[i]}: ${format(v)}`),
        ),
      ),
    ];
  });
  return picture(width, height, options.summary, [
    node('text', { x: 0, y: 12, class: 'tick' }, options.value),
    ...leftAxis(scale, left, end, format),
    ...(options.marked !== undefined && options.marked >= 0
      ? [node('path', { d: `M${x(options.marked)},${top} V${bottom}`, class: 'here' })]
      : []),
    ...stepLabels(steps, x, bottom + 16),
    node('path', { d: `M${left},${bottom} H${end}`, class: 'axis-line' }),
    node(
      'text',
      { x: round((left + end) / 2), y: bottom + 34, 'text-anchor': 'middle', class: 'tick' },
      options.axis,
    ),
    ...marks,
    ...(named ? endLabels(series, scale.at, end + 12, right - 12, top, bottom) : []),
  ]);
}

function stepLabels(steps: readonly string[], x: (i: number) => number, y: number): SvgNode[] {
  let free = -Infinity;
  return steps.flatMap((text, i) => {
    const need = textWidth(text) / 2;
    if (x(i) - need < free) return [];
    free = x(i) + need + 6;
    return [node('text', { x: x(i), y, 'text-anchor': 'middle', class: 'tick' }, text)];
  });
}

/** Names beside the last points, pushed apart until none covers another; with the series' marker. */
function endLabels(
  series: readonly Series[],
  at: (value: number) => number,
  x: number,
  room: number,
  top: number,
  bottom: number,
): SvgNode[] {
  const height = 14;
  const labels = series
    .map((s, k) => ({
      k,
      text: s.label,
      y: at([...s.values].reverse().find((v) => Number.isFinite(v)) ?? 0),
    }))
    .sort((a, b) => a.y - b.y || a.k - b.k);
  labels.forEach((l, i) => {
    l.y = Math.max(l.y, (labels[i - 1]?.y ?? top - height) + height);
  });
  for (let i = labels.length - 1, limit = bottom + 8; i >= 0; i--, limit -= height) {
    const label = labels[i]!;
    label.y = Math.min(label.y, limit);
  }
  return labels.flatMap(({ k, text, y }) => [
    node('path', { d: marker(k, x, round(y)), class: `mark look-${k % looks}` }),
    node('text', { x: x + 8, y: round(y + 4), class: 'tick' }, clip(text, room - 8)),
  ]);
}

/** Circle, square, diamond, triangle, and the same again. */
export function marker(k: number, x: number, y: number): string {
  // from the ninth on, the same lines have other markers
  switch ((k + Math.floor(k / looks)) % 4) {
    case 0:
      return `M${round(x - 3.5)},${y}a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0z`;
    case 1:
      return `M${round(x - 3.2)},${round(y - 3.2)}h6.4v6.4h-6.4z`;
    case 2:
      return `M${x},${round(y - 4.5)}l4.5,4.5l-4.5,4.5l-4.5,-4.5z`;
    default:
      return `M${x},${round(y - 4.4)}l4.4,7.8h-8.8z`;
  }
}
