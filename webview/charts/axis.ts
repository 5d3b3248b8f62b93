/**
 * Axes of charts: round tick values, linear or logarithmic scales, and how long a text is. Pure
 * arithmetic and `SvgNode`s; a tick is labelled with what the caller's format makes of its value.
 */
import { node, round, type SvgNode } from './svg.ts';

export interface Scale {
  /** Pixel of a value. Values outside the domain lie outside the range, except below a log domain. */
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  readonly log: boolean;
}

/** Pixels a 12-pixel text takes, generously. */
export function textWidth(text: string, character = 6.6): number {
  return text.length * character;
}

/** The same, where the text is bold. */
export function boldWidth(text: string): number {
  return textWidth(text, 7.3);
}

/** From 0 to a round number at or above `most`, in at most `wanted` + 1 steps of 1, 2 or 5 x 10^n. */
export function linearScale(most: number, from: number, to: number, wanted = 5): Scale {
  const top = most > 0 && Number.isFinite(most) ? most : 1;
  const raw = top / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= raw * 0.999) ?? 10);
  const last = Math.ceil(top / step - 1e-9);
  return {
    at: (value) => from + ((to - from) * value) / (last * step),
    ticks: Array.from({ length: last + 1 }, (_, i) => Number((i * step).toPrecision(12))),
    log: false,
  };
}

/**
 * Round numbers around the values, not from 0: for what differs little.
 * @param bound largest value there can be
 */
export function rangeScale(
  least: number,
  most: number,
  from: number,
  to: number,
  bound = Infinity,
  wanted = 4,
): Scale {
  const spread = most > least ? most - least : Math.abs(most) * 0.01 || 0.01;
  const raw = spread / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= raw * 0.999) ?? 10);
  const low = Math.floor(least / step + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.min(most, bound) / step - 1e-9));
  return {
    at: (value) => from + ((to - from) * (value / step - low)) / (high - low),
    ticks: Array.from({ length: high - low + 1 }, (_, i) =>
      Number(((low + i) * step).toPrecision(12)),
    ).filter((tick) => tick <= bound + 1e-9),
    log: false,
  };
}

/**
 * Whole decades around the values, where they are few with 2 and 5 between; anything at or below 0 is
 * drawn at the low end.
 */
export function logScale(least: number, most: number, from: number, to: number): Scale {
  const low = Math.floor(Math.log10(least > 0 && Number.isFinite(least) ? least : 1) + 1e-9);
  const top = Math.ceil(Math.log10(most > 0 && Number.isFinite(most) ? most : 10) - 1e-9);
  const high = Math.max(low + 1, top);
  const skip = Math.max(1, Math.ceil((high - low) / 7));
  const ticks: number[] = [];
  for (let d = low; d <= high; d += skip) {
    ticks.push(Number(`1e${d}`));
    if (high - low <= 2 && d < high) ticks.push(Number(`2e${d}`), Number(`5e${d}`));
  }
  return {
    at: (value) => {
      const d = value > 0 ? Math.max(low, Math.log10(value)) : low;
      return from + ((to - from) * (d - low)) / (high - low);
    },
    ticks,
    log: true,
  };
}

/** Grid lines and labels of a vertical axis at the left of [x0, x1]. */
export function leftAxis(
  scale: Scale,
  x0: number,
  x1: number,
  format: (value: number) => string,
): SvgNode[] {
  return scale.ticks.flatMap((value) => {
    const y = round(scale.at(value));
    return [
      node('path', { d: `M${x0},${y} H${x1}`, class: 'grid' }),
      node(
        'text',
        { x: x0 - 6, y: round(y + 4), 'text-anchor': 'end', class: 'tick' },
        format(value),
      ),
    ];
  });
}

/** Grid lines from `top` down to `bottom` and labels below. */
export function bottomAxis(
  scale: Scale,
  top: number,
  bottom: number,
  format: (value: number) => string,
): SvgNode[] {
  let free = -Infinity;
  return scale.ticks.flatMap((value) => {
    const x = round(scale.at(value));
    const text = format(value);
    const need = textWidth(text) / 2;
    const fits = x - need > free;
    if (fits) free = x + need + 6;
    return [
      node('path', { d: `M${x},${top} V${bottom}`, class: 'grid' }),
      ...(fits
        ? [node('text', { x, y: bottom + 15, 'text-anchor': 'middle', class: 'tick' }, text)]
        : []),
    ];
  });
}

/** The picture around a chart's marks: what a screen reader says, and its size. */
export function picture(
  width: number,
  height: number,
  summary: string,
  children: readonly SvgNode[],
): SvgNode {
  return node(
    'svg',
    { role: 'img', 'aria-label': summary, width, height, viewBox: `0 0 ${width} ${height}` },
    ...children,
  );
}

/** 12,345 or 12.3k: ticks that stay short. */
export function shortNumber(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 1e9) return `${trim(value / 1e9)}G`;
  if (magnitude >= 1e6) return `${trim(value / 1e6)}M`;
  if (magnitude >= 1e4) return `${trim(value / 1e3)}k`;
  if (magnitude >= 1000)
    return `${Math.floor(value / 1000)},${String(value % 1000).padStart(3, '0')}`;
  if (magnitude > 0 && magnitude < 1e-3) return value.toExponential(0);
  return trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
