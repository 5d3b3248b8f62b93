/** A quick pick over the models of the workspace, the likely partners of a model first. */
import * as vscode from 'vscode';
import { allKinds, endingsOf, searchedEndings } from '../endings.ts';
import { findFiles, nameOf } from '../files.ts';
import { folderOf } from '../targets.ts';
import { partnersOf } from './partners.ts';

interface Item extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
}

/** @param partner the model it is for, which is not offered; undefined: all are */
export async function chooseModel(
  title: string,
  partner?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const browse: Item = { label: `$(folder-opened) ${vscode.l10n.t('Browse…')}`, alwaysShow: true };
  const items = findFiles(searchedEndings(allKinds)).then((found): Item[] => {
    const byPath = new Map(found.map((uri) => [uri.path, uri]));
    const ranked = partnersOf(partner?.path ?? '', [...byPath.keys()]);
    const offered = ranked.map(({ path, likely }): Item => {
      const uri = byPath.get(path)!;
      return {
        label: nameOf(uri),
        description: folderOf(uri),
        ...(likely && { detail: vscode.l10n.t('Looks like it belongs to it') }),
        uri,
      };
    });
    return [...offered, browse];
  });
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t('Choose a file'),
    matchOnDescription: true,
  });
  if (!picked || picked.uri) return picked?.uri;
  const filters = { [vscode.l10n.t('Models')]: [...endingsOf(allKinds)] };
  const files = await vscode.window.showOpenDialog({ title, filters, canSelectMany: false });
  return files?.[0];
}
