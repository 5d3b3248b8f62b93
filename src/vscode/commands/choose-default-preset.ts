/** "Choose Default Preset…": a list of all presets there are, the user's own too, for the setting. */
import * as vscode from 'vscode';
import { allPresets } from '../presets.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { presetItems } from '../ways.ts';

export async function chooseDefaultPreset(services: Services): Promise<void> {
  const { defaultPreset } = settingsFor(undefined);
  const choices = await allPresets(services, undefined);
  const picked = await vscode.window.showQuickPick(presetItems(choices), {
    title: vscode.l10n.t('Choose Default Preset'),
    placeHolder: vscode.l10n.t('Now: {0}', defaultPreset),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked?.choice) return;
  const settings = vscode.workspace.getConfiguration('deepCompression');
  const said = settings.inspect('defaultPreset');
  const here = said?.workspaceValue !== undefined || picked.choice.origin === 'file';
  await settings.update(
    'defaultPreset',
    picked.choice.name,
    here ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global,
  );
}
