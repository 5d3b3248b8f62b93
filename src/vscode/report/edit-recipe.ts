/** "Edit as Recipe…": the recipe of a .dcz as a new recipe file beside it, which is saved where the user likes. */
import * as vscode from 'vscode';
import { withoutEnding } from '../endings.ts';
import { exists } from '../files.ts';
import { freePath } from '../output-path.ts';
import { recipeEnding } from '../presets.ts';

export async function editRecipe(container: vscode.Uri, recipe: object): Promise<void> {
  const path = `${withoutEnding(container.path)}.${recipeEnding}`;
  const free = await freePath(path, (taken) => exists(container.with({ path: taken })));
  const document = await vscode.workspace.openTextDocument(
    container.with({ scheme: 'untitled', path: free }),
  );
  const edit = new vscode.WorkspaceEdit();
  const all = document.validateRange(new vscode.Range(0, 0, Number.MAX_SAFE_INTEGER, 0));
  edit.replace(document.uri, all, `${JSON.stringify(recipe, null, 2)}\n`);
  await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(document, { preview: false });
}
