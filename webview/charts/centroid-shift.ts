/**
 * How shared values moved: two axes of one scale, the values of before on the upper one and those of
 * after on the lower one, as large as their weights are many, each joined to what became of it where
 * that is known. Before is hollow, after is filled. Classes: `axis`, `shift`, `before`, `after`.
 */
import { niceTicks } from './histogram.ts';
import { picture } from './axis.ts';
import { node, round, type SvgNode } from './svg.ts';
import { formatSmall } from '../ui/format.ts';

export interface SharedValues {
  readonly values: Float64Array;
  /** Weights of each. */
  readonly counts: Float64Array;
}

export interface ShiftText {
  readonly summary: string;
  readonly before: string;
  readonly after: string;
  /** Tooltips of value `code` of one side. */
  readonly title: (side: 'before' | 'after', code: number) => string;
}

const margin = { left: 16, right: 16 };
const lane = { top: 30, gap: 96, bottom: 26 };
const radius = { least: 2.5, most: 9 };

/** @param joined code by code: both sides have the same codes */
export function centroidShift(
  before: SharedValues,
  after: SharedValues,
  joined: boolean,
  width: number,
  text: ShiftText,
): SvgNode {
  const all = [...used(before), ...used(after)];
  let [low, high] = [Math.min(...all), Math.max(...all)];
  if (!(low < high)) [low, high] = [(all[0] ?? 0) - 0.5, (all[0] ?? 0) + 0.5];
  const left = margin.left;
  const right = width - margin.right;
  // halves, so that the difference of the largest doubles is finite
  const span = high / 2 - low / 2;
  const at = (v: number): number => round(left + ((v / 2 - low / 2) / span) * (right - left));
  const upper = lane.top;
  const lower = lane.top + lane.gap;
  let most = 1;
  for (const { counts } of [before, after]) for (const c of counts) most = Math.max(most, c);
  const size = (count: number): number =>
    round(radius.least + (radius.most - radius.least) * Math.sqrt(count / most));
  const lines: SvgNode[] = [];
  if (joined)
    before.values.forEach((value, code) => {
      if (before.counts[code] === 0 && after.counts[code] === 0) return;
      if (!Number.isFinite(value) || !Number.isFinite(after.values[code])) return;
      const d = `M${at(value)},${upper}L${at(after.values[code])},${lower}`;
      lines.push(node('path', { d, class: 'shift' }));
    });
  const beads = (
    side: 'before' | 'after',
    { values, counts }: SharedValues,
    y: number,
  ): SvgNode[] =>
    Array.from(values, (value, code) => ({ value, code, count: counts[code] }))
      .filter(({ value, count }) => count > 0 && Number.isFinite(value))
      .sort((a, b) => b.count - a.count)
      .map(({ value, code, count }) =>
        node(
          'circle',
          { cx: at(value), cy: y, r: size(count), class: side, 'data-code': code },
          node('title', {}, text.title(side, code)),
        ),
      );
  const height = lower + lane.bottom;
  const ticks = niceTicks(low, high, Math.max(2, Math.floor((right - left) / 90)));
  return picture(width, height, text.summary, [
    node('path', { d: `M${left},${upper}H${right}M${left},${lower}H${right}`, class: 'axis' }),
    node('text', { x: left, y: 12, class: 'tick' }, text.before),
    node('text', { x: left, y: lower - 16, class: 'tick' }, text.after),
    ...ticks.map((v) =>
      node(
        'text',
        { x: at(v), y: lower + 22, 'text-anchor': 'middle', class: 'tick' },
        formatSmall(v),
      ),
    ),
    ...lines,
    ...beads('before', before, upper),
    ...beads('after', after, lower),
  ]);
}

/** Values that some weight has. */
function used({ values, counts }: SharedValues): number[] {
  return Array.from(values).filter((v, i) => counts[i] > 0 && Number.isFinite(v));
}
