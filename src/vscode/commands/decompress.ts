/**
 * "Decompress Model…": one file goes where a save dialog says (which asks before it replaces); of
 * several each goes beside its container under a name that is free. Where that makes more than one file,
 * all of them are listed first; data files whose names are taken go into a folder of their own.
 */
import { host } from '#host';
import * as vscode from 'vscode';
import { formatBytes } from '../../../webview/ui/format.ts';
import type { DecompressResult, FilesToRestore } from '../../engine/protocol-model.ts';
import { formatNames, type FormatName } from '../../model/format-names.ts';
import { plainText } from '../../model/plain-text.ts';
import { UserError } from '../errors.ts';
import { exists, inputOf, isWritable, nameOf, pathOf, reveal, uriOfPath } from '../files.ts';
import { ownFolder, restoredPath } from '../output-path.ts';
import { withProgress, type Run } from '../progress.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { askForTargets, namedTargets } from '../targets.ts';

interface Wanted {
  readonly file: vscode.Uri;
  readonly out: string;
  readonly overwrite: boolean;
}

interface Plan extends Wanted {
  readonly files: FilesToRestore['files'];
  /** The folder that is made for them. */
  readonly folder?: string;
}

const { basename, dirname, join, relative } = host.paths;

/** Files that a question lists. */
const mostListed = 20;
const longestPath = 300;

export async function decompress(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<readonly DecompressResult[]> {
  const title = vscode.l10n.t('Decompress Model');
  const named = namedTargets(clicked, selected, ['dcz']);
  const files = named.length > 0 ? named : await askForTargets(['dcz'], title);
  if (!files.every(isWritable))
    throw new UserError(vscode.l10n.t('Only files on disk can be decompressed'));

  const used = new Set<string>();
  const taken = async (path: string): Promise<boolean> =>
    used.has(path) || (await exists(uriOfPath(path)));
  const plans: Plan[] = [];
  for (const wanted of await placesFor(services, files, title, taken)) {
    const plan = await planned(services, wanted, taken);
    for (const { path } of plan.files) used.add(path);
    if (plan.folder !== undefined) used.add(plan.folder);
    plans.push(plan);
  }
  if (plans.length === 0 || !(await confirmed(plans))) return [];

  const subject =
    plans.length === 1 ? nameOf(plans[0]!.file) : vscode.l10n.t('{0} files', plans.length);
  const results = await withProgress(
    vscode.l10n.t('Decompressing {0}', subject),
    async ({ signal, onProgress }) => {
      const done: DecompressResult[] = [];
      for (const [index, plan] of plans.entries()) {
        const label = plans.length > 1 ? `${index + 1}/${plans.length} ${nameOf(plan.file)}` : '';
        const result = await restore(services, plan, {
          signal,
          onProgress: (p) => onProgress(p, index, plans.length, label),
        });
        services.log.info(
          `${result.input.path} -> ${result.output.path}: ${result.output.bytes} bytes, ${result.seconds.toFixed(2)} s`,
        );
        done.push(result);
      }
      return done;
    },
  );
  void announce(services, results);
  return results;
}

/** Where each model goes; nothing when the save dialog was dismissed. */
async function placesFor(
  { engine }: Services,
  files: readonly vscode.Uri[],
  title: string,
  taken: (path: string) => Promise<boolean>,
): Promise<readonly Wanted[]> {
  const formatOf = async (file: vscode.Uri): Promise<FormatName> => {
    const asked = { file: await inputOf(file), out: pathOf(file) };
    return formatNames[(await engine.run('filesToRestore', asked)).format];
  };
  if (files.length !== 1) {
    const used = new Set<string>();
    const wanted: Wanted[] = [];
    for (const file of files) {
      const isTaken = async (path: string): Promise<boolean> =>
        used.has(path) || (await taken(path));
      const out = await restoredPath(pathOf(file), (await formatOf(file)).endings[0], isTaken);
      used.add(out);
      wanted.push({ file, out, overwrite: false });
    }
    return wanted;
  }
  const [file] = files as [vscode.Uri];
  const { name, endings } = await formatOf(file);
  const chosen = await vscode.window.showSaveDialog({
    title: `${title}: ${nameOf(file)}`,
    defaultUri: uriOfPath(await restoredPath(pathOf(file), endings[0], taken)),
    filters: { [name]: [...endings] },
  });
  return chosen ? [{ file, out: pathOf(chosen), overwrite: true }] : [];
}

/** The files it makes; in a folder of its own where one of the data files would have a taken name. */
async function planned(
  { engine }: Services,
  wanted: Wanted,
  taken: (path: string) => Promise<boolean>,
): Promise<Plan> {
  const { file, out } = wanted;
  const { files } = await engine.run('filesToRestore', { file: await inputOf(file), out });
  const beside: string[] = [];
  for (const { path } of files.slice(1)) if (await taken(path)) beside.push(path);
  if (beside.length === 0) return { ...wanted, files };
  const folder = await ownFolder(out, taken);
  const home = dirname(out);
  return {
    file,
    out: join(folder, basename(out)),
    overwrite: false,
    folder,
    files: files.map((f) => ({ ...f, path: join(folder, relative(home, f.path)), taken: false })),
  };
}

/** Asks, with a list of all files, where there is more than the one that was asked for. */
async function confirmed(plans: readonly Plan[]): Promise<boolean> {
  const files = plans.flatMap((plan) => plan.files);
  if (files.length === 1) return true;
  const folders = plans.flatMap(({ folder }) => folder ?? []);
  const reason = vscode.l10n.t(
    'Data files of these names are there already and are never replaced, so a new folder is made: {0}',
    folders.map((folder) => plainText(folder, longestPath)).join(', '),
  );
  const listed = files
    .slice(0, mostListed)
    .map(({ path, bytes }) => `${plainText(path, longestPath)} · ${formatBytes(bytes)}`);
  const more = files.length - listed.length;
  const detail = [
    ...(folders.length > 0 ? [reason, ''] : []),
    ...listed,
    ...(more > 0 ? [vscode.l10n.t('and {0} more', more)] : []),
  ].join('\n');
  const restoreThem = vscode.l10n.t('Restore');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Write {0} files?', files.length),
    { modal: true, detail },
    restoreThem,
  );
  return answer === restoreThem;
}

/** A folder that was made for it goes again where nothing came into it. */
async function restore(
  services: Services,
  { file, out, overwrite, folder }: Plan,
  run: Run,
): Promise<DecompressResult> {
  const made = folder === undefined ? undefined : uriOfPath(folder);
  if (made) await vscode.workspace.fs.createDirectory(made);
  try {
    const { threads } = settingsFor(file);
    const input = { file: await inputOf(file), out, overwrite, threads };
    return await services.engine.run('decompress', input, run);
  } catch (error) {
    // without `recursive` only an empty one is deleted
    if (made) await vscode.workspace.fs.delete(made).then(undefined, () => {});
    throw error;
  }
}

async function announce(services: Services, results: readonly DecompressResult[]): Promise<void> {
  const revealIt = vscode.l10n.t('Reveal');
  const first = uriOfPath(results[0]!.output.path);
  const bytes = results.reduce((sum, r) => sum + r.output.bytes, 0);
  const text =
    results.length === 1
      ? vscode.l10n.t('{0} restored, {1}.', nameOf(first), formatBytes(bytes))
      : vscode.l10n.t('{0} models restored, {1}.', results.length, formatBytes(bytes));
  if ((await vscode.window.showInformationMessage(text, revealIt)) === revealIt)
    await reveal(first).then(undefined, (error: unknown) => services.log.error(String(error)));
}
