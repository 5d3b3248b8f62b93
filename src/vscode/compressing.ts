/** One model to one .dcz, as the command, the language-model tool and tasks do it alike. */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { RunOptions } from '../engine/client.ts';
import type { CompressResult } from '../engine/protocol-model.ts';
import { inputOf } from './files.ts';
import { compressedPath } from './output-path.ts';
import type { Services } from './services.ts';
import { settingsFor } from './settings.ts';

/** The command line's own default, so that both give the same bytes. */
const seed = 1;

export interface Compression {
  readonly model: vscode.Uri;
  readonly out: string;
  readonly overwrite: boolean;
  readonly recipe: string | object;
}

/** Where the settings say that a model's .dcz goes. */
export function outputFor(model: vscode.Uri, preset: string): string {
  const { outputFolder, outputName } = settingsFor(model);
  const folder = vscode.workspace.getWorkspaceFolder(model)?.uri.fsPath;
  return compressedPath(model.fsPath, outputFolder, outputName, preset, folder);
}

/** Makes the output's folder, runs the job and logs what came of it. */
export async function compressOne(
  services: Services,
  { model, out, overwrite, recipe }: Compression,
  options: RunOptions,
): Promise<CompressResult> {
  await vscode.workspace.fs.createDirectory(vscode.Uri.file(dirname(out)));
  const { threads } = settingsFor(model);
  const file = await inputOf(model);
  const result = await services.engine.run(
    'compress',
    { file, out, overwrite, recipe, seed, threads },
    options,
  );
  const { input, output, ratio, seconds, notes } = result;
  services.log.info(
    `${input.path} -> ${output.path}: ${input.bytes} -> ${output.bytes} bytes, ratio ${ratio.toFixed(3)}, ${seconds.toFixed(2)} s`,
  );
  for (const note of notes) services.log.info(`  ${note}`);
  return result;
}
