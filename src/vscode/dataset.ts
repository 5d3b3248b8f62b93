/**
 * The samples that models are calibrated, evaluated and retrained on: those that the user has chosen for a
 * model, which are remembered for it in this workspace, else what the setting `deepCompression.dataset`
 * says. Files are read by the engine, which says what is wrong with them.
 */
import { host } from '#host';
import * as vscode from 'vscode';
import type { DataInput, NormalisationInput } from '../engine/protocol-train.ts';
import { UserError } from './errors.ts';
import { findFiles, isWritable, nameOf, pathOf } from './files.ts';
import type { Services } from './services.ts';
import { settingsFor } from './settings.ts';
import { folderOf } from './targets.ts';

export interface Samples {
  readonly data: DataInput;
  /** Scored before and after retraining, and used for nothing else. */
  readonly test?: DataInput;
  /** How values are given to the model; undefined: as they are, or as a retrained .dcz states. */
  readonly normalisation?: NormalisationInput;
  readonly name: string;
  /** Of the test samples. */
  readonly testName?: string;
}

/** What the setting says, as it is written there. */
interface Stated extends NormalisationInput {
  readonly samples: string;
  readonly labels?: string;
  readonly test?: string;
  readonly split?: NonNullable<DataInput['split']>;
  readonly label?: string;
  readonly header?: boolean;
}

/** How files of samples end; MNIST's own have no ending and are found by browsing. */
const endings = ['npz', 'npy', 'csv', 'idx', 'idx3-ubyte', 'gz'];
const notSamples = /labels|^y\.npy$|_y\.npy$|(?<!idx|ubyte)\.gz$/i;

/** @throws UserError when the setting is not what the manifest says */
export function samplesSet(scope: vscode.Uri): Samples | undefined {
  const { dataset } = settingsFor(scope);
  if (dataset === undefined || dataset === null || dataset === '') return undefined;
  const stated = typeof dataset === 'string' ? { samples: dataset } : dataset;
  if (!isStated(stated))
    throw new UserError(
      vscode.l10n.t(
        'The setting deepCompression.dataset is neither a path nor an object with the path "samples"',
      ),
    );
  return samplesOf(stated, scope);
}

function isStated(value: unknown): value is Stated {
  return (
    typeof value === 'object' &&
    value !== null &&
    'samples' in value &&
    typeof value.samples === 'string' &&
    value.samples !== ''
  );
}

function samplesOf(
  { samples, labels, test, split, label, header, ...rest }: Stated,
  scope: vscode.Uri,
): Samples {
  const base = vscode.workspace.getWorkspaceFolder(scope)?.uri ?? vscode.Uri.joinPath(scope, '..');
  const file = (path: string): { path: string } => ({
    path: host.paths.isAbsolute(path) ? path : host.paths.resolve(pathOf(base), path),
  });
  const { scale, mean, deviation } = rest;
  const table = {
    ...(label !== undefined && { label: String(label) }),
    ...(header !== undefined && { header }),
  };
  const normalisation = {
    ...(scale !== undefined && { scale }),
    ...(mean !== undefined && { mean }),
    ...(deviation !== undefined && { deviation }),
  };
  return {
    data: {
      file: file(samples),
      ...(labels !== undefined && { labels: file(labels) }),
      ...(split !== undefined && { split }),
      ...table,
    },
    ...(test !== undefined && { test: { file: file(test), ...table } }),
    ...(Object.keys(normalisation).length > 0 && { normalisation }),
    name: lastPart(samples),
    ...(test !== undefined && { testName: lastPart(test) }),
  };
}

function lastPart(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}

/** As the jobs take them. */
export function inputFrom({ data, test, normalisation }: Samples): {
  readonly data: DataInput;
  readonly test?: DataInput;
  readonly normalisation?: NormalisationInput;
} {
  return { data, ...(test && { test }), ...(normalisation && { normalisation }) };
}

/** For what samples are asked: labels are needed, or inputs alone will do. */
export type SamplesKind = 'labelled' | 'inputs';

const chosen = new vscode.EventEmitter<void>();
export const onDidChooseSamples = chosen.event;

const keyOf = (model: vscode.Uri): string => `samples ${model.toString()}`;

/** Those that were chosen for a model, else those that are set. */
export function knownSamples({ context }: Services, model: vscode.Uri): Samples | undefined {
  const chosen = context.workspaceState.get<Stated>(keyOf(model));
  return chosen ? samplesOf(chosen, model) : samplesSet(model);
}

