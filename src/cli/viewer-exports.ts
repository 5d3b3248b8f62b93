/**
 * `deepc inspect --netron FILE --model-explorer FILE`: the metrics of the layers as other viewers take
 * them (src/view/exports.ts), the same answers that the inspector saves.
 */
import { filesOf } from '../engine/input.ts';
import type { AllJobs } from '../engine/jobs/all.ts';
import type { OnProgress } from '../engine/jobs/progress.ts';
import type { FileInput } from '../engine/protocol-model.ts';
import type { Views } from '../engine/protocol-view.ts';
import { modelExplorerKind, netronKind } from '../engine/output-kinds.ts';
import { writeAtomically } from '../platform/atomic.ts';
import { refuseClash } from '../platform/output.ts';
import type { OutputKind } from '../platform/port.ts';
import { metrics, type Metric } from '../view/exports.ts';
import { UsageError } from './usage.ts';

export const exportOptions = {
  netron: { type: 'string' },
  'model-explorer': { type: 'string' },
  metric: { type: 'string' },
} as const;

export const exportTakes: readonly string[] = [...Object.keys(exportOptions), 'force'];

export const exportOptionsUsage = `
options of inspect
  --netron FILE   also write the layers' metrics as an attachment that Netron takes (drop it onto the
                  open model)
  --model-explorer FILE
                  also write one metric as custom node data that Model Explorer takes
  --metric NAME   which one: ${metrics.join(', ')} (default: sparsity)`;

export interface ExportArguments {
  /** '': none. */
  readonly netron: string;
  readonly modelExplorer: string;
  readonly metric: Metric;
}

/** @throws UsageError */
export function exportArguments(
  values: Readonly<{ [K in keyof typeof exportOptions]?: string | undefined }>,
): ExportArguments {
  const metric = metrics.find((m) => m === (values.metric ?? 'sparsity'));
  if (metric === undefined)
    throw new UsageError(`--metric is one of ${metrics.join(', ')}, not '${values.metric}'`);
  if (values.metric !== undefined && !values['model-explorer'])
    throw new UsageError('--metric is for --model-explorer FILE');
  for (const key of ['netron', 'model-explorer'] as const)
    if (values[key] === '') throw new UsageError(`--${key}: the file's name is empty`);
  return {
    netron: values.netron ?? '',
    modelExplorer: values['model-explorer'] ?? '',
    metric,
  };
}

/** Writes what was asked for; returns the paths. @throws DeepCompressionError */
export async function writeExports(
  file: FileInput,
  { netron, modelExplorer, metric }: ExportArguments,
  overwrite: boolean,
  jobs: AllJobs,
  signal: AbortSignal,
  show: OnProgress,
): Promise<string[]> {
  const wanted = [
    { out: netron, kind: netronKind, query: { format: 'netron' } },
    { out: modelExplorer, kind: modelExplorerKind, query: { format: 'model-explorer', metric } },
  ] as const satisfies readonly {
    out: string;
    kind: OutputKind;
    query: Views['export']['query'];
  }[];
  if (netron === '' && modelExplorer === '') return [];
  if (netron !== '' && modelExplorer !== '') refuseClash([netron, modelExplorer]);
  const inputs = filesOf(file);
  const { view } = await jobs.openView({ file }, signal, show);
  const written: string[] = [];
  try {
    for (const { out, kind, query } of wanted) {
      if (out === '') continue;
      await writeAtomically(out, { kind, overwrite, inputs }, async (sink) => {
        const data = await jobs.view({ view, name: 'export', query }, signal, show);
        sink.write(new TextEncoder().encode(`${JSON.stringify(data, null, 2)}\n`));
      });
      written.push(out);
    }
  } finally {
    await jobs.closeView({ view }, signal, show);
  }
  return written;
}
