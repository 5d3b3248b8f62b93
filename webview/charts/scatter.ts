/**
 * Points of a design space in two costs (less is better in both), the Pareto front among them joined
 * by a staircase: no point lies below and left of it. Area of a mark: a third cost.
 */
import { bottomAxis, leftAxis, logScale, picture, shortNumber, textWidth } from './axis.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  /** Third cost, positive. */
  readonly size: number;
  readonly front: boolean;
  /** The machine at hand. */
  readonly here: boolean;
  readonly title: string;
  /** Written beside the point where it fits. */
  readonly label: string;
}

export interface ScatterOptions {
  readonly width: number;
  readonly height: number;
  readonly x: string;
  readonly y: string;
  readonly summary: string;
}

export function scatter(points: readonly ScatterPoint[], options: ScatterOptions): SvgNode {
  const { width, height } = options;
  const good = points.filter(
    (p) => p.x > 0 && p.y > 0 && Number.isFinite(p.x) && Number.isFinite(p.y),
  );
  const range = (of: (p: ScatterPoint) => number): readonly [number, number] => [
    good.reduce((a, p) => Math.min(a, of(p)), Infinity),
    good.reduce((a, p) => Math.max(a, of(p)), 0),
  ];
  const [top, bottom] = [26, height - 42];
  const y = spread(...range((p) => p.y), bottom, top);
  const left = Math.max(30, ...y.ticks.map((t) => textWidth(shortNumber(t)) + 8));
  const x = spread(...range((p) => p.x), left + 10, width - 16);
  const [, largest] = range((p) => p.size);
  const radius = (p: ScatterPoint): number => 3 + 7 * Math.sqrt(p.size / (largest || 1));
  const front = good.filter((p) => p.front).sort((a, b) => a.x - b.x || a.y - b.y);
  let stairs = '';
  let lowest = Infinity;
  for (const p of front) {
    const [px, py] = [round(x.at(p.x)), round(y.at(p.y))];
    if (p.y >= lowest) continue; // on the front by its area only
    stairs += stairs ? ` H${px} V${py}` : `M${px},${py}`;
    lowest = p.y;
  }
  const placed: { x: number; y: number; w: number }[] = [];
  const labels = front.flatMap((p) => {
    const [px, py] = [x.at(p.x) + radius(p) * 0.8 + 3, y.at(p.y) - radius(p) * 0.8 - 4];
    const w = textWidth(p.label, 6.2);
    if (
      px + w > width ||
      placed.some((q) => Math.abs(q.y - py) < 14 && px < q.x + q.w + 6 && q.x < px + w + 6)
    )
      return [];
    placed.push({ x: px, y: py, w });
    return [node('text', { x: round(px), y: round(py), class: 'tick halo' }, p.label)];
  });
  const mark = (p: ScatterPoint): SvgNode =>
    node(
      'circle',
      {
        cx: round(x.at(p.x)),
        cy: round(y.at(p.y)),
        r: round(radius(p)),
        class: `point${p.front ? ' on-front' : ''}`,
      },
      node('title', {}, p.title),
    );
  const here = good.find((p) => p.here);
  return picture(width, height, options.summary, [
    node('text', { x: 0, y: 12, class: 'tick' }, options.y),
    ...leftAxis(y, left, width, shortNumber),
    ...bottomAxis(x, top, bottom, shortNumber),
    node(
      'text',
      { x: round((left + width) / 2), y: bottom + 34, 'text-anchor': 'middle', class: 'tick' },
      options.x,
    ),
    ...good.filter((p) => !p.front).map(mark),
    ...(stairs ? [node('path', { d: stairs, class: 'stairs' })] : []),
    ...front.map(mark),
    ...(here
      ? [
          node('circle', {
            cx: round(x.at(here.x)),
            cy: round(y.at(here.y)),
            r: round(radius(here) + 4),
            class: 'here-ring',
          }),
        ]
      : []),
    ...labels,
  ]);
}

/** Logarithmic where the values span more than a decade, else linear between round numbers. */
function spread(
  least: number,
  most: number,
  from: number,
  to: number,
): ReturnType<typeof logScale> {
  if (!(most > 0)) return logScale(1, 10, from, to);
  if (most / least > 8) return logScale(least, most, from, to);
  const step = 10 ** Math.floor(Math.log10(Math.max(most - least, most * 0.05) / 2));
  const size = [1, 2, 5, 10].map((m) => m * step).find((s) => (most - least) / s <= 5) ?? step * 10;
  const low = Math.max(0, Math.floor(least / size - 0.2) * size);
  const high = Math.ceil(most / size + 0.2) * size;
  const count = Math.round((high - low) / size);
  return {
    at: (v) => from + ((to - from) * (v - low)) / (high - low),
    ticks: Array.from({ length: count + 1 }, (_, i) => Number((low + i * size).toPrecision(12))),
    log: false,
  };
}
