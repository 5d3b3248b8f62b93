/** Which layer hurts: bars by how far each moves the outputs alone, and a row each with what can be done. */
import type { ImpactResult, LayerImpact } from '../../src/engine/protocol-search.ts';
import { barChart } from '../charts/bar-chart.ts';
import { actionTable } from '../ui/action-table.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure, type Drawing } from '../ui/figure.ts';
import { formatAccuracy, formatBytes, formatShare } from '../ui/format.ts';
import { nameLine } from '../ui/legible.ts';
import type { Output } from '../ui/output.ts';
import type { SharedStrings } from '../ui/strings.ts';
import type { MeasuredWords } from './measured-words.ts';

/** Bars that are drawn, and rows that are shown. */
const mostBars = 16;
const mostRows = 100;

export type Protect = (layer: Pick<LayerImpact, 'name' | 'path'>) => void;

/** By how far they move the outputs alone, which tells layers apart that lose no answer. */
function byMovement({ layers }: ImpactResult): LayerImpact[] {
  return [...layers].sort((a, b) => b.alone.relativeError - a.alone.relativeError);
}

const shown = ({ name, path }: LayerImpact): string => nameLine(name, path);

/** undefined where no layer was measured. */
export function impactDrawing(impact: ImpactResult, t: MeasuredWords): Drawing | undefined {
  const layers = byMovement(impact);
  const [worst] = layers;
  if (!worst) return undefined;
  const { all, samples } = impact;
  const summary = fill(
    t.impactSummary,
    shown(worst),
    formatShare(worst.alone.relativeError),
    layers.length,
    formatAccuracy(all.loss),
    samples,
    formatBytes(all.bytes),
  );
  const bars = layers.slice(0, mostBars).map((layer) => ({
    ...{ label: shown(layer), value: layer.alone.relativeError, fill: 'measured' as const },
    text: formatShare(layer.alone.relativeError),
  }));
  return {
    summary,
    draw: (width) =>
      barChart([{ label: '', bars }], {
        ...{ width, log: false, axis: t.impactAxis, summary },
        format: formatShare,
      }),
    table: () => ({
      columns: [
        t.impactLayer,
        { name: t.impactMoved, as: 'share' },
        { name: t.impactLost, as: 'accuracy' },
        { name: t.impactRegained, as: 'accuracy' },
        ...[t.impactBytes, t.impactBits],
      ],
      rows: layers.map((layer) => [
        ...[layer.name, layer.alone.relativeError, layer.alone.loss, layer.regained],
        ...[layer.bytes, layer.bits],
      ]),
    }),
  };
}

/** @param protect leaves a layer as it is and compresses again; without it nothing can be done */
export function impactSection(
  impact: ImpactResult,
  t: MeasuredWords & SharedStrings,
  out: Output,
  protect?: Protect,
): HTMLElement | null {
  const drawing = impactDrawing(impact, t);
  if (!drawing) return null;
  const figure = new Figure(
    { id: 'impact', heading: t.impactHeading, caption: t.impactCaption },
    t,
    out,
  );
  figure.update(drawing);
  const layers = byMovement(impact);
  const rows = layers.slice(0, mostRows);
  return el(
    'div',
    {},
    figure.element,
    layers.length > rows.length
      ? el('p', { class: 'muted' }, fill(t.mostLayers, rows.length, layers.length))
      : null,
    protect ? protectTable(rows, t, protect) : null,
  );
}

function protectTable(
  layers: readonly LayerImpact[],
  t: MeasuredWords,
  protect: Protect,
): HTMLElement {
  return actionTable(
    t.impactRows,
    [t.impactLayer, t.impactMoved, t.impactLost, t.impactRegained, t.impactBytes],
    t.protect,
    layers.map((layer) => ({
      ...{ name: shown(layer), title: layer.path, label: fill(t.protectLayer, shown(layer)) },
      cells: [
        formatShare(layer.alone.relativeError),
        formatAccuracy(layer.alone.loss),
        formatAccuracy(layer.regained),
        `+${formatBytes(layer.bytes)}`,
      ],
      run: () => protect(layer),
    })),
  );
}
