/** What a task of tasks.json says, and the jobs it can run. */
import { host } from '#host';
import * as vscode from 'vscode';
import { formatBytes, formatExact, formatRatio, formatShare } from '../../../webview/ui/format.ts';
import type { SimulatedLayer } from '../../engine/protocol-eie.ts';
import { compressOne, outputFor, samplesFor } from '../compressing.ts';
import { UserError } from '../errors.ts';
import { layersOf } from '../eie/source.ts';
import { outputsText } from '../outputs-text.ts';
import { presetNamed } from '../presets.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import type { TaskRun } from './terminal.ts';

/** As the manifest's taskDefinitions have it; what a user wrote is checked when it runs. */
export interface JobDefinition extends vscode.TaskDefinition {
  readonly job?: unknown;
  readonly file?: unknown;
  readonly out?: unknown;
  readonly preset?: unknown;
  readonly force?: unknown;
  readonly pe?: unknown;
  readonly fifo?: unknown;
}

/**
 * Runs the job of a task.
 * @param folder what relative paths are relative to
 * @returns lines that tell what came of it
 */
export async function runJob(
  services: Services,
  definition: JobDefinition,
  folder: vscode.Uri | undefined,
  run: TaskRun,
): Promise<readonly string[]> {
  const absolute = (path: string): string => {
    if (host.paths.isAbsolute(path)) return path;
    if (folder?.scheme === 'file') return host.paths.join(folder.fsPath, path);
    throw new UserError(vscode.l10n.t("'{0}' is relative, and no folder on disk is open", path));
  };
  const text = (key: 'file' | 'out' | 'preset'): string | undefined => {
    const value = definition[key];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '') return value;
    throw new UserError(vscode.l10n.t("The task's '{0}' is not text", key));
  };
  const file = text('file');
  if (file === undefined) throw new UserError(vscode.l10n.t("The task has no 'file'"));
  const model = vscode.Uri.file(absolute(file));
  const out = text('out');
  const overwrite = definition.force === true;
  switch (definition.job) {
    case 'compress': {
      const preset = text('preset') ?? settingsFor(model).defaultPreset;
      const loaded = await (await presetNamed(services, model, preset)).load();
      const { recipe, trains } = loaded;
      const samples = samplesFor(services, model, preset, loaded);
      const to = out === undefined ? outputFor(model, preset) : absolute(out);
      const compression = { model, out: to, overwrite, recipe, trains, ...samples };
      const result = await compressOne(services, compression, run);
      return [
        `${result.input.path}: ${formatBytes(result.input.bytes)}`,
        `${result.output.path}: ${formatBytes(result.output.bytes)}`,
        vscode.l10n.t('{0} smaller, decodes exactly', formatRatio(result.ratio)),
        outputsText(result),
        ...result.notes,
      ];
    }
    case 'decompress': {
      if (out === undefined) throw new UserError(vscode.l10n.t("The task has no 'out'"));
      const { threads } = settingsFor(model);
      const input = { file: { path: model.fsPath }, out: absolute(out), overwrite, threads };
      const { output } = await services.engine.run('decompress', input, run);
      return [`${output.path}: ${formatBytes(output.bytes)}`];
    }
    case 'simulate': {
      const layers = await layersOf({ kind: 'model', uri: model });
      const { pe, fifo } = definition;
      const machine = {
        ...(typeof pe === 'number' && { pe }),
        ...(typeof fifo === 'number' && { fifo }),
      };
      const result = await services.engine.run('simulate', { ...layers, machine }, run);
      const { totals, skipped } = result;
      return [
        ...result.layers.map(layerLine),
        vscode.l10n.t('{0} layers: {1}', totals.layers, costLine(totals)),
        ...skipped.map(({ name, reason }) => `${name}: ${reason}`),
      ];
    }
    default:
      throw new UserError(vscode.l10n.t("The task's 'job' is compress, decompress or simulate"));
  }
}

function layerLine(layer: SimulatedLayer): string {
  return `${layer.name}: ${costLine(layer)}`;
}

function costLine(cost: {
  readonly cycles: number;
  readonly timeUs: number;
  readonly loadBalance: number;
  readonly energyUj: { readonly constantPower: number };
}): string {
  return vscode.l10n.t(
    '{0} cycles, {1} µs, load balance {2}, {3} µJ',
    formatExact(cost.cycles),
    cost.timeUs.toPrecision(3),
    formatShare(cost.loadBalance),
    cost.energyUj.constantPower.toPrecision(3),
  );
}
