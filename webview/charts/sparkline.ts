/**
 * A histogram as small as a word, for a row of a table: decoration, since the row has the figures.
 * Heights are square roots, so that tails are seen. Classes: `spark`, `spark-zero`.
 */
import type { LinearHistogram } from '../../src/engine/protocol-view.ts';
import { node, round, type SvgNode } from './svg.ts';

export function sparkline(
  h: Pick<LinearHistogram, 'counts' | 'edges'>,
  size: { readonly width: number; readonly height: number },
): SvgNode {
  const { counts, edges } = h;
  const { width, height } = size;
  let most = 0;
  for (const c of counts) most = Math.max(most, c);
  const pitch = counts.length > 0 ? width / counts.length : width;
  let d = '';
  counts.forEach((count, i) => {
    if (count <= 0) return;
    const high = Math.max(1, Math.sqrt(count / most) * height);
    d += `M${round(i * pitch)},${height}v${round(-high)}h${round(Math.max(0.5, pitch - 0.5))}v${round(high)}z`;
  });
  const low = edges[0] ?? 0;
  const top = edges[edges.length - 1] ?? 0;
  const zero = low < 0 && top > 0 ? round((width * (-low / 2)) / (top / 2 - low / 2)) : -1;
  return node(
    'svg',
    { class: 'sparkline', width, height, 'aria-hidden': 'true', focusable: 'false' },
    ...(zero >= 0 ? [node('path', { d: `M${zero},0V${height}`, class: 'spark-zero' })] : []),
    ...(d === '' ? [] : [node('path', { d, class: 'spark' })]),
  );
}
