/** `deepc export`: its arguments, and its result as text. */
import type { ExportInput, ExportResult } from '../engine/protocol-export.ts';
import { exportFormats, type ExportName } from '../export/formats.ts';
import { fidelityLine } from './fidelity-text.ts';
import { sizeText } from '../model/size-text.ts';
import { count, name, shape, table } from './format.ts';
import { UsageError } from './usage.ts';

export const runnableOptions = {
  to: { type: 'string' },
  fold: { type: 'boolean' },
  percentile: { type: 'string' },
} as const;
export const runnableTakes: readonly string[] = [
  ...['out', 'to', 'fold', 'percentile', 'force', 'seed', 'threads'],
  ...['data', 'labels', 'samples', 'scale', 'mean', 'deviation'],
];

export const runnableUsage = `
options of export
  --to FORM       ${Object.entries(exportFormats)
    .map(([key, { summary }]) => `${key.padEnd(12)} ${summary}`)
    .join('\n                  ')}
  --fold          fold constants and BatchNormalization first
  --percentile P  int8-qdq: ranges hold P percent of the values (default 100)`;

/** @throws UsageError */
export function runnableArguments(values: {
  readonly to?: string | undefined;
  readonly fold?: boolean | undefined;
  readonly percentile?: string | undefined;
}): Pick<ExportInput, 'to' | 'fold' | 'percentile'> {
  const percentile = values.percentile === undefined ? undefined : Number(values.percentile);
  if (percentile !== undefined && !(percentile > 50 && percentile <= 100))
    throw new UsageError(
      `--percentile needs a number above 50 and at most 100, not '${values.percentile}'`,
    );
  return {
    to: exportForm(values.to),
    ...(values.fold && { fold: true }),
    ...(percentile !== undefined && { percentile }),
  };
}

function exportForm(text: string | undefined): ExportName {
  if (text !== undefined && Object.hasOwn(exportFormats, text)) return text as ExportName;
  const forms = Object.keys(exportFormats).join(', ');
  throw new UsageError(`deepc export needs --to FORM, one of ${forms}`);
}

export function exportText(result: ExportResult): string {
  const { input, output, dataFile, layers, runtimes, inputs, fidelity, notes } = result;
  const columns = [
    { title: 'weight', align: 'left' as const },
    { title: 'shape', align: 'left' as const },
    { title: 'done', align: 'left' as const },
  ];
  const rows = layers.map((layer) => [
    name(layer.name),
    shape(layer.shape),
    layer.done !== '' ? layer.done : `left alone: ${layer.why}`,
  ]);
  const done = layers.filter((layer) => layer.done !== '').length;
  return [
    table(columns, rows),
    '',
    `${output.path}: ${sizeText(output.bytes)}, the original ${sizeText(input.bytes)}; ${count(done)} of ${count(layers.length)} weights changed`,
    ...(dataFile === undefined ? [] : [`weights: ${dataFile}`]),
    ...runtimes.map(
      (r) =>
        `${r.runtime}: outputs moved by ${(100 * r.relativeError).toFixed(3)}% of their size; ${r.exported.toFixed(2)} ms a run, the original ${r.original.toFixed(2)} ms (one thread, medians)`,
    ),
    ...(inputs.length === 0 ? ['  on the first of the samples that are compared'] : []),
    ...inputs.map((line) => `  on a made-up input, ${name(line, 200)}`),
    ...(fidelity ? [`on ${count(fidelity.samples)} samples: ${fidelityLine(fidelity)}`] : []),
    ...notes.map((note) => `note: ${name(note, 300)}`),
  ].join('\n');
}
