/**
 * Bars whose lengths are bytes: one bar split into parts ("where the bytes go"), a small one for a
 * table row, and two bars on one scale (original and compressed). Lengths are linear and start at
 * zero; a part too small to see is at least one pixel, and every figure stands in a table as well.
 */
import { formatShare } from '../ui/format.ts';
import { type Part } from './patterns.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface BarPart {
  readonly part: Part;
  readonly bytes: number;
  /** For the tooltip: name and figure. */
  readonly title: string;
}

export interface BarTheme {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Pixels a digit takes, to decide which labels fit. */
  readonly character: number;
}

/**
 * The whole bar is `theme.width` long; the share of each part stands below it where it fits.
 * @param summary what a screen reader says instead of the picture
 */
export function stackedBar(bar: readonly BarPart[], theme: BarTheme, summary: string): SvgNode {
  const total = sum(bar);
  const labelHeight = 18;
  const segments = layout(bar, total, theme.width);
  const labels: SvgNode[] = [];
  let free = 0;
  for (const { part, x, width } of segments) {
    const text = formatShare(part.bytes / total);
    const need = text.length * theme.character;
    const middle = Math.min(Math.max(x + width / 2, need / 2), theme.width - need / 2);
    if (width < need * 0.6 || middle - need / 2 < free) continue;
    labels.push(
      node('text', { x: round(middle), y: theme.height + 14, 'text-anchor': 'middle' }, text),
    );
    free = middle + need / 2 + theme.character;
  }
  return picture(theme.width, theme.height + labelHeight, summary, [
    ...segments.map(({ part, x, width }) => segment(part, x, width, theme.height)),
    ...labels,
  ]);
}

/** A row's bar: `bytes` of the longest row, `longest`, fill the width. Decoration: the row has the figures. */
export function rowBar(bar: readonly BarPart[], longest: number, theme: BarTheme): SvgNode {
  const total = sum(bar);
  const width = longest > 0 ? (theme.width * total) / longest : 0;
  return node(
    'svg',
    {
      class: 'row-bar',
      width: theme.width,
      height: theme.height,
      'aria-hidden': 'true',
      focusable: 'false',
    },
    ...layout(bar, total, width).map((s) => segment(s.part, s.x, s.width, theme.height)),
  );
}

/** Original above compressed on one scale, each with its label at the end of the bar or in it. */
export function sizeBars(
  bars: readonly { readonly label: string; readonly bytes: number; readonly kind: string }[],
  theme: BarTheme,
  summary: string,
): SvgNode {
  const longest = Math.max(...bars.map((b) => b.bytes), 1);
  const gap = 6;
  return picture(
    theme.width,
    bars.length * (theme.height + gap) - gap,
    summary,
    bars.flatMap(({ label, bytes, kind }, i) => {
      const y = i * (theme.height + gap);
      const width = Math.max(2, (theme.width * bytes) / longest);
      const need = (label.length + 1) * theme.character;
      const inside = width + need > theme.width;
      return [
        node('rect', {
          x: 0,
          y,
          width: round(width),
          height: theme.height,
          rx: 3,
          class: `size size-${kind}`,
        }),
        node(
          'text',
          {
            x: round(inside ? 10 : width + 8),
            y: round(y + theme.height / 2 + 4.5),
            class: inside ? `on-size-${kind}` : 'beside',
          },
          label,
        ),
      ];
    }),
  );
}

function picture(width: number, height: number, summary: string, children: SvgNode[]): SvgNode {
  return node(
    'svg',
    { role: 'img', 'aria-label': summary, width, height, viewBox: `0 0 ${width} ${height}` },
    ...children,
  );
}

function segment(part: BarPart, x: number, width: number, height: number): SvgNode {
  return node(
    'rect',
    {
      x: round(x),
      y: 0,
      width: round(width),
      height,
      fill: `url(#pattern-${part.part})`,
      class: 'segment',
    },
    node('title', {}, part.title),
  );
}

function layout(
  bar: readonly BarPart[],
  total: number,
  width: number,
): { part: BarPart; x: number; width: number }[] {
  let x = 0;
  return bar
    .filter((part) => part.bytes > 0)
    .map((part) => {
      const length = total > 0 ? Math.max(1, (part.bytes / total) * width) : 0;
      const placed = { part, x: Math.min(x, Math.max(0, width - length)), width: length };
      x += length;
      return placed;
    });
}

function sum(bar: readonly BarPart[]): number {
  return bar.reduce((total, part) => total + part.bytes, 0);
}
