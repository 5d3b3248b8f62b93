/** The table of all layers, with a tiny histogram in each row. */
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { sparkline } from '../charts/sparkline.ts';
import { toElement } from '../charts/svg.ts';
import { fill } from '../ui/dom.ts';
import { formatBytes, formatExact, formatShape, formatSmall } from '../ui/format.ts';
import { legible } from '../ui/legible.ts';
import type { MenuItem } from '../ui/menu.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import {
  arranged,
  formatMetric,
  metricOf,
  metricsFor,
  roleName,
  shownName,
  sortValue,
  type Arrangement,
  type SortId,
} from './model.ts';
import { RowsTable, type Column } from './rows-table.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

type LayerColumn = Column<LayerSummary, SortId | 'spark' | 'range'>;

export class LayerTable {
  readonly element: HTMLElement;
  private readonly table: RowsTable<LayerSummary, SortId | 'spark' | 'range'>;

  constructor(
    private readonly store: Store,
    private arrangement: Arrangement,
    rowHeight: number,
    private readonly t: InspectorStrings,
    on: {
      open: (layer: LayerSummary) => void;
      arrange: (arrangement: Arrangement) => void;
    },
    out: Output,
    /** What else the table can become. */
    more: readonly MenuItem[],
  ) {
    const { measures, failed, sparks } = store;
    const columns = columnsOf(store, t);
    this.table = new RowsTable(
      {
        ...{
          id: 'all',
          name: 'layers',
          more,
          heading: t.allLayers,
          region: t.tableRegion,
          columns,
          rowHeight,
        },
        classes: columns.some((c) => c.id === 'ratio') ? 'coded' : '',
        items: () => this.shown(),
        stateOf: ({ layer }) => `${measures.has(layer)} ${failed.has(layer)} ${sparks.has(layer)}`,
        dim: (l) => l.hidden !== '',
        data: (layers) => dataOf(layers, columns, store),
        on: {
          ...on,
          sort: (sorting) => {
            this.arrangement = { ...this.arrangement, ...(sorting as Pick<Arrangement, 'sort'>) };
            on.arrange(this.arrangement);
          },
          want: (layers) => store.want(layers.map((l) => l.layer)),
        },
      },
      arrangement,
      t,
      out,
    );
    this.element = this.table.element;
  }

  /** The filter of the list beside it narrows the table as well. */
  narrow(change: Pick<Arrangement, 'filter' | 'weightsOnly'>): void {
    this.arrangement = { ...this.arrangement, ...change };
    this.table.show();
  }

  /** More is known. */
  refresh(): void {
    const { sort } = this.arrangement;
    if (['sparsity', 'bits', 'compressibility', 'balance'].includes(sort)) this.table.show();
    else this.table.refresh();
  }

  private shown(): readonly LayerSummary[] {
    const { overview, measures } = this.store;
    return arranged(overview.layers, (l) => measures.get(l), this.arrangement, this.t);
  }
}

function columnsOf(store: Store, t: InspectorStrings): LayerColumn[] {
  const measureOf = (l: LayerSummary) => store.measures.get(l.layer);
  const metrics = metricsFor(store.overview);
  const hints = {
    sparsity: t.sparsityHint,
    bits: t.bitsHint,
    compressibility: t.compressibilityHint,
    ratio: t.ratioHint,
    error: t.errorHint,
    balance: t.balanceHint,
    impact: t.impactHint,
  };
  const awaited = (l: LayerSummary): boolean =>
    l.hidden === '' && !store.measures.has(l.layer) && !store.failed.has(l.layer);
  return [
    { id: 'name', label: t.layer, text: shownName, title: (l) => legible(l.name) },
    {
      ...{ id: 'op', label: t.operator },
      text: (l) => l.op || roleName(l, t),
      title: (l) => roleName(l, t),
    },
    {
      ...{ id: 'shape', label: t.shape },
      text: (l) => formatShape(l.shape),
      title: (l) => formatShape(l.shape),
    },
    { id: 'dtype', label: t.type, text: (l) => l.dtype },
    {
      ...{ id: 'bytes', label: t.bytes, number: true },
      text: (l) => formatBytes(l.bytes),
      title: (l) => `${formatExact(l.bytes)} B, ${formatExact(l.parameters)} × ${l.dtype}`,
    },
    ...(metrics.includes('ratio')
      ? [
          {
            ...{ id: 'stored' as const, label: t.stored, number: true },
            text: (l: LayerSummary) => (l.coded ? formatBytes(l.coded.bytes.total) : '–'),
          },
        ]
      : []),
    ...metrics.map((id): LayerColumn => ({
      ...{ id, label: t[id], hint: hints[id], number: true },
      text: (l) => {
        const value = metricOf(id, l, measureOf(l));
        return value === null && !['ratio', 'error', 'impact'].includes(id) && awaited(l)
          ? '…'
          : formatMetric(id, value);
      },
      ...(id === 'sparsity' && {
        title: (l: LayerSummary) => {
          const m = measureOf(l);
          return m ? `${formatExact(m.zeros)} / ${formatExact(m.weights)}` : '';
        },
      }),
    })),
    {
      ...{ id: 'spark', label: t.values, hint: t.valuesHint, fixed: true, text: () => '' },
      draw: ({ layer }, cell) => {
        const spark = store.sparks.get(layer);
        if (spark && !cell.firstChild)
          cell.append(toElement(sparkline(spark, { width: 92, height: 20 })));
      },
    },
    {
      ...{ id: 'range', label: t.range, fixed: true },
      text: (l) => {
        const m = measureOf(l);
        if (store.failed.has(l.layer)) return '!';
        return !m || m.min === null || m.max === null
          ? ''
          : `${formatSmall(m.min)} … ${formatSmall(m.max)}`;
      },
      title: (l) =>
        store.failed.has(l.layer) ? fill(t.couldNotRead, store.failed.get(l.layer) ?? '') : '',
    },
  ];
}

/** Exact figures for files. */
function dataOf(
  layers: readonly LayerSummary[],
  columns: readonly LayerColumn[],
  { measures }: Store,
): Table {
  const kept = columns.filter((c) => !c.fixed);
  return {
    columns: [...kept.map((c) => c.label), 'min', 'max', 'mean', 'std'],
    rows: layers.map((l) => {
      const m = measures.get(l.layer);
      return [
        ...kept.map((c) =>
          c.id === 'shape' ? formatShape(l.shape) : sortValue(c.id as SortId, l, m),
        ),
        ...[m?.min ?? null, m?.max ?? null, m?.mean ?? null, m?.std ?? null],
      ];
    }),
  };
}
