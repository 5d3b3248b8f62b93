/**
 * Bits that a coder spends, a bar a row, stacked from kinds that differ in colour and in height, a key
 * above. Classes: `spend-0`, `spend-1`, `spend-2`.
 */
import { bottomAxis, linearScale, picture, textWidth } from './axis.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface SpendingRow {
  readonly label: string;
  /** Of each kind. */
  readonly bits: readonly number[];
  /** The figure at the bar's end. */
  readonly text: string;
  readonly title: string;
}

export interface SpendingOptions {
  readonly width: number;
  readonly summary: string;
  readonly kinds: readonly string[];
  readonly axis: string;
  readonly format: (value: number) => string;
}

const pitch = 24;
const heights = [16, 11, 6];

export function spendingChart(rows: readonly SpendingRow[], options: SpendingOptions): SvgNode {
  const { width, kinds, format } = options;
  const left = Math.max(...rows.map((r) => textWidth(r.label))) + 12;
  const right = width - Math.max(...rows.map((r) => textWidth(r.text))) - 14;
  const sums = rows.map((r) => r.bits.reduce((a, b) => a + b, 0));
  const top = 28;
  const bottom = top + rows.length * pitch + 2;
  const scale = linearScale(
    Math.max(...sums, 0),
    left,
    Math.max(left + 40, right),
    width < 500 ? 3 : 5,
  );
  const marks: SvgNode[] = [];
  rows.forEach((row, i) => {
    const y = top + i * pitch;
    const middle = y + pitch / 2;
    marks.push(
      node(
        'text',
        { x: left - 8, y: round(middle + 4), 'text-anchor': 'end', class: 'tick' },
        row.label,
      ),
    );
    let sum = 0;
    const parts = row.bits.flatMap((bits, kind) => {
      const [x0, x1] = [scale.at(sum), scale.at((sum += bits))];
      return bits > 0 ? [bar(kind, x0, middle, Math.max(1, x1 - x0))] : [];
    });
    marks.push(node('g', {}, node('title', {}, row.title), ...parts));
    marks.push(
      node('text', { x: round(scale.at(sum) + 6), y: round(middle + 4), class: 'tick' }, row.text),
    );
  });
  let x = left;
  const key = kinds.flatMap((name, kind) => {
    const at = x;
    x += 20 + textWidth(name) + 16;
    return [bar(kind, at, 10, 14), node('text', { x: at + 20, y: 14, class: 'tick' }, name)];
  });
  return picture(width, bottom + 38, options.summary, [
    ...key,
    ...bottomAxis(scale, top, bottom, format),
    ...marks,
    node('path', { d: `M${left},${top} V${bottom}`, class: 'axis' }),
    node('text', { x: left, y: bottom + 32, class: 'tick' }, options.axis),
  ]);
}

function bar(kind: number, x: number, middle: number, width: number): SvgNode {
  const height = heights[kind] ?? heights[0];
  return node('rect', {
    ...{ x: round(x), y: round(middle - height / 2), width: round(width), height },
    class: `spend-${kind}`,
  });
}
