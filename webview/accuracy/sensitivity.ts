/**
 * A sensitivity scan as pictures: accuracy against the share of a single layer's weights that is pruned,
 * and against the bits of shared values, kind by kind or, where several beginnings of k-means were
 * compared, beginning by beginning. Without classes the loss takes the place of accuracy.
 */
import type { Accuracy, SensitivityResult } from '../../src/engine/protocol-accuracy.ts';
import { lineChart, looks, type Series } from '../charts/line-chart.ts';
import { fill } from '../ui/dom.ts';
import type { Drawing } from '../ui/figure.ts';
import { formatAccuracy, formatShare, formatSmall } from '../ui/format.ts';
import type { Column, Table } from '../ui/table.ts';
import { wordFor, type AccuracyWords } from './words.ts';

export interface BitsDrawing extends Drawing {
  /** Of the picture, for its file and its heading; '' when it is the only one. */
  readonly kind: string;
}

/** What is close enough to the model as it is. */
const point = 0.01;

interface Measure {
  readonly name: string;
  readonly of: (accuracy: Accuracy) => number;
  readonly text: (value: number) => string;
  /** Of a table that holds it. */
  readonly column: (name: string) => string | Column;
  /** Top of the axis. */
  readonly most?: number;
  /** Positive: worse than the model as it is. */
  readonly cost: (accuracy: Accuracy) => number;
}

function measureOf({ baseline }: SensitivityResult, t: AccuracyWords): Measure {
  if (baseline.top1 === null)
    return {
      name: t.squaredError,
      of: (a) => a.loss,
      text: formatSmall,
      column: (name) => name,
      cost: (a) => a.loss - baseline.loss,
    };
  const top1 = (a: Accuracy): number => a.top1 ?? NaN;
  return {
    name: t.accuracy,
    of: top1,
    text: formatAccuracy,
    column: (name) => ({ name, as: 'accuracy' }),
    most: 1,
    cost: (a) => top1(baseline) - top1(a),
  };
}

/** undefined when nothing was pruned in the scan. */
export function pruningDrawing(scan: SensitivityResult, t: AccuracyWords): Drawing | undefined {
  const measure = measureOf(scan, t);
  const sparsities = [...new Set(scan.layers.flatMap((l) => l.pruned.map((p) => p.sparsity)))].sort(
    (a, b) => a - b,
  );
  if (sparsities.length === 0) return undefined;
  const costs = scan.layers
    .map((layer) => ({
      layer,
      cost: layer.pruned.reduce((sum, p) => sum + measure.cost(p), 0),
    }))
    .sort((a, b) => b.cost - a.cost);
  const [worst] = costs;
  const last = worst?.layer.pruned.at(-1);
  const shown = costs.slice(0, looks);
  const summary = [
    ...(worst && last
      ? [
          fill(
            t.pruningSummary,
            formatShare(last.sparsity),
            worst.layer.name,
            measure.name,
            measure.text(measure.of(last)),
          ),
        ]
      : []),
    ...(shown.length < costs.length ? [fill(t.pruningMost, shown.length, costs.length)] : []),
  ].join(' ');
  const series = shown.map(({ layer }): Series => ({
    label: layer.name,
    values: [
      measure.of(scan.baseline),
      ...sparsities.map((s) => {
        const found = layer.pruned.find((p) => p.sparsity === s);
        return found ? measure.of(found) : NaN;
      }),
    ],
  }));
  return {
    summary,
    draw: (width) =>
      lineChart(series, {
        width,
        height: 280,
        steps: [0, ...sparsities].map((s) => `${Number((s * 100).toFixed(1))} %`),
        at: [0, ...sparsities],
        axis: t.prunedAxis,
        value: measure.name,
        summary,
        format: tick(measure),
        ...(measure.most !== undefined && { most: measure.most }),
      }),
    table: () => ({
      columns: [
        t.layerOrKind,
        ...sparsities.map((s) => measure.column(`${formatShare(s)} ${t.pruned}`)),
      ],
      rows: scan.layers.map((l) => [
        l.name,
        ...sparsities.map((s) => {
          const found = l.pruned.find((p) => p.sparsity === s);
          return found ? measure.of(found) : null;
        }),
      ]),
    }),
  };
}

