/**
 * The first question of "Compress Model…": what the user wants. Goals, which sample inputs decide, come
 * first; then recipes by what they need. A user's own default stands before all.
 */
import * as vscode from 'vscode';
import type { GoalRecipe } from '../compress/recipe.ts';
import { findSmallest } from './find-smallest.ts';
import { fileSuffix, lossIn, sizeIn } from './goal-text.ts';
import { onSamples } from './on-samples.ts';
import { allPresets, type LoadedPreset, type PresetChoice } from './presets.ts';
import type { Services } from './services.ts';
import { settingsFor } from './settings.ts';

/** The recipe by which goals are kept. */
export const goalPreset = 'calibrated';

export interface Way {
  /** Of the file that is written, where its name says the preset. */
  readonly name: string;
  /** In the place of the recipe's own. */
  readonly goal?: GoalRecipe;
  readonly load: () => Promise<LoadedPreset>;
}

interface WayItem extends vscode.QuickPickItem {
  /** undefined: the question that follows was dismissed. */
  readonly way?: () => Promise<Way | undefined>;
}

/** @param models at least one. Undefined when the user changes their mind. */
export async function askForWay(
  services: Services,
  models: readonly vscode.Uri[],
  title: string,
): Promise<Way | undefined> {
  const [scope] = models;
  const openSettings: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('settings-gear'),
    tooltip: vscode.l10n.t('Edit Presets in Settings'),
  };
  const pick = vscode.window.createQuickPick<WayItem>();
  pick.title = title;
  pick.placeholder = vscode.l10n.t('What do you want?');
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.buttons = [openSettings];
  pick.busy = true;
  let open = true;
  const chosen = await new Promise<WayItem | undefined>((resolve, reject) => {
    pick.onDidAccept(() => {
      const [item] = pick.selectedItems;
      if (!item?.way) return;
      resolve(item);
      pick.hide();
    });
    pick.onDidTriggerButton(() => {
      pick.hide();
      void vscode.commands.executeCommand(
        'workbench.action.openSettings',
        'deepCompression.presets',
      );
    });
    pick.onDidHide(() => {
      open = false;
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
    allPresets(services, scope).then(
      (choices) => {
        if (!open) return;
        pick.items = itemsOf(choices, services, models, title);
        pick.busy = false;
      },
      (error: unknown) => {
        reject(error instanceof Error ? error : new Error(String(error)));
        pick.hide();
      },
    );
  });
  return chosen?.way?.();
}

export interface PresetItem extends vscode.QuickPickItem {
  readonly choice?: PresetChoice;
}

/** Presets by what they need, the user's own first. */
export function presetItems(choices: readonly PresetChoice[]): readonly PresetItem[] {
  const items: PresetItem[] = [];
  const section = (label: string, wanted: (choice: PresetChoice) => boolean): void => {
    const found = choices.filter(wanted);
    if (found.length === 0) return;
    items.push({ label, kind: vscode.QuickPickItemKind.Separator });
    for (const choice of found) items.push(itemOf(choice));
  };
  const builtIn = ({ origin }: PresetChoice): boolean => origin === 'built-in';
  section(vscode.l10n.t('From settings'), ({ origin }) => origin === 'settings');
  section(
    vscode.l10n.t('Without samples'),
    (choice) => builtIn(choice) && !choice.trains && !choice.calibrates,
  );
  section(vscode.l10n.t('With sample inputs'), (choice) => builtIn(choice) && choice.calibrates);
  section(vscode.l10n.t('With training'), (choice) => builtIn(choice) && choice.trains);
  section(vscode.l10n.t('Recipe files in this workspace'), ({ origin }) => origin === 'file');
  return items;
}

/** The user's own default, then goals, then all recipes. */
function itemsOf(
  choices: readonly PresetChoice[],
  services: Services,
  models: readonly vscode.Uri[],
  title: string,
): WayItem[] {
  const first = settingsFor(models[0]).defaultPreset;
  const own = choices.find(({ name, origin }) => name === first && origin !== 'built-in');
  const way = ({ choice, ...item }: PresetItem): WayItem =>
    choice ? { ...item, way: () => Promise.resolve(choice) } : item;
  return [
    ...(own ? [{ ...way(itemOf(own)), description: vscode.l10n.t('default') }] : []),
    ...goalItems(choices, services, models, title),
    ...presetItems(choices.filter((c) => c !== own && !c.calibrates)).map(way),
  ];
}

function goalItems(
  choices: readonly PresetChoice[],
  services: Services,
  models: readonly vscode.Uri[],
  title: string,
): WayItem[] {
  const preset = choices.find(({ name }) => name === goalPreset);
  if (!preset) return [];
  const to = (goal: GoalRecipe | undefined): Way | undefined =>
    goal && { name: fileSuffix(goal), goal, load: preset.load };
  return [
    {
      label: vscode.l10n.t('Keep its answers'),
      description: vscode.l10n.t('recommended'),
      detail: vscode.l10n.t(
        'As small as possible, half a percent lost at most; from sample inputs',
      ),
      way: () => Promise.resolve(preset),
    },
    {
      label: vscode.l10n.t('Fit a size…'),
      detail: vscode.l10n.t('As faithful as so many bytes allow; from sample inputs'),
      way: async () => {
        const text = await vscode.window.showInputBox({
          title,
          prompt: vscode.l10n.t('How large may the file be?'),
          placeHolder: vscode.l10n.t('2 MB, 500 kB, or 8x for an eighth of the model'),
          validateInput: (typed) =>
            sizeIn(typed)
              ? undefined
              : vscode.l10n.t('A size such as 2 MB or 500 kB, or how many times smaller: 8x'),
        });
        return to(text === undefined ? undefined : sizeIn(text));
      },
    },
    {
      label: vscode.l10n.t('Smallest that loses at most…'),
      detail: vscode.l10n.t('A loss of your own choice; from sample inputs'),
      way: async () => {
        const text = await vscode.window.showInputBox({
          title,
          value: '1 %',
          prompt: vscode.l10n.t('How much may be lost, of accuracy or of the answers?'),
          validateInput: (typed) =>
            lossIn(typed) ? undefined : vscode.l10n.t('A share above 0 % and below 100 %: 1 %'),
        });
        return to(text === undefined ? undefined : lossIn(text));
      },
    },
    ...(models.length === 1 ? [searchItem(preset, services, models[0]!, title)] : []),
  ];
}

function searchItem(
  preset: PresetChoice,
  services: Services,
  model: vscode.Uri,
  title: string,
): WayItem {
  return {
    label: vscode.l10n.t('Find the smallest…'),
    detail: vscode.l10n.t('All sizes and what each costs, to pick from; from sample inputs'),
    way: async () => {
      const point = await onSamples(services, model, title, 'inputs', (samples) =>
        findSmallest(services, model, samples, title),
      );
      if (!point) return undefined;
      const goal = { maxBytes: point.bytes };
      return { name: fileSuffix(goal), goal, load: preset.load };
    },
  };
}

function itemOf(choice: PresetChoice): PresetItem {
  const { name, label, description, risky } = choice;
  return {
    label: `${risky ? '$(warning) ' : ''}${label}`,
    ...(label !== name && { description: name }),
    detail: risky
      ? `${description} ${vscode.l10n.t('Most trained models lose their answers.')}`
      : description,
    choice,
  };
}
