/**
 * Model files of the workspace, and how a file reaches the engine: by path where there is a disk,
 * by content in a virtual workspace.
 */
import { host } from '#host';
import * as vscode from 'vscode';
import { kindOfName, type FileKind } from './endings.ts';
import { UserError } from './errors.ts';
import type { FileInput } from '../engine/protocol-model.ts';
import { plainText } from '../model/plain-text.ts';

/** Largest file that is read into memory where the engine cannot read it itself. */
const largestVirtual = 512 * 1024 * 1024;
/** No file system has longer names. */
const longestName = 255;
const excluded = '**/{node_modules,.git}/**';
/** Bounds of the walk that stands in where a file system offers no search. */
const walkLimits = { folders: 2000, depth: 12 };

export function kindOf(uri: vscode.Uri): FileKind | undefined {
  return kindOfName(uri.path);
}

/** Of the file, as it is shown: what a terminal or a notification could take for more is replaced. */
export function nameOf(uri: vscode.Uri): string {
  return plainText(uri.path.slice(uri.path.lastIndexOf('/') + 1), longestName);
}

/** Files of the workspace with one of the endings, without node_modules and what `files.exclude` hides. */
export async function findFiles(
  endings: readonly string[],
  token?: vscode.CancellationToken,
): Promise<readonly vscode.Uri[]> {
  const globs = endings.map(inAnyCase);
  const pattern = globs.length === 1 ? `**/*.${globs[0]}` : `**/*.{${globs.join(',')}}`;
  let found: readonly vscode.Uri[] = [];
  try {
    found = await vscode.workspace.findFiles(pattern, excluded, undefined, token);
  } catch {
    // no search provider: the walk below answers
  }
  if (found.length === 0)
    for (const folder of vscode.workspace.workspaceFolders ?? [])
      found = [...found, ...(await walk(folder.uri, endings, token))];
  return [...found].sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
}

/** An ending in lower case as a glob of any case: `[oO][nN][nN][xX]`. */
export function inAnyCase(ending: string): string {
  return ending.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

async function walk(
  root: vscode.Uri,
  endings: readonly string[],
  token: vscode.CancellationToken | undefined,
): Promise<vscode.Uri[]> {
  const hidden = vscode.workspace
    .getConfiguration('files', root)
    .get<Record<string, unknown>>('exclude', {});
  const skipped = new Set(['node_modules', '.git']);
  for (const [glob, on] of Object.entries(hidden))
    if (on === true && /^\*\*\/[^*?{}/]+$/.test(glob)) skipped.add(glob.slice(3));
  const found: vscode.Uri[] = [];
  const queue: { uri: vscode.Uri; depth: number }[] = [{ uri: root, depth: 0 }];
  for (let folders = 0; folders < walkLimits.folders; folders++) {
    const next = queue.shift();
    if (!next || token?.isCancellationRequested) break;
    let entries: readonly [string, vscode.FileType][] = [];
    try {
      entries = await vscode.workspace.fs.readDirectory(next.uri);
    } catch {
      continue; // a folder that may not be read holds no models for us
    }
    for (const [name, type] of entries) {
      if (skipped.has(name)) continue;
      const uri = vscode.Uri.joinPath(next.uri, name);
      if (type === vscode.FileType.Directory && next.depth < walkLimits.depth)
        queue.push({ uri, depth: next.depth + 1 });
      else if (
        type & vscode.FileType.File &&
        endings.some((e) => name.toLowerCase().endsWith(`.${e}`))
      )
        found.push(uri);
    }
  }
  return found;
}

/** Whether jobs find it by its path themselves. */
export function isOnDisk(uri: vscode.Uri): boolean {
  return host.hasDisk && uri.scheme === 'file';
}

/** Whether jobs can write beside it: on a disk, and in a browser wherever VS Code can. */
export function isWritable(uri: vscode.Uri): boolean {
  return isOnDisk(uri) || !host.hasDisk;
}

/** How jobs name a file: as the system does, or, where it is not on disk, by its path in the workspace. */
export function pathOf(uri: vscode.Uri): string {
  return isOnDisk(uri) ? uri.fsPath : uri.path;
}

/**
 * The file that jobs know by this path. Where there is no disk it lies in the file system of the
 * workspace's first folder.
 */
export function uriOfPath(path: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  return host.hasDisk || !folder ? vscode.Uri.file(path) : folder.uri.with({ path });
}

export async function inputOf(uri: vscode.Uri): Promise<FileInput> {
  if (isOnDisk(uri)) return { path: uri.fsPath };
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > largestVirtual)
    throw new UserError(
      vscode.l10n.t('{0} is too large to read from a virtual workspace', nameOf(uri)),
    );
  const content = await vscode.workspace.fs.readFile(uri);
  return { label: nameOf(uri), bytes: new Uint8Array(content) };
}

export async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

/** Selects the file in the explorer, or in the system's file manager when it is outside. */
export async function reveal(uri: vscode.Uri): Promise<void> {
  const inside = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  await vscode.commands.executeCommand(inside ? 'revealInExplorer' : 'revealFileInOS', uri);
}
