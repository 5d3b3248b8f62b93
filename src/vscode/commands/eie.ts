/**
 * "EIE: Simulate Compressed Model", "EIE: Run Paper Benchmark" and "EIE: Explore Design Space": each
 * finds out what to simulate and opens the panel on it.
 */
import * as vscode from 'vscode';
import type { SimulateResult } from '../../engine/protocol-eie.ts';
import { openEie } from '../eie/panel.ts';
import type { EieSource } from '../eie/source.ts';
import { endingsOf, modelKinds, type FileKind } from '../endings.ts';
import { findFiles, kindOf, nameOf } from '../files.ts';
import type { Services } from '../services.ts';
import { folderOf, namedTargets, offeredFiles } from '../targets.ts';

const kinds: readonly FileKind[] = ['dcz', ...modelKinds];

interface Item extends vscode.QuickPickItem {
  readonly source?: EieSource;
}

/**
 * @param clicked a file, a tree node, or `{ uri, input }` from a keybinding: `input` names a sample
 *   input (.npz, .npy), '' a random one, and is then not asked for
 * @returns the run of the (first) model
 */
export async function simulateModel(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<SimulateResult | undefined> {
  const title = vscode.l10n.t('EIE: Simulate Compressed Model');
  const named = models(clicked, selected);
  const sources = named.length
    ? named.map((uri): EieSource => ({ kind: 'model', uri }))
    : await askForSource(title, false);
  const results: (SimulateResult | undefined)[] = [];
  for (const source of sources) {
    const full = await withInput(source, clicked, title);
    if (full) results.push(await openEie(services, full, 'layer'));
  }
  return results[0];
}

export function runBenchmark(services: Services): Promise<SimulateResult | undefined> {
  return openEie(services, { kind: 'workload', name: 'all' }, 'compare');
}

export async function exploreDesignSpace(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<SimulateResult | undefined> {
  const title = vscode.l10n.t('EIE: Explore Design Space');
  const uri = models(clicked, selected)[0];
  const source = uri ? ({ kind: 'model', uri } as const) : (await askForSource(title, true))[0];
  const full = source && (await withInput(source, clicked, title));
  return full ? openEie(services, full, 'space') : undefined;
}

function models(clicked: unknown, selected: unknown): readonly vscode.Uri[] {
  return namedTargets(clicked, selected, kinds);
}

/** Compressed models first, then the others, which are compressed on the way, then the paper's layers. */
async function askForSource(title: string, paper: boolean): Promise<readonly EieSource[]> {
  const browse: Item = { label: `$(folder-opened) ${vscode.l10n.t('Browse…')}`, alwaysShow: true };
  const benchmark: Item = {
    label: vscode.l10n.t('Paper Benchmark'),
    description: vscode.l10n.t('The nine layers of the EIE paper'),
    source: { kind: 'workload', name: 'all' },
  };
  const items = offeredFiles(kinds).then((found): Item[] => {
    const item = (uri: vscode.Uri): Item => ({
      label: nameOf(uri),
      description: folderOf(uri),
      source: { kind: 'model', uri },
    });
    const [containers, models] = [true, false].map((compressed) =>
      found.filter((uri) => (kindOf(uri) === 'dcz') === compressed).map(item),
    ) as [Item[], Item[]];
    const compressedFirst = models.map((i) => ({
      ...i,
      detail: vscode.l10n.t('Compressed with the preset eie first; no file is written'),
    }));
    return [...containers, ...compressedFirst, ...(paper ? [benchmark] : []), browse];
  });
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t('Choose a file'),
    matchOnDescription: true,
  });
  if (!picked) return [];
  if (picked.source) return [picked.source];
  const filters = { [vscode.l10n.t('Models')]: [...endingsOf(kinds)] };
  const files = await vscode.window.showOpenDialog({ title, filters, canSelectMany: false });
  return (files ?? []).map((uri) => ({ kind: 'model', uri }));
}

/**
 * The source with a sample input for its activations, when the workspace has one and it is wanted.
 * Undefined when the question was dismissed.
 */
async function withInput(
  source: EieSource,
  clicked: unknown,
  title: string,
): Promise<EieSource | undefined> {
  if (source.kind !== 'model') return source;
  if (typeof clicked === 'object' && clicked !== null && 'input' in clicked) {
    const { input } = clicked;
    const uri =
      input instanceof vscode.Uri
        ? input
        : typeof input === 'string' && input
          ? vscode.Uri.file(input)
          : undefined;
    return uri ? { ...source, input: uri } : source;
  }
  const samples = await findFiles(['npz', 'npy']);
  if (samples.length === 0) return source;
  const random: vscode.QuickPickItem & { uri?: vscode.Uri } = {
    label: vscode.l10n.t('Random input'),
    description: vscode.l10n.t('From a fixed seed'),
  };
  const picked = await vscode.window.showQuickPick(
    [random, ...samples.map((uri) => ({ label: nameOf(uri), description: folderOf(uri), uri }))],
    { title, placeHolder: vscode.l10n.t('Which input gives the activations?') },
  );
  if (!picked) return undefined;
  return picked.uri ? { ...source, input: picked.uri } : source;
}
