/** One model to one .dcz, retrained or not, as the command, the language-model tool and tasks do it alike. */
import { host } from '#host';
import * as vscode from 'vscode';
import type { GoalRecipe } from '../compress/recipe.ts';
import type { RunOptions } from '../engine/client.ts';
import type { TrainingEvent } from '../engine/protocol-accuracy.ts';
import type { CompressInput, CompressResult } from '../engine/protocol-model.ts';
import type { RetrainInput, RetrainResult } from '../engine/protocol-train.ts';
import { inputFrom, knownSamples, type Samples } from './dataset.ts';
import { UserError } from './errors.ts';
import { inputOf, pathOf, uriOfPath } from './files.ts';
import { compressedPath } from './output-path.ts';
import type { LoadedPreset } from './presets.ts';
import type { Services } from './services.ts';
import { settingsFor } from './settings.ts';

/** The command line's own default, so that both give the same bytes. */
const seed = 1;

export interface Compression {
  readonly model: vscode.Uri;
  readonly out: string;
  readonly overwrite: boolean;
  readonly recipe: string | object;
  /** What a recipe that trains is trained on, and what a goal is kept by. */
  readonly samples?: Samples;
  readonly trains: boolean;
  /** In the place of the recipe's own. */
  readonly goal?: GoalRecipe;
  /** Begin anew where an interrupted training could go on. */
  readonly fresh?: boolean;
}

/** With what retraining did to accuracy, where the recipe trains. */
export interface Compressed extends CompressResult {
  readonly retraining?: RetrainResult;
}

/** Where the settings say that a model's .dcz goes. */
export function outputFor(model: vscode.Uri, preset: string): string {
  const { outputFolder, outputName } = settingsFor(model);
  const folder = vscode.workspace.getWorkspaceFolder(model)?.uri;
  return compressedPath(pathOf(model), outputFolder, outputName, preset, folder && pathOf(folder));
}

/**
 * The samples of a preset that needs some, for those that cannot ask for them.
 * @throws UserError when none are known
 */
export function samplesFor(
  services: Services,
  model: vscode.Uri,
  preset: string,
  { trains, calibrates }: LoadedPreset,
): { readonly samples?: Samples } {
  if (!trains && !calibrates) return {};
  const samples = knownSamples(services, model);
  if (samples) return { samples };
  throw new UserError(
    vscode.l10n.t(
      "Preset '{0}' needs samples: name them in the setting deepCompression.dataset, or take a preset that does without, such as safe",
      preset,
    ),
  );
}

/** Makes the output's folder, runs the job and logs what came of it. */
export async function compressOne(
  services: Services,
  compression: Compression,
  options: RunOptions<TrainingEvent>,
): Promise<Compressed> {
  const { model, out, overwrite, recipe, samples, trains, goal } = compression;
  await vscode.workspace.fs.createDirectory(uriOfPath(host.paths.dirname(out)));
  const { threads } = settingsFor(model);
  const file = await inputOf(model);
  const input = { file, out, overwrite, recipe, seed, threads };
  const result =
    samples && trains
      ? await retrain(
          services,
          { ...input, ...inputFrom(samples), fresh: compression.fresh ?? false },
          options,
        )
      : samples
        ? await calibrate(services, { ...input, ...(goal && { goal }) }, samples, options)
        : await services.engine.run('compress', input, options);
  const { input: from, output, ratio, seconds, notes } = result;
  services.log.info(
    `${from.path} -> ${output.path}: ${from.bytes} -> ${output.bytes} bytes, ratio ${ratio.toFixed(3)}, ${seconds.toFixed(2)} s`,
  );
  for (const note of notes) services.log.info(`  ${note}`);
  return result;
}

/** Where training runs, too: it runs the model as often. */
function calibrate(
  { trainer }: Services,
  input: CompressInput,
  samples: Samples,
  { signal, onProgress }: RunOptions<TrainingEvent>,
): Promise<Compressed> {
  const { data, normalisation } = inputFrom(samples);
  return trainer.run(
    'compress',
    { ...input, data, ...(normalisation && { normalisation }) },
    { signal, onProgress },
  );
}

async function retrain(
  { trainer }: Services,
  input: RetrainInput,
  options: RunOptions<TrainingEvent>,
): Promise<Compressed> {
  const retraining = await trainer.run('retrain', input, options);
  if (!retraining.compressed) throw new Error(`${input.out} is not a .dcz`);
  return { ...retraining.compressed, notes: retraining.notes, retraining };
}
