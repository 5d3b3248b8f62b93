/** "Show Compression Report": opens .dcz files in the report editor. */
import * as vscode from 'vscode';
import { openPage } from '../pages.ts';
import { reportViewType } from '../services.ts';
import { askForTargets, namedTargets } from '../targets.ts';

export async function showReport(clicked: unknown, selected: unknown): Promise<void> {
  const named = namedTargets(clicked, selected, ['dcz']);
  const files =
    named.length > 0
      ? named
      : await askForTargets(['dcz'], vscode.l10n.t('Show Compression Report'));
  for (const uri of files) await openPage(uri, reportViewType);
}
