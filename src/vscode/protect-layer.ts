/**
 * "Protect": a recipe that leaves a layer as it is, written beside the model, and the compression by it.
 * Every further layer that is protected goes into the same recipe, which is the user's to edit.
 */
import * as vscode from 'vscode';
import { exists } from './files.ts';
import { withoutEnding } from './endings.ts';
import { originalFor } from './measurable.ts';
import { measuredOf } from './measured.ts';
import { recipeEnding, readRecipe } from './presets.ts';
import { protectedIn } from './protected-recipe.ts';
import type { Services } from './services.ts';

export async function protectLayer(
  services: Services,
  file: vscode.Uri,
  layer: { readonly name: string; readonly path: string },
): Promise<void> {
  const model = await originalFor(file);
  const name = `${withoutEnding(model.path.slice(model.path.lastIndexOf('/') + 1))}-protected`;
  const uri = vscode.Uri.joinPath(model, '..', `${name}.${recipeEnding}`);
  const before = (await exists(uri)) ? await readRecipe(uri) : undefined;
  const { impact } = await measuredOf(services, model);
  // where several layers have the name, the path alone tells them apart
  const alone = (impact?.layers ?? []).filter((l) => l.name === layer.name).length <= 1;
  const recipe = protectedIn(before, name, alone ? layer.name : layer.path);
  await vscode.workspace.fs.writeFile(
    uri,
    new TextEncoder().encode(`${JSON.stringify(recipe, null, 2)}\n`),
  );
  await vscode.commands.executeCommand('deepCompression.compress', { uri: model, recipe: uri });
}