/** One picture, or one a kind where beginnings of k-means are compared; [] without a sweep. */
export function bitsDrawings(scan: SensitivityResult, t: AccuracyWords): readonly BitsDrawing[] {
  const measure = measureOf(scan, t);
  const all = scan.kinds.flatMap((k) => k.shared);
  const bits = [...new Set(all.map((p) => p.bits))].sort((a, b) => a - b);
  const inits = [...new Set(all.map((p) => p.init))];
  if (bits.length === 0) return [];
  const line = (kind: SensitivityResult['kinds'][number], init: string, label: string): Series => ({
    label,
    values: bits.map((b) => {
      const found = kind.shared.find((p) => p.bits === b && p.init === init);
      return found ? measure.of(found) : NaN;
    }),
  });
  const drawing = (kind: string, series: readonly Series[], summary: string): BitsDrawing => ({
    kind,
    summary,
    draw: (width) =>
      lineChart(series, {
        width,
        height: 280,
        steps: bits.map(String),
        at: bits,
        axis: t.bitsAxis,
        value: measure.name,
        summary,
        format: tick(measure),
        ...(measure.most !== undefined && { most: measure.most }),
      }),
    table: () => bitsTable(scan, bits, inits, measure, t),
  });
  const name = (kind: string): string => wordFor('kind', kind, t);
  if (inits.length > 1)
    return scan.kinds.map((k) =>
      drawing(
        k.kind,
        inits.map((init) => line(k, init, wordFor('init', init, t))),
        bitsSummary(scan, [k], measure, name, t),
      ),
    );
  return [
    drawing(
      '',
      scan.kinds.map((k) => line(k, inits[0]!, name(k.kind))),
      bitsSummary(scan, scan.kinds, measure, name, t),
    ),
  ];
}

/** The fewest bits that cost less than a point, for each kind. */
function bitsSummary(
  { baseline }: SensitivityResult,
  kinds: SensitivityResult['kinds'],
  measure: Measure,
  name: (kind: string) => string,
  t: AccuracyWords,
): string {
  if (measure.most === undefined) return '';
  const as = measure.text(measure.of(baseline));
  const sentences = kinds.flatMap(({ kind, shared }) => {
    const enough = shared.filter((p) => measure.cost(p) <= point).map((p) => p.bits);
    return enough.length > 0 ? [fill(t.bitsSummary, Math.min(...enough), name(kind), as)] : [];
  });
  return sentences.length > 0 ? sentences.join(' ') : fill(t.bitsNone, as);
}

function bitsTable(
  { layers, kinds }: SensitivityResult,
  bits: readonly number[],
  inits: readonly string[],
  measure: Measure,
  t: AccuracyWords,
): Table {
  const named = [
    ...layers.map((l) => ({ name: l.name, shared: l.shared })),
    ...kinds.map((k) => ({
      name: wordFor('kind', k.kind, t),
      shared: k.shared,
    })),
  ];
  return {
    columns: [
      t.layerOrKind,
      ...bits.flatMap((b) =>
        inits.map((i) =>
          measure.column(
            `${b} ${t.bitsOfValue}${inits.length > 1 ? `, ${wordFor('init', i, t)}` : ''}`,
          ),
        ),
      ),
    ],
    rows: named.map(({ name, shared }) => [
      name,
      ...bits.flatMap((b) =>
        inits.map((i) => {
          const found = shared.find((p) => p.bits === b && p.init === i);
          return found ? measure.of(found) : null;
        }),
      ),
    ]),
  };
}

/** Whole percents on the axis of shares. */
function tick(measure: Measure): (value: number) => string {
  return measure.most === 1 ? (v) => `${Math.round(v * 100)} %` : measure.text;
}
