/**
 * All presets there are: built-in ones (asked of the engine), the user's from settings, and recipe
 * files of the workspace. Recipes are passed on as they were written; the engine validates them and
 * names what is wrong.
 */
import * as vscode from 'vscode';
import { json, recognised } from '../model/recognise.ts';
import { UserError } from './errors.ts';
import { findFiles, nameOf } from './files.ts';
import { folderOf } from './targets.ts';
import { presetText } from './preset-text.ts';
import { settingsFor } from './settings.ts';
import type { Services } from './services.ts';

export interface PresetChoice {
  readonly name: string;
  /** What it is called in a list. */
  readonly label: string;
  readonly description: string;
  /** Most models need training afterwards. */
  readonly risky: boolean;
  /** A built-in one retrains, or states a goal; what others do is known when they are loaded. */
  readonly trains: boolean;
  readonly calibrates: boolean;
  readonly origin: 'built-in' | 'settings' | 'file';
  /** Reads the file first where there is one. */
  readonly load: () => Promise<LoadedPreset>;
}

export interface LoadedPreset {
  /** What the jobs take: a name, or a recipe as it was written. */
  readonly recipe: string | object;
  /** It retrains, and so needs samples. */
  readonly trains: boolean;
  /** Its samples need labels. */
  readonly labelled: boolean;
  /** It keeps a goal, which sample inputs decide. */
  readonly calibrates: boolean;
}

/** A recipe is a page or two of text. */
const mostRecipeBytes = 1 << 20;

/** Of a recipe that has not been read. */
const unknown = { risky: false, trains: false, calibrates: false };

export const recipeEnding = 'dcrecipe.json';

/** Every preset there is. A settings preset hides a built-in one of the same name. */
export async function allPresets(
  services: Services,
  scope: vscode.Uri | undefined,
): Promise<readonly PresetChoice[]> {
  const [builtIn, files] = await Promise.all([
    services.engine.run('presets', {}),
    findFiles([recipeEnding]),
  ]);
  const own = Object.entries(settingsFor(scope).presets).map(([name, recipe]): PresetChoice => ({
    ...{ name, label: name, ...unknown },
    description: describe(recipe) || vscode.l10n.t('Defined in settings'),
    origin: 'settings',
    load: () => Promise.resolve(named(recipe, name)),
  }));
  const hidden = new Set(own.map((choice) => choice.name));
  return [
    ...own,
    ...builtIn.presets
      .filter(({ name }) => !hidden.has(name))
      .map(({ name, description, trains, labelled, calibrates }): PresetChoice => ({
        ...{ name, label: name, description, risky: false, ...presetText(name) },
        ...{ trains, calibrates, origin: 'built-in' },
        load: () => Promise.resolve({ recipe: name, trains, labelled, calibrates }),
      })),
    ...files.map(presetIn),
  ];
}

/** The preset that a recipe file is. */
export function presetIn(uri: vscode.Uri): PresetChoice {
  const name = nameOf(uri).slice(0, -recipeEnding.length - 1);
  return {
    ...{ name, label: name, ...unknown },
    description: [folderOf(uri), nameOf(uri)].filter((s) => s !== '').join('/'),
    origin: 'file',
    load: async () => named(await readRecipe(uri), name),
  };
}

/** @throws UserError when there is none of this name */
export async function presetNamed(
  services: Services,
  scope: vscode.Uri | undefined,
  name: string,
): Promise<PresetChoice> {
  const all = await allPresets(services, scope);
  const found = all.find((choice) => choice.name === name);
  if (found) return found;
  const names = all.map((choice) => choice.name).join(', ');
  throw new UserError(vscode.l10n.t("There is no preset '{0}', only {1}", name, names));
}

/** As it is written. @throws UserError when it is not JSON, or too large */
export async function readRecipe(uri: vscode.Uri): Promise<unknown> {
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > mostRecipeBytes)
    throw new UserError(vscode.l10n.t('{0} is too large for a recipe', nameOf(uri)));
  const bytes = await vscode.workspace.fs.readFile(uri);
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (error) {
    const what = recognised(bytes);
    if (what !== undefined && what !== json)
      throw new UserError(vscode.l10n.t('{0} is not a recipe but {1}', nameOf(uri), what));
    throw new UserError(
      vscode.l10n.t('{0} is not valid JSON: {1}', nameOf(uri), (error as Error).message),
    );
  }
}

/** A recipe that has no name of its own gets the one it is known by. */
function named(recipe: unknown, name: string): LoadedPreset {
  if (typeof recipe !== 'object' || recipe === null || Array.isArray(recipe))
    throw new UserError(vscode.l10n.t("Preset '{0}' is not a recipe object", name));
  const { train } = recipe as { readonly train?: { readonly loss?: unknown } };
  return {
    recipe: { name, ...recipe },
    trains: train !== undefined,
    labelled: train !== undefined && train.loss !== 'distillation',
    calibrates: 'goal' in recipe,
  };
}

function describe(recipe: unknown): string {
  if (typeof recipe !== 'object' || recipe === null) return '';
  const { description } = recipe as { description?: unknown };
  return typeof description === 'string' ? description : '';
}
