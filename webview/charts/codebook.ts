/**
 * Shared values on the axis of the weights: behind them the histogram of what they stand for, each a
 * stem as high as its weights are many, its code length below, and, where the original is known, the
 * squared error it carries as a bar below that. Classes: `bars-0`, `stem`, `stem-zero`, `bead`,
 * `length`, `error-bar`.
 */
import type { CodebookView, LinearHistogram } from '../../src/engine/protocol-view.ts';
import { formatCount } from '../ui/format.ts';
import { leftAxis, logScale, picture } from './axis.ts';
import { valueScale, valueTicks } from './histogram.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface CodebookText {
  readonly summary: string;
  /** Of the lanes below the axis. */
  readonly lengths: string;
  readonly errors: string;
  /** Tooltip of shared value `code`. */
  readonly title: (code: number) => string;
}

export interface CodebookOptions {
  readonly width: number;
  readonly height: number;
  /** The code that stands out, -1 for none. */
  readonly selected: number;
}

const left = 52;
const laneHeight = 34;

/** `histogram`: of the original, else of the layer; gives the axis. */
export function codebookChart(
  book: CodebookView,
  histogram: LinearHistogram,
  { width, height, selected }: CodebookOptions,
  text: CodebookText,
): SvgNode {
  const right = width - 12;
  const withErrors = book.errors !== null;
  const bottom = height - 24 - laneHeight - (withErrors ? laneHeight : 0);
  const at = valueScale(histogram.edges, left, right);
  let most = 1;
  for (const c of book.counts) most = Math.max(most, c);
  for (const c of histogram.counts) most = Math.max(most, c);
  const scale = logScale(1, Math.max(10, most), bottom, 12);
  let d = '';
  histogram.counts.forEach((count, i) => {
    if (count <= 0) return;
    const y = Math.min(bottom - 0.75, scale.at(count));
    d += `M${round(at(histogram.edges[i]))},${bottom}V${round(y)}H${round(at(histogram.edges[i + 1]))}V${bottom}Z`;
  });
  const lane = bottom + 24;
  const stems: SvgNode[] = [];
  let largest = 0;
  for (const e of book.errors?.squared ?? []) largest = Math.max(largest, e);
  let free = -Infinity;
  let longest = 1;
  for (const l of book.lengths) longest = Math.max(longest, l);
  order(book.values).forEach((code) => {
    const count = book.counts[code];
    const length = book.lengths[code];
    if (count === 0 && length === 0) return;
    const x = round(Math.min(right, Math.max(left, at(book.values[code]))));
    const y = count > 0 ? round(Math.min(bottom - 0.75, scale.at(count))) : bottom;
    const zero = book.from === 'stored' && code === 0 ? ' stem-zero' : '';
    const parts: SvgNode[] = [
      node('title', {}, text.title(code)),
      node('path', { d: `M${x},${bottom}V${y}`, class: `stem${zero}` }),
      node('circle', { cx: x, cy: y, r: code === selected ? 4.5 : 3, class: 'bead' }),
    ];
    // one tick a bit of the code
    const high = round((length / longest) * (laneHeight - 14));
    parts.push(node('path', { d: `M${x},${lane}v${high}`, class: 'length' }));
    const label = String(length);
    if (length > 0 && x - free > 5 + 7 * label.length) {
      free = x;
      parts.push(
        node(
          'text',
          { x, y: lane + high + 10, 'text-anchor': 'middle', class: 'tick small' },
          label,
        ),
      );
    }
    const error = book.errors?.squared[code] ?? 0;
    if (error > 0 && largest > 0) {
      const size = round(Math.max(1, (error / largest) * (laneHeight - 8)));
      parts.push(node('path', { d: `M${x},${lane + laneHeight}v${size}`, class: 'error-bar' }));
    }
    const chosen = code === selected ? ' selected' : '';
    stems.push(node('g', { class: `shared${chosen}`, 'data-code': code }, ...parts));
  });
  return picture(width, height, text.summary, [
    ...leftAxis(scale, left, right, formatCount),
    ...(d === '' ? [] : [node('path', { d, class: 'bars-0' })]),
    node('path', { d: `M${left},${bottom}H${right}`, class: 'axis' }),
    ...valueTicks(histogram.edges, left, right, bottom),
    node('text', { x: 0, y: lane + 12, class: 'tick' }, text.lengths),
    ...(withErrors
      ? [node('text', { x: 0, y: lane + laneHeight + 12, class: 'tick' }, text.errors)]
      : []),
    ...stems,
  ]);
}

/** Codes by value: the reserved zero lies among the others. */
function order(values: Float64Array): number[] {
  return Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
}
