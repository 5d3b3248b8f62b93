/** The result of `deepc compare` as text: the tensors that differ, what changed most first. */
import type { CompareResult } from '../engine/protocol-compare.ts';
import { count, name, number, percent, shape, table, type Column } from './format.ts';
import { sizeText } from '../model/size-text.ts';
import { noteLines } from './tables.ts';

/** Names of tensors that only one model has are told up to so many. */
const shownNames = 8;

const columns: readonly Column[] = [
  { title: 'name', align: 'left' },
  { title: 'op', align: 'left' },
  { title: 'shape', align: 'left' },
  { title: 'weights', align: 'right' },
  { title: 'changed', align: 'right' },
  { title: 'to zero', align: 'right' },
  { title: 'from zero', align: 'right' },
  { title: 'sign flips', align: 'right' },
  { title: 'rmse', align: 'right' },
  { title: 'largest', align: 'right' },
  { title: 'relative', align: 'right' },
  { title: 'cosine', align: 'right' },
];

export function compareTable(result: CompareResult): string {
  const { original, changed, layers, totals, skipped, onlyInOriginal, onlyInChanged } = result;
  const rows = layers
    .filter((l) => l.changed > 0)
    .map((l) => [
      name(l.name),
      name(l.op || '-', 16),
      shape(l.shape),
      count(l.weights),
      share(l.changed, l.weights),
      share(l.becameZero, l.weights),
      share(l.becameNonzero, l.weights),
      share(l.signFlips, l.weights),
      number(l.rmse),
      number(l.largest),
      l.relative === null ? '-' : percent(l.relative),
      l.cosine === null ? '-' : l.cosine.toFixed(4),
    ]);
  const total = [
    'all tensors',
    '',
    '',
    count(totals.weights),
    share(totals.changed, totals.weights),
    share(totals.becameZero, totals.weights),
    share(totals.becameNonzero, totals.weights),
    share(totals.signFlips, totals.weights),
    number(totals.rmse),
    number(totals.largest),
    '',
    '',
  ];
  const file = ({ path, bytes, format }: CompareResult['original']): string =>
    `${path} (${sizeText(bytes)} ${format})`;
  return [
    ...(rows.length > 0 ? [table(columns, rows, [total]), ''] : []),
    `${file(changed)} against ${file(original)}`,
    totals.differing === 0
      ? `all ${count(totals.layers)} tensors that both have are equal`
      : `${count(totals.differing)} of ${count(totals.layers)} tensors differ, the others are equal`,
    ...(totals.nonFinite > 0
      ? [`note: ${count(totals.nonFinite)} weights are NaN or infinite in one of them only`]
      : []),
    ...noteLines(skipped.map((s) => `${name(s.name)}: ${s.reason}`)),
    ...only('the original', onlyInOriginal),
    ...only('the changed model', onlyInChanged),
  ].join('\n');
}

function share(part: number, whole: number): string {
  return whole === 0 ? '-' : percent(part / whole);
}

function only(where: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, shownNames).map((n) => name(n));
  const rest = names.length > shownNames ? [`… ${names.length - shownNames} more`] : [];
  return [`note: only in ${where}: ${[...shown, ...rest].join(', ')}`];
}
