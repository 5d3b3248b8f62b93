/** The front of a search: what a file of each size is expected to lose, and the sizes to compress to. */
import type { FrontPoint } from '../../src/engine/protocol-search.ts';
import { lineChart } from '../charts/line-chart.ts';
import { actionTable } from '../ui/action-table.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure, type Drawing } from '../ui/figure.ts';
import { formatAccuracy, formatBytes, formatRatio, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { SharedStrings } from '../ui/strings.ts';
import type { Front } from './measured.ts';
import type { MeasuredWords } from './measured-words.ts';

const bySize = ({ points }: Front): FrontPoint[] => [...points].sort((a, b) => a.bytes - b.bytes);

/** undefined where no size was tried. */
export function frontDrawing(front: Front, t: MeasuredWords): Drawing | undefined {
  const points = bySize(front);
  const [least, most] = [points[0], points.at(-1)];
  if (!least || !most) return undefined;
  const summary = [
    fill(
      t.frontSummary,
      ...[formatBytes(least.bytes), formatAccuracy(least.loss)],
      ...[formatBytes(most.bytes), formatAccuracy(most.loss)],
      ...[points.length, front.on],
    ),
    ...(front.complete ? [] : [t.frontUnfinished]),
  ].join(' ');
  return {
    summary,
    draw: (width) =>
      lineChart([{ label: '', values: points.map(({ loss }) => loss) }], {
        ...{ width, height: 280, axis: t.frontAxis, value: t.frontLoss, summary },
        steps: points.map(({ bytes }) => formatBytes(bytes)),
        at: points.map(({ bytes }) => bytes),
        format: formatShare,
      }),
    table: () => ({
      columns: [
        t.frontBytes,
        t.frontRatio,
        { name: t.frontLoss, as: 'accuracy' },
        { name: t.frontError, as: 'accuracy' },
        { name: t.frontMoved, as: 'accuracy' },
      ],
      rows: points.map((p) => [p.bytes, p.ratio, p.loss, p.error, p.relativeError]),
    }),
  };
}

/** @param compress to the size of a point; without it nothing can be done */
export function frontSection(
  front: Front,
  t: MeasuredWords & SharedStrings,
  out: Output,
  compress?: (bytes: number) => void,
): HTMLElement | null {
  const drawing = frontDrawing(front, t);
  if (!drawing) return null;
  const figure = new Figure(
    { id: 'front', heading: t.frontHeading, caption: t.frontCaption },
    t,
    out,
  );
  figure.update(drawing);
  return el('div', {}, figure.element, compress ? pointTable(bySize(front), t, compress) : null);
}

function pointTable(
  points: readonly FrontPoint[],
  t: MeasuredWords,
  compress: (bytes: number) => void,
): HTMLElement {
  return actionTable(
    t.frontRows,
    [t.frontBytes, t.frontRatio, t.frontLoss, t.frontError, t.frontMoved],
    t.compressTo,
    points.map(({ bytes, ratio, loss, error, relativeError, verdict }) => ({
      ...{ name: formatBytes(bytes), label: fill(t.compressToSize, formatBytes(bytes)) },
      cells: [
        formatRatio(ratio),
        `${verdict === 'kept' ? '' : '⚠ '}${formatAccuracy(loss)}`,
        `± ${formatAccuracy(error)}`,
        formatShare(relativeError),
      ],
      run: () => compress(bytes),
    })),
  );
}