/** Those that are known, else those that the user chooses; undefined when a question was dismissed. */
export async function samplesOrAsk(
  services: Services,
  model: vscode.Uri,
  title: string,
  kind: SamplesKind,
): Promise<Samples | undefined> {
  return knownSamples(services, model) ?? chooseSamples(services, model, title, kind);
}

interface FileItem extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
  readonly folder?: true;
}

interface ValuesItem extends vscode.QuickPickItem {
  readonly normalisation: NormalisationInput;
}

/**
 * Asks for a data set and for what is done to its values, and remembers the answer for the model.
 * @returns undefined when a question was dismissed
 */
export async function chooseSamples(
  { context }: Services,
  model: vscode.Uri,
  title: string,
  kind: SamplesKind,
): Promise<Samples | undefined> {
  const uri = await askForFile(title, kind);
  const values = uri && (await askForValues(title));
  if (!values) return undefined;
  const stated: Stated = { samples: pathOf(uri), ...values };
  await context.workspaceState.update(keyOf(model), stated);
  chosen.fire();
  return samplesOf(stated, model);
}

async function askForFile(title: string, kind: SamplesKind): Promise<vscode.Uri | undefined> {
  const icon = '$(folder-opened) ';
  const items = findFiles(endings).then((found): FileItem[] => [
    ...found
      .filter((uri) => !notSamples.test(nameOf(uri)))
      .map((uri) => ({ label: nameOf(uri), description: folderOf(uri), uri })),
    { label: icon + vscode.l10n.t('Browse…'), alwaysShow: true },
    {
      label: icon + vscode.l10n.t('Browse for a Folder of Images…'),
      alwaysShow: true,
      folder: true,
    },
  ]);
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder:
      kind === 'inputs'
        ? vscode.l10n.t('Which sample inputs? (.npz, .npy, IDX, CSV or images; no labels needed)')
        : vscode.l10n.t('Which labeled samples? (.npz, .npy, IDX, CSV or images)'),
    matchOnDescription: true,
  });
  if (!picked || picked.uri) return picked?.uri;
  const files = await vscode.window.showOpenDialog({
    ...{ title, canSelectMany: false },
    ...(picked.folder && { canSelectFiles: false, canSelectFolders: true }),
  });
  if (files?.[0] && !isWritable(files[0]))
    throw new UserError(vscode.l10n.t('Only samples on disk can be used'));
  return files?.[0];
}

async function askForValues(title: string): Promise<NormalisationInput | undefined> {
  const items: ValuesItem[] = [
    {
      label: vscode.l10n.t('As they are'),
      detail: vscode.l10n.t('The samples hold what the model takes'),
      normalisation: {},
    },
    {
      label: vscode.l10n.t('0 to 1'),
      detail: vscode.l10n.t('Bytes divided by 255'),
      normalisation: { scale: 1 / 255 },
    },
    {
      label: vscode.l10n.t('−1 to 1'),
      detail: vscode.l10n.t('Bytes divided by 127.5, less 1'),
      normalisation: { scale: 1 / 127.5, mean: [1], deviation: [1] },
    },
    {
      label: vscode.l10n.t('ImageNet'),
      detail: vscode.l10n.t(
        '0 to 1, then less the mean and divided by the deviation of each color',
      ),
      normalisation: {
        scale: 1 / 255,
        mean: [0.485, 0.456, 0.406],
        deviation: [0.229, 0.224, 0.225],
      },
    },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t('How does the model expect the values of a sample?'),
  });
  return picked?.normalisation;
}

/**
 * The samples, where they are not asked for in any case: undefined when dismissed.
 * @param details what is to be gained with them, and how it goes without
 */
export async function samplesOrNone(
  services: Services,
  model: vscode.Uri,
  title: string,
  details: { readonly with: string; readonly without: string },
): Promise<Samples | 'none' | undefined> {
  const known = knownSamples(services, model);
  if (known) return known;
  const withSamples = vscode.l10n.t('With sample inputs…');
  const items = [
    { label: withSamples, detail: details.with },
    { label: vscode.l10n.t('Without'), detail: details.without },
  ];
  const picked = await vscode.window.showQuickPick(items, { title });
  if (!picked) return undefined;
  return picked.label === withSamples ? samplesOrAsk(services, model, title, 'inputs') : 'none';
}
