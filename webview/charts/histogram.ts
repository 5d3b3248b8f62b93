/**
 * Histograms of weights: one or two series (original, compressed) over the same bins, heights linear
 * or logarithmic. Zeros are no bar among the bins, where they would dwarf everything: they stand as a
 * marked line with their number. A logarithmic histogram shows negative magnitudes to the left and
 * positive ones to the right. Classes: `bars-0`, `bars-1` (filled, outlined), `zeros`, `grid`, `tick`.
 */
import type { LinearHistogram, LogHistogram } from '../../src/engine/protocol-view.ts';
import { formatCount, formatSmall } from '../ui/format.ts';
import { leftAxis, linearScale, logScale, picture, textWidth, type Scale } from './axis.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface HistogramSeries {
  readonly name: string;
  readonly histogram: LinearHistogram | LogHistogram;
}

export interface HistogramOptions {
  readonly width: number;
  readonly height: number;
  /** Logarithmic heights. */
  readonly logCounts: boolean;
  readonly summary: string;
  /** Written at the line of zeros of the first series, e.g. `zeros: 1.2M (91 %)`; '' hides it. */
  readonly zeros: string;
}

/** A bar: pixels along the axis, and how many weights. */
interface Bar {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const margin = { left: 52, right: 10, top: 18, bottom: 24 };

/** Series must have the same bins and kind. */
export function histogramChart(
  series: readonly HistogramSeries[],
  options: HistogramOptions,
): SvgNode {
  const { width, height } = options;
  const left = margin.left;
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const all = series.map(({ histogram }) => barsOf(histogram, left, right));
  let most = 0;
  for (const bars of all) for (const b of bars) most = Math.max(most, b.count);
  const scale = options.logCounts
    ? logScale(1, Math.max(most, 10), bottom, margin.top)
    : linearScale(most, bottom, margin.top, 4);
  // counts are whole: a half between 0 and 1 would be written as another 1
  const ticks = scale.ticks.filter((tick) => Number.isInteger(tick));
  const marks: SvgNode[] = [...leftAxis({ ...scale, ticks }, left, right, formatCount)];
  const [first] = series;
  if (first !== undefined) marks.push(...valueAxis(first.histogram, left, right, bottom));
  all.forEach((bars, i) => {
    const d = i === 0 ? filled(bars, scale, bottom) : outline(bars, scale, bottom);
    if (d !== '')
      marks.push(node('path', { d, class: `bars-${i}` }, node('title', {}, series[i].name)));
  });
  if (first !== undefined && options.zeros !== '' && first.histogram.zeros > 0)
    marks.push(...zeroLine(first.histogram, options.zeros, left, right, bottom));
  return picture(width, height, options.summary, marks);
}

/** Bars along [left, right]. */
function barsOf(h: LinearHistogram | LogHistogram, left: number, right: number): Bar[] {
  if (h.scale === 'linear') {
    const at = valueScale(h.edges, left, right);
    return Array.from(h.counts, (count, i) => ({
      from: at(h.edges[i]),
      to: at(h.edges[i + 1]),
      count,
    }));
  }
  const n = h.positive.length;
  const middle = (left + right) / 2;
  const half = (right - left) / 2 - 4;
  const pitch = n > 0 ? half / n : 0;
  const bars: Bar[] = [];
  for (let i = n - 1; i >= 0; i--)
    bars.push({
      from: middle - 4 - (i + 1) * pitch,
      to: middle - 4 - i * pitch,
      count: h.negative[i],
    });
  for (let i = 0; i < n; i++)
    bars.push({
      from: middle + 4 + i * pitch,
      to: middle + 4 + (i + 1) * pitch,
      count: h.positive[i],
    });
  return bars;
}

/** Pixels of a value between the outer edges. */
export function valueScale(
  edges: Float64Array,
  left: number,
  right: number,
): (value: number) => number {
  const low = edges[0] ?? 0;
  const high = edges[edges.length - 1] ?? 1;
  // halves, so that the difference of the largest doubles is finite
  const span = high / 2 - low / 2;
  return (v) => left + (span > 0 ? ((v / 2 - low / 2) / span) * (right - left) : 0);
}

function filled(bars: readonly Bar[], scale: Scale, bottom: number): string {
  let d = '';
  for (const { from, to, count } of bars) {
    if (count <= 0) continue;
    const y = Math.min(bottom - 0.75, scale.at(count));
    d += `M${round(from)},${bottom}V${round(y)}H${round(to)}V${bottom}Z`;
  }
  return d;
}

function outline(bars: readonly Bar[], scale: Scale, bottom: number): string {
  let d = '';
  let last = NaN;
  for (const { from, to, count } of bars) {
    const y = count > 0 ? Math.min(bottom - 0.75, scale.at(count)) : bottom;
    d += from === last ? `V${round(y)}H${round(to)}` : `M${round(from)},${round(y)}H${round(to)}`;
    last = to;
  }
  return d;
}

/** Round values between two numbers, at most `wanted` + 1. */
export function niceTicks(low: number, high: number, wanted: number): number[] {
  // a half of it, because the whole may be beyond the largest double
  const half = high / 2 - low / 2;
  if (!(half > 0)) return Number.isFinite(low) ? [low] : [];
  const raw = half / (wanted / 2);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= raw * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const ticks: number[] = [];
  for (let i = 0; i <= wanted + 1; i++) {
    const tick = Number(((first + i) * step).toPrecision(12));
    if (!(tick <= high + step * 1e-9) || !Number.isFinite(tick)) break;
    ticks.push(tick);
  }
  return ticks;
}

/** Ticks below a value axis. */
export function valueTicks(
  edges: Float64Array,
  left: number,
  right: number,
  bottom: number,
): SvgNode[] {
  const at = valueScale(edges, left, right);
  const low = edges[0] ?? 0;
  const high = edges[edges.length - 1] ?? 1;
  const ticks = niceTicks(low, high, Math.max(2, Math.floor((right - left) / 90)));
  return ticks.map((v) =>
    node(
      'text',
      { x: round(at(v)), y: bottom + 16, 'text-anchor': 'middle', class: 'tick' },
      formatSmall(v),
    ),
  );
}

function valueAxis(
  h: LinearHistogram | LogHistogram,
  left: number,
  right: number,
  bottom: number,
): SvgNode[] {
  const axis = node('path', { d: `M${left},${bottom}H${right}`, class: 'axis' });
  if (h.scale === 'linear') return [axis, ...valueTicks(h.edges, left, right, bottom)];
  const n = h.positive.length;
  if (n === 0) return [axis];
  const middle = (left + right) / 2;
  const half = (right - left) / 2 - 4;
  const every = Math.max(1, Math.ceil((n * 60) / half));
  const ticks: SvgNode[] = [axis];
  for (let i = 0; i <= n; i += every)
    for (const side of i === 0 && every < n ? [1] : [-1, 1]) {
      const x = middle + side * (4 + (half * i) / n);
      const text = `${side < 0 ? '-' : ''}${formatSmall(h.edges[i])}`;
      ticks.push(
        node('text', { x: round(x), y: bottom + 16, 'text-anchor': 'middle', class: 'tick' }, text),
      );
    }
  return ticks;
}

function zeroLine(
  h: LinearHistogram | LogHistogram,
  label: string,
  left: number,
  right: number,
  bottom: number,
): SvgNode[] {
  const low = h.edges[0] ?? 0;
  const high = h.edges[h.edges.length - 1] ?? 0;
  const inside = h.scale === 'linear' && low <= 0 && high >= 0;
  const x =
    h.scale === 'log' ? (left + right) / 2 : inside ? valueScale(h.edges, left, right)(0) : left;
  const need = textWidth(label) / 2;
  const middle = Math.min(right - need, Math.max(left + need, x));
  return [
    node('path', { d: `M${round(x)},${bottom}V${margin.top - 4}`, class: 'zeros' }),
    node('text', { x: round(middle), y: 11, 'text-anchor': 'middle', class: 'zeros-label' }, label),
  ];
}
