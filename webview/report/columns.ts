/**
 * The columns of the layer table: where each figure comes from, how it is written, and how it
 * sorts. Those of the paper's Tables 2 to 5 come first; `more` ones are shown on request.
 */
import {
  formatBits,
  formatBytes,
  formatCount,
  formatExact,
  formatRatio,
  formatShare,
  formatSmall,
} from '../ui/format.ts';
import type { Table } from '../ui/table.ts';
import type { Row } from './model.ts';
import type { ReportStrings } from './strings.ts';

export interface Column {
  readonly id: string;
  /** Heading that spans neighbouring columns of the same group; '' stands alone. */
  readonly group: string;
  readonly label: string;
  readonly hint: string;
  /** What sorting compares; null sorts last in both directions. */
  readonly value: (row: Row) => number | string | null;
  readonly text: (row: Row) => string;
  /** Exact figure for the tooltip, where `text` is rounded. */
  readonly exact?: (row: Row) => string;
  /** A second line below, '' for none. */
  readonly below?: (row: Row) => string;
  readonly more: boolean;
}

const none = '–';
const orNone = (value: number | null, format: (v: number) => string): string =>
  value === null ? none : format(value);
/** Whole bit widths without a decimal, means with one. */
const bitWidth = (bits: number): string =>
  Number.isInteger(bits) ? String(bits) : formatBits(bits);

export function columnsOf(t: ReportStrings): readonly Column[] {
  const number = (
    id: string,
    group: string,
    label: string,
    hint: string,
    value: (row: Row) => number | null,
    format: (value: number) => string,
    options: { more?: boolean; exact?: (value: number) => string } = {},
  ): Column => {
    const { exact } = options;
    return {
      id,
      group,
      label,
      hint,
      value,
      text: (row) => orNone(value(row), format),
      ...(exact && { exact: (row: Row) => orNone(value(row), exact) }),
      more: options.more ?? false,
    };
  };
  /** In the totals row with the ratio, as the paper prints it: 2.88 % (35×). */
  const share = (
    id: string,
    group: string,
    label: string,
    hint: string,
    value: (row: Row) => number,
  ): Column => ({
    ...number(id, group, label, hint, value, formatShare),
    below: (row) => {
      const ratio = 1 / value(row);
      return row.order < 0 && Number.isFinite(ratio) ? formatRatio(ratio) : '';
    },
  });
  const more = true;
  const PQ = 'P+Q';
  const PQH = 'P+Q+H';
  return [
    {
      id: 'name',
      group: '',
      label: t.layer,
      hint: '',
      value: (row) => row.name,
      text: (row) => row.name,
      more: false,
    },
    number('weights', '', t.weights, t.weightsHint, (r) => r.weights, formatCount, {
      exact: formatExact,
    }),
    share('left', '', t.left, t.leftHint, (r) => r.left),
    number('wb', t.weightBits, PQ, t.weightBitsPQHint, (r) => r.weightBits, bitWidth),
    number('wbh', t.weightBits, PQH, t.weightBitsPQHHint, (r) => r.weightBitsHuffman, formatBits),
    number('ib', t.indexBits, PQ, t.indexBitsPQHint, (r) => r.indexBits, bitWidth),
    number('ibh', t.indexBits, PQH, t.indexBitsPQHHint, (r) => r.indexBitsHuffman, formatBits),
    share('rate', t.rate, PQ, t.ratePQHint, (r) => r.rate),
    share('rateh', t.rate, PQH, t.ratePQHHint, (r) => r.rateHuffman),
    number('stored', '', t.stored, t.storedHint, (r) => r.stored, formatBytes, {
      exact: (bytes) => `${formatExact(bytes)} B`,
    }),
    {
      id: 'coder',
      group: '',
      label: t.coding,
      hint: t.codingHint,
      value: (row) => row.coder,
      text: (row) => (row.coder === null ? '' : t[row.coder]),
      more,
    },
    number('ew', t.entropy, t.entropyValue, t.entropyHint, (r) => r.entropyWeight, twoDigits, {
      more,
    }),
    number('ei', t.entropy, t.entropyIndex, t.entropyHint, (r) => r.entropyIndex, twoDigits, {
      more,
    }),
    number('codebook', '', t.codebook, t.codebookHint, (r) => r.codebook, String, { more }),
    number('levels', '', t.levels, t.levelsHint, (r) => r.levels, formatExact, { more }),
    number('fillers', '', t.fillers, t.fillersHint, (r) => r.fillers, formatCount, {
      more,
      exact: formatExact,
    }),
    number('rmse', '', t.rmse, t.rmseHint, (r) => r.rmse, formatSmall, { more }),
  ];
}

/** A stable order; null last whatever the direction; ties keep the model's order. */
export function sortRows(
  rows: readonly Row[],
  column: Column | undefined,
  direction: 1 | -1,
): readonly Row[] {
  if (!column) return rows;
  return [...rows].sort((a, b) => {
    const x = column.value(a);
    const y = column.value(b);
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order =
      typeof x === 'string' || typeof y === 'string'
        ? String(x).localeCompare(String(y), undefined, { numeric: true })
        : x - y;
    return order * direction || a.order - b.order;
  });
}

/** The table as tab-separated text for a spreadsheet: exact values, one header line. */
/** The rows as they are shown, with every column and the figures themselves. */
export function dataOf(rows: readonly Row[], columns: readonly Column[]): Table {
  return {
    columns: columns.map((c) => (c.group ? `${c.group} ${c.label}` : c.label)),
    rows: rows.map((row) => columns.map((c) => c.value(row))),
  };
}

function twoDigits(value: number): string {
  return value.toFixed(2);
}
