/**
 * Which files a command is meant for. VS Code calls it with the clicked file and the whole selection
 * (explorer), the file and an editor group (editor title), a tree node (inspector), an object
 * (keybinding), or nothing (palette): then the models of the workspace are offered.
 */
import * as vscode from 'vscode';
import { endingsOf, searchedEndings, type FileKind } from './endings.ts';
import { exists, findFiles, kindOf, nameOf } from './files.ts';

/** Files named by the arguments of a command that are of the right kinds, in the order of the kinds. */
export function namedTargets(
  clicked: unknown,
  selected: unknown,
  kinds: readonly FileKind[],
): readonly vscode.Uri[] {
  const several = Array.isArray(selected) && selected.length > 0;
  const all = (several ? (selected as unknown[]) : [clicked]).map(uriOf);
  const seen = new Set<string>();
  const rank = (uri: vscode.Uri | undefined): number => {
    const kind = uri && kindOf(uri);
    return kind === undefined ? -1 : kinds.indexOf(kind);
  };
  return all
    .filter((uri): uri is vscode.Uri => {
      if (!uri || rank(uri) < 0 || seen.has(uri.toString())) return false;
      seen.add(uri.toString());
      return true;
    })
    .sort((a, b) => rank(a) - rank(b));
}

function uriOf(value: unknown): vscode.Uri | undefined {
  if (value instanceof vscode.Uri) return value;
  if (typeof value !== 'object' || value === null || !('uri' in value)) return undefined;
  const { uri } = value;
  if (uri instanceof vscode.Uri) return uri;
  if (typeof uri !== 'string') return undefined;
  return /^[a-z][a-z0-9+.-]+:/i.test(uri) ? vscode.Uri.parse(uri) : vscode.Uri.file(uri);
}

interface FileItem extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
}

/** Offers the files that are open, then the workspace's others, and a dialog for any other. */
export async function askForTargets(
  kinds: readonly FileKind[],
  title: string,
): Promise<readonly vscode.Uri[]> {
  const browse: FileItem = {
    label: `$(folder-opened) ${vscode.l10n.t('Browse…')}`,
    alwaysShow: true,
  };
  const items = offeredFiles(kinds).then((found): FileItem[] => [
    ...found.map((uri) => ({ label: nameOf(uri), description: folderOf(uri), uri })),
    browse,
  ]);
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t('Choose a file'),
    matchOnDescription: true,
  });
  if (!picked) return [];
  if (picked.uri) return [picked.uri];
  const filters = { [vscode.l10n.t('Models')]: [...endingsOf(kinds)] };
  return (await vscode.window.showOpenDialog({ title, filters, canSelectMany: true })) ?? [];
}

/** The workspace folder and the path in it that hold a file; '' at the top of a single folder. */
export function folderOf(uri: vscode.Uri): string {
  const path = vscode.workspace.asRelativePath(uri);
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/**
 * Files of one of the kinds: those in editors, the active one first, then the others of the
 * workspace. So a model that is open is offered in a window without a folder, too.
 */
export async function offeredFiles(kinds: readonly FileKind[]): Promise<readonly vscode.Uri[]> {
  const { activeTabGroup, all } = vscode.window.tabGroups;
  const tabs = [activeTabGroup.activeTab, ...all.flatMap((group) => group.tabs)];
  const files = new Map<string, vscode.Uri>();
  for (const tab of tabs) {
    const uri = uriOf(tab?.input);
    const kind = uri && kindOf(uri);
    if (kind && kinds.includes(kind) && (await exists(uri))) files.set(uri.toString(), uri);
  }
  for (const uri of await findFiles(searchedEndings(kinds))) files.set(uri.toString(), uri);
  return [...files.values()];
}
