/**
 * The steps of channels on a logarithmic axis: one dash a channel in the order of the matrix; where
 * channels are more than pixels, from the least to the largest step of those under a pixel. Classes:
 * `steps`, `step-chosen`.
 */
import { formatFigures } from '../ui/format.ts';
import { bottomAxis, leftAxis, logScale, picture, rangeScale, shortNumber } from './axis.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface ChannelStepsOptions {
  readonly width: number;
  readonly height: number;
  readonly summary: string;
  /** What the horizontal axis counts. */
  readonly axis: string;
  /** The channel that stands out, -1 for none. */
  readonly chosen: number;
}

/** @param steps positive, one a channel */
export function channelSteps(steps: Float64Array, options: ChannelStepsOptions): SvgNode {
  const { width, height, chosen } = options;
  const [left, right, top, bottom] = [60, width - 12, 12, height - 38];
  const n = steps.length;
  let least = Infinity;
  let most = 0;
  for (const s of steps) {
    least = Math.min(least, s);
    most = Math.max(most, s);
  }
  const y =
    most > 4 * least ? logScale(least, most, bottom, top) : rangeScale(least, most, bottom, top);
  const pitch = (right - left) / Math.max(1, n);
  const ticks = rangeScale(0, Math.max(1, n - 1), left, right, Math.max(1, n - 1));
  const x = { ...ticks, at: (c: number): number => left + (c + 0.5) * pitch };
  const whole = ticks.ticks.filter((t) => Number.isInteger(t) && t < n);
  let d = '';
  const columns = Math.min(n, Math.max(1, Math.floor(right - left)));
  for (let i = 0; i < columns; i++) {
    const from = Math.floor((i * n) / columns);
    const to = Math.floor(((i + 1) * n) / columns);
    let low = Infinity;
    let high = 0;
    for (let c = from; c < to; c++) {
      low = Math.min(low, steps[c]);
      high = Math.max(high, steps[c]);
    }
    const x0 = left + from * pitch;
    const wide = Math.max(1, (to - from) * pitch - (pitch > 4 ? 1 : 0));
    const y0 = y.at(high) - 1;
    d += `M${round(x0)},${round(y0)}h${round(wide)}V${round(Math.max(y0 + 2, y.at(low) + 1))}h${round(-wide)}Z`;
  }
  return picture(width, height, options.summary, [
    ...leftAxis(y, left, right, formatFigures),
    ...bottomAxis({ ...x, ticks: whole }, top, bottom, shortNumber),
    node(
      'text',
      { x: round((left + right) / 2), y: bottom + 32, 'text-anchor': 'middle', class: 'tick' },
      options.axis,
    ),
    node('path', { d, class: 'steps' }),
    ...(chosen >= 0 && chosen < n
      ? [
          node('circle', {
            cx: round(x.at(chosen)),
            cy: round(y.at(steps[chosen])),
            r: 5,
            class: 'step-chosen',
          }),
        ]
      : []),
  ]);
}
