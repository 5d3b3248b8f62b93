/** "Use This Model…": code that loads the model in the program that is chosen, as a new document. */
import * as vscode from 'vscode';
import { runnableKinds } from '../endings.ts';
import { inputOf, nameOf } from '../files.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { askForTargets, namedTargets } from '../targets.ts';

export async function useModel(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<void> {
  const title = vscode.l10n.t('Use This Model');
  const kinds = ['dcz', ...runnableKinds] as const;
  const named = namedTargets(clicked, selected, kinds);
  const [model] = named.length > 0 ? named : await askForTargets(kinds, title);
  if (!model) return;
  const { snippets, notes } = await withProgress(
    vscode.l10n.t('Reading {0}', nameOf(model)),
    async (run) => services.engine.run('use', { file: await inputOf(model), seed: 1 }, run),
  );
  for (const note of notes) services.log.info(note);
  const items = snippets.map((snippet) => ({ label: snippet.program, ...snippet }));
  const placeHolder = vscode.l10n.t('Where will {0} run?', nameOf(model));
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder });
  if (!picked) return;
  const { language, code: content } = picked;
  await vscode.window.showTextDocument(
    await vscode.workspace.openTextDocument({ language, content }),
  );
}
