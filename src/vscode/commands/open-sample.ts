/**
 * "Open Sample Model": copies the samples that come with the extension into a folder of the user's and
 * opens the model. What is there already is left as it is.
 */
import * as vscode from 'vscode';
import { achieved } from '../achieved.ts';
import { exists } from '../files.ts';
import { openInspectorOn } from '../model-editor/requests.ts';
import type { Services } from '../services.ts';

const folderName = 'deep-compression-samples';
const model = 'lenet-300-100.onnx';
/** Path in media/samples, and in the folder of the user's. */
const samples: readonly (readonly [from: string, to: string])[] = [
  [model, model],
  ['mnist-test-digits.npz', 'mnist-test-digits.npz'],
  ...['lenet-300-100', 'lenet-5'].flatMap((name) =>
    ['dcz', 'training.json'].map(
      (ending) => [`${name}.${ending}`, `retrained/${name}.${ending}`] as const,
    ),
  ),
];

/** @returns the model's place; undefined when no folder was chosen */
export async function openSample({ context }: Services): Promise<vscode.Uri | undefined> {
  const home = await homeOfSamples();
  if (!home) return undefined;
  const folder = vscode.Uri.joinPath(home, folderName);
  await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(folder, 'retrained'));
  for (const [from, to] of samples) {
    const target = vscode.Uri.joinPath(folder, to);
    if (await exists(target)) continue;
    const source = vscode.Uri.joinPath(context.extensionUri, 'media', 'samples', from);
    await vscode.workspace.fs.copy(source, target, { overwrite: false });
  }
  const uri = vscode.Uri.joinPath(folder, model);
  await openInspectorOn(uri);
  achieved('sampleOpened');
  return uri;
}

async function homeOfSamples(): Promise<vscode.Uri | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 1) return folders[0]!.uri;
  const placeHolder = vscode.l10n.t('Which folder shall hold the samples?');
  if (folders.length > 1)
    return (await vscode.window.showWorkspaceFolderPick({ placeHolder }))?.uri;
  const chosen = await vscode.window.showOpenDialog({
    title: placeHolder,
    openLabel: vscode.l10n.t('Put Samples Here'),
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: false,
  });
  return chosen?.[0];
}
