/**
 * "Remove Channels…": says what can go, asks how much work shall be left and for samples, and writes a smaller
 * model beside the original. The file is new; nothing is replaced.
 */
import { host } from '#host';
import * as vscode from 'vscode';
import { formatBytes, formatExact, formatShare } from '../../../webview/ui/format.ts';
import type { GroupsResult, SlimResult } from '../../engine/protocol-slim.ts';
import { inputFrom, samplesOrNone } from '../dataset.ts';
import { openLogLabel, UserError } from '../errors.ts';
import { exists, inputOf, isWritable, nameOf, pathOf, reveal, uriOfPath } from '../files.ts';
import { freePath, stem } from '../output-path.ts';
import { outputsText } from '../outputs-text.ts';
import { runnableKinds } from '../endings.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { askForTargets, namedTargets } from '../targets.ts';

/** Shares of the work that are offered. */
const shares = [0.9, 0.8, 0.7, 0.6, 0.5, 0.35, 0.25];
/** Runtimes have kernels for multiples of so many channels. */
const multiple = 8;

/**
 * @param clicked the file, a tree node, or `{ uri, keep }` from a keybinding: a share of the work is then not
 *   asked for
 * @returns what was made, undefined when something was dismissed
 */
export async function removeChannels(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<SlimResult | undefined> {
  const title = vscode.l10n.t('Remove Channels');
  const named = namedTargets(clicked, selected, [...runnableKinds, 'dcz']);
  const [model] = named.length > 0 ? named : await askForTargets(runnableKinds, title);
  if (!model) return undefined;
  if (!isWritable(model))
    throw new UserError(vscode.l10n.t('Only models on disk can lose channels'));
  const file = await inputOf(model);
  const found = await withProgress(
    vscode.l10n.t('Following the channels of {0}', nameOf(model)),
    ({ signal, onProgress }) =>
      services.trainer.run('groups', { file, seed: 1 }, { signal, onProgress }),
  );
  for (const { layer, whole, of, why } of found.boundaries)
    services.log.info(`${layer}: ${whole} of ${of} outputs stay: ${why}`);
  if (found.groups.length === 0)
    throw new UserError(vscode.l10n.t('No channel of {0} can be removed', nameOf(model)));
  const keep = shareIn(clicked) ?? (await askForShare(found, `${title}: ${nameOf(model)}`));
  if (keep === undefined) return undefined;
  const samples = await samplesOrNone(services, model, title, {
    with: vscode.l10n.t('They choose, repair the layers that lose inputs, and measure'),
    without: vscode.l10n.t('Weights alone choose; what it does to the answers stays unknown'),
  });
  if (samples === undefined) return undefined;
  const out = await freePath(
    host.paths.join(host.paths.dirname(pathOf(model)), `${stem(pathOf(model))}.slim.onnx`),
    (path) => exists(uriOfPath(path)),
  );
  const data = samples === 'none' ? undefined : inputFrom(samples);
  const { threads } = settingsFor(model);
  const result = await withProgress(
    vscode.l10n.t('Removing channels of {0}', nameOf(model)),
    ({ signal, onProgress }) =>
      services.trainer.run(
        'slim',
        {
          ...{ file, keep, of: 'work', multiple, out, overwrite: false, seed: 1, threads },
          ...(data && { data: data.data }),
          ...(data?.normalisation && { normalisation: data.normalisation }),
        },
        { signal, onProgress },
      ),
  );
  for (const note of result.notes) services.log.info(note);
  for (const { name, kept, of } of result.groups)
    services.log.info(`${name}: ${kept} of ${of} channels kept`);
  void summarise(services, model, result).catch((error: unknown) =>
    services.log.error(String(error)),
  );
  return result;
}

function shareIn(clicked: unknown): number | undefined {
  if (typeof clicked !== 'object' || clicked === null || !('keep' in clicked)) return undefined;
  return typeof clicked.keep === 'number' ? clicked.keep : undefined;
}

async function askForShare({ groups }: GroupsResult, title: string): Promise<number | undefined> {
  const channels = groups.reduce((sum, group) => sum + group.channels, 0);
  const items = shares.map((share) => ({
    label: vscode.l10n.t('{0} of the work', formatShare(share)),
    share,
  }));
  const placeHolder = vscode.l10n.t(
    '{0} channels in {1} groups can go: how much work shall be left?',
    formatExact(channels),
    formatExact(groups.length),
  );
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.share;
}

async function summarise(services: Services, model: vscode.Uri, result: SlimResult): Promise<void> {
  const { before, after, latencyMs, output } = result;
  const lines = [
    vscode.l10n.t(
      '{0}: {1} of the work left, {2} → {3}, {4} → {5} ms a run.',
      nameOf(model),
      formatShare(after.macs / before.macs),
      formatBytes(before.bytes),
      formatBytes(after.bytes),
      latencyMs.before.toFixed(2),
      latencyMs.after.toFixed(2),
    ),
    outputsText(result),
  ];
  const show = vscode.l10n.t('Open');
  const revealIt = vscode.l10n.t('Reveal');
  const answer = await vscode.window.showInformationMessage(
    lines.join(' '),
    show,
    revealIt,
    openLogLabel(),
  );
  const uri = uriOfPath(output.path);
  if (answer === show) await vscode.commands.executeCommand('deepCompression.openInspector', uri);
  else if (answer === revealIt) await reveal(uri);
  else if (answer === openLogLabel()) services.log.show();
}
