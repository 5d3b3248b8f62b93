/**
 * Horizontal bars, grouped, on a linear axis from zero or a logarithmic one from a whole decade; each
 * bar says where its figure comes from (published, simulated, measured) by colour and pattern. And
 * one bar split into causes: where the PE-cycles went.
 */
import {
  bottomAxis,
  boldWidth,
  linearScale,
  logScale,
  picture,
  shortNumber,
  textWidth,
} from './axis.ts';
import type { Cause, Origin } from './cycle-patterns.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The figure as written at the bar's end. */
  readonly text: string;
  readonly fill: Origin | Cause;
  /** Stands out: the machine the page is about. */
  readonly strong?: boolean;
}

export interface BarGroup {
  /** '' for bars without a heading. */
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface BarOptions {
  readonly width: number;
  readonly log: boolean;
  readonly axis: string;
  readonly summary: string;
  readonly format?: (value: number) => string;
}

const barHeight = 17;
const pitch = 22;
const headHeight = 24;

export function barChart(groups: readonly BarGroup[], options: BarOptions): SvgNode {
  const { width } = options;
  const bars = groups.flatMap((g) => g.bars);
  const positive = bars.map((b) => b.value).filter((v) => v > 0 && Number.isFinite(v));
  const longest = Math.max(40, ...bars.map((b) => (b.strong ? boldWidth : textWidth)(b.label)));
  const left = Math.min(longest + 8, Math.floor(width * 0.42));
  const right = Math.max(30, ...bars.map((b) => (b.strong ? boldWidth : textWidth)(b.text) + 10));
  const end = Math.max(left + 40, width - right);
  const top = 4;
  const body = groups.reduce((h, g) => h + (g.label ? headHeight : 6) + g.bars.length * pitch, 0);
  const bottom = top + body + 4;
  const scale = options.log
    ? logScale(Math.min(...positive, Infinity), Math.max(...positive, 1), left, end)
    : linearScale(Math.max(...positive, 0), left, end, width < 500 ? 3 : 5);
  const format = options.format ?? shortNumber;
  const marks: SvgNode[] = [];
  let y = top;
  for (const group of groups) {
    if (group.label) {
      marks.push(node('text', { x: 0, y: y + 17, class: 'group-label' }, clip(group.label, width)));
      y += headHeight;
    } else y += 6;
    for (const bar of group.bars) {
      const there = Number.isFinite(bar.value) && bar.value > 0;
      const length = there ? Math.max(2, scale.at(bar.value) - left) : 0;
      const strong = bar.strong ? ' strong' : '';
      marks.push(
        node(
          'text',
          { x: left - 8, y: y + 13, 'text-anchor': 'end', class: `bar-label${strong}` },
          clip(bar.label, left - 8),
        ),
        node(
          'rect',
          {
            x: left,
            y,
            width: round(length),
            height: barHeight,
            rx: 2,
            fill: `url(#pattern-${bar.fill})`,
            class: 'edge',
          },
          node('title', {}, `${group.label ? `${group.label}, ` : ''}${bar.label}: ${bar.text}`),
        ),
        node(
          'text',
          { x: round(left + length + 6), y: y + 13, class: `bar-value${strong}` },
          bar.text,
        ),
      );
      y += pitch;
    }
  }
  return picture(width, bottom + 38, options.summary, [
    ...bottomAxis(scale, top, bottom, format),
    ...marks,
    node('path', { d: `M${left},${top} V${bottom}`, class: 'axis-line' }),
    node('text', { x: left, y: bottom + 32, class: 'tick' }, options.axis),
  ]);
}

/** The whole of `parts` as one bar; the share of a part stands below it where it fits. */
export function causeBar(
  parts: readonly {
    readonly cause: Cause;
    readonly share: number;
    readonly title: string;
    readonly text: string;
  }[],
  width: number,
  summary: string,
): SvgNode {
  const height = 28;
  const marks: SvgNode[] = [];
  let x = 0;
  let free = 0;
  for (const { cause, share, title, text } of parts) {
    if (share <= 0) continue;
    const w = Math.min(Math.max(1, share * width), width - x);
    marks.push(
      node(
        'rect',
        {
          x: round(x),
          y: 0,
          width: round(w),
          height,
          fill: `url(#pattern-${cause})`,
          class: 'segment',
        },
        node('title', {}, title),
      ),
    );
    const need = textWidth(text);
    const middle = Math.min(Math.max(x + w / 2, need / 2), width - need / 2);
    if (w >= need * 0.6 && middle - need / 2 >= free) {
      marks.push(
        node(
          'text',
          { x: round(middle), y: height + 15, 'text-anchor': 'middle', class: 'tick' },
          text,
        ),
      );
      free = middle + need / 2 + 6;
    }
    x += w;
  }
  return picture(width, height + 20, summary, marks);
}

/** What fits into `width` pixels, with … for the rest. */
export function clip(text: string, width: number): string {
  if (textWidth(text) <= width + 4) return text;
  const keep = Math.max(1, Math.floor(width / 6.6) - 2);
  return `${text.slice(0, keep)}…`;
}
