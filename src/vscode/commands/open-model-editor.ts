/**
 * "Open in Model Inspector": opens model and .dcz files in the inspector's editor; `{ uri, layer }` (the
 * sidebar, a keybinding) goes to the layer of that name.
 */
import * as vscode from 'vscode';
import { allKinds, modelKinds } from '../endings.ts';
import { openInspectorOn } from '../model-editor/requests.ts';
import { askForTargets, namedTargets } from '../targets.ts';

export async function openModelEditor(clicked: unknown, selected: unknown): Promise<void> {
  const named = namedTargets(clicked, selected, allKinds);
  const files =
    named.length > 0
      ? named
      : await askForTargets(modelKinds, vscode.l10n.t('Open in Model Inspector'));
  const layer = layerIn(clicked);
  for (const uri of files)
    await openInspectorOn(uri, layer === undefined ? undefined : { shown: { layer } });
}

function layerIn(clicked: unknown): string | undefined {
  if (typeof clicked !== 'object' || clicked === null || !('layer' in clicked)) return undefined;
  return typeof clicked.layer === 'string' ? clicked.layer : undefined;
}
