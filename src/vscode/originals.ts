/** The model that a .dcz was made of, and the .dcz made of a model: by their names and places. */
import type * as vscode from 'vscode';
import { modelKinds, searchedEndings, type FileKind } from './endings.ts';
import { findFiles } from './files.ts';
import { partnersOf } from './model-editor/partners.ts';

/** The likeliest model; undefined when none is near. */
export function originalOf(container: vscode.Uri): Promise<vscode.Uri | undefined> {
  return partner(container, modelKinds);
}

/** The likeliest compressed file beside it; undefined when there is none. */
export async function compressedOf(model: vscode.Uri): Promise<vscode.Uri | undefined> {
  const found = await partner(model, ['dcz']);
  const folderOf = ({ path }: vscode.Uri): string => path.slice(0, path.lastIndexOf('/'));
  return found && folderOf(found) === folderOf(model) ? found : undefined;
}

async function partner(
  uri: vscode.Uri,
  kinds: readonly FileKind[],
): Promise<vscode.Uri | undefined> {
  const found = await findFiles(searchedEndings(kinds));
  const byPath = new Map(found.map((file) => [file.path, file]));
  const likely = partnersOf(uri.path, [...byPath.keys()]).find((p) => p.likely);
  return likely && byPath.get(likely.path);
}
