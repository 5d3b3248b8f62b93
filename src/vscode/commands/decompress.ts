/**
 * "Decompress Model…": one file goes where a save dialog says (which asks before it replaces); of
 * several each goes beside its container under a name that is free.
 */
import * as vscode from 'vscode';
import { formatBytes } from '../../../webview/ui/format.ts';
import type { DecompressResult } from '../../engine/protocol-model.ts';
import { UserError } from '../errors.ts';
import { exists, inputOf, nameOf, reveal } from '../files.ts';
import { restoredPath } from '../output-path.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { askForTargets, namedTargets } from '../targets.ts';

export async function decompress(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<readonly DecompressResult[]> {
  const title = vscode.l10n.t('Decompress Model');
  const named = namedTargets(clicked, selected, 'dcz');
  const files = named.length > 0 ? named : await askForTargets(['dcz'], title);
  if (files.some((uri) => uri.scheme !== 'file'))
    throw new UserError(vscode.l10n.t('Only files on disk can be decompressed'));

  const plans: { file: vscode.Uri; out: string; overwrite: boolean }[] = [];
  const used = new Set<string>();
  for (const file of files) {
    const free = await restoredPath(
      file.fsPath,
      async (path) => used.has(path) || (await exists(vscode.Uri.file(path))),
    );
    if (files.length > 1) plans.push({ file, out: free, overwrite: false });
    else {
      const chosen = await vscode.window.showSaveDialog({
        title: `${title}: ${nameOf(file)}`,
        defaultUri: vscode.Uri.file(free),
        filters: { ONNX: ['onnx'] },
      });
      if (chosen) plans.push({ file, out: chosen.fsPath, overwrite: true });
    }
    used.add(free);
  }
  if (plans.length === 0) return [];

  const subject =
    plans.length === 1 ? nameOf(plans[0]!.file) : vscode.l10n.t('{0} files', plans.length);
  const results = await withProgress(
    vscode.l10n.t('Decompressing {0}', subject),
    async ({ signal, onProgress }) => {
      const done: DecompressResult[] = [];
      for (const [index, { file, out, overwrite }] of plans.entries()) {
        const label = plans.length > 1 ? `${index + 1}/${plans.length} ${nameOf(file)}` : '';
        const result = await services.engine.run(
          'decompress',
          { file: await inputOf(file), out, overwrite, threads: settingsFor(file).threads },
          { signal, onProgress: (p) => onProgress(p, index, plans.length, label) },
        );
        services.log.info(
          `${result.input.path} -> ${result.output.path}: ${result.output.bytes} bytes, ${result.seconds.toFixed(2)} s`,
        );
        done.push(result);
      }
      return done;
    },
  );
  void announce(services, results);
  return results;
}

async function announce(services: Services, results: readonly DecompressResult[]): Promise<void> {
  const revealIt = vscode.l10n.t('Reveal');
  const first = vscode.Uri.file(results[0]!.output.path);
  const bytes = results.reduce((sum, r) => sum + r.output.bytes, 0);
  const text =
    results.length === 1
      ? vscode.l10n.t('{0} restored, {1}.', nameOf(first), formatBytes(bytes))
      : vscode.l10n.t('{0} models restored, {1}.', results.length, formatBytes(bytes));
  if ((await vscode.window.showInformationMessage(text, revealIt)) === revealIt)
    await reveal(first).then(undefined, (error: unknown) => services.log.error(String(error)));
}
