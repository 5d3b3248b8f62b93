/**
 * "Export…": a model that stock runtimes run, in a form that is picked, beside the original; both are run and
 * compared. The file is new; nothing is replaced.
 */
import { host } from '#host';
import * as vscode from 'vscode';
import { formatAccuracy, formatBytes } from '../../../webview/ui/format.ts';
import type { ExportInput, ExportResult } from '../../engine/protocol-export.ts';
import { inputFrom, samplesOrAsk, samplesOrNone, type Samples } from '../dataset.ts';
import { runnableKinds } from '../endings.ts';
import { openLogLabel, UserError } from '../errors.ts';
import { exists, inputOf, isWritable, nameOf, pathOf, reveal, uriOfPath } from '../files.ts';
import { freePath, stem } from '../output-path.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { askForTargets, namedTargets } from '../targets.ts';

type ExportName = ExportInput['to'];

/** What each form is good for. */
const forms: readonly { readonly to: ExportName; readonly detail: string }[] = [
  { to: 'int8', detail: vscode.l10n.t('Weights in 8 bits: a quarter of the size, any runtime') },
  {
    to: 'int8-qdq',
    detail: vscode.l10n.t('Computed in 8 bits, by ranges from sample inputs: smaller and faster'),
  },
  { to: 'fp16', detail: vscode.l10n.t('Weights in 16 bits: half the size, next to no loss') },
  { to: 'int4', detail: vscode.l10n.t('Weights in 4 bits: the smallest; check the answers') },
  {
    to: 'matmul-nbits',
    detail: vscode.l10n.t('Matrices in 4 bits, as ONNX Runtime alone takes them'),
  },
  {
    to: 'codebook',
    detail: vscode.l10n.t('Shared values and codes: exact, for models compressed by sharing'),
  },
  { to: 'external', detail: vscode.l10n.t('Graph and weights in two files, bit for bit') },
];

/**
 * @param clicked the file, a tree node, or `{ uri, to }` from a keybinding: the form is then not asked for
 * @returns what was made, undefined when something was dismissed
 */
export async function exportModel(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<ExportResult | undefined> {
  const title = vscode.l10n.t('Export');
  const kinds = [...runnableKinds, 'dcz'] as const;
  const named = namedTargets(clicked, selected, kinds);
  const [model] = named.length > 0 ? named : await askForTargets(kinds, title);
  if (!model) return undefined;
  if (!isWritable(model)) throw new UserError(vscode.l10n.t('Only models on disk can be exported'));
  const to = formIn(clicked) ?? (await askForForm(`${title}: ${nameOf(model)}`));
  if (to === undefined) return undefined;
  const samples = await samplesFor(services, to, model, title);
  if (samples === undefined) return undefined;
  const out = await freePath(
    host.paths.join(host.paths.dirname(pathOf(model)), `${stem(pathOf(model))}.${to}.onnx`),
    (path) => exists(uriOfPath(path)),
  );
  const { threads } = settingsFor(model);
  const file = await inputOf(model);
  const result = await withProgress(
    vscode.l10n.t('Exporting {0}', nameOf(model)),
    ({ signal, onProgress }) =>
      services.trainer.run(
        'export',
        {
          ...{ file, to, out, overwrite: false, seed: 1, threads },
          ...(samples !== 'none' && inputFrom(samples)),
        },
        { signal, onProgress },
      ),
  );
  for (const note of result.notes) services.log.info(note);
  for (const { name, done, why } of result.layers)
    services.log.info(`${name}: ${done !== '' ? done : `left alone: ${why}`}`);
  void summarise(services, model, result).catch((error: unknown) =>
    services.log.error(String(error)),
  );
  return result;
}

function formIn(clicked: unknown): ExportName | undefined {
  if (typeof clicked !== 'object' || clicked === null || !('to' in clicked)) return undefined;
  return forms.find(({ to }) => to === clicked.to)?.to;
}

async function askForForm(title: string): Promise<ExportName | undefined> {
  const items = forms.map((form) => ({ label: form.to, ...form }));
  const placeHolder = vscode.l10n.t('What shall runtimes be given?');
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.to;
}

/** Undefined when dismissed. */
async function samplesFor(
  services: Services,
  to: ExportName,
  model: vscode.Uri,
  title: string,
): Promise<Samples | 'none' | undefined> {
  if (to === 'external') return 'none';
  if (to === 'int8-qdq') return samplesOrAsk(services, model, title, 'inputs');
  return samplesOrNone(services, model, title, {
    with: vscode.l10n.t('They say how many answers are still the original’s'),
    without: vscode.l10n.t('Outputs are compared on one made-up input alone'),
  });
}

async function summarise(
  services: Services,
  model: vscode.Uri,
  { input, output, layers, runtimes, fidelity }: ExportResult,
): Promise<void> {
  const done = layers.filter((layer) => layer.done !== '').length;
  const answers =
    fidelity && fidelity.kind !== 'values'
      ? vscode.l10n.t(
          'Answers agree on {0} of {1} samples.',
          formatAccuracy(1 - fidelity.disagreement),
          fidelity.samples,
        )
      : vscode.l10n.t('Outputs moved by {0}.', formatAccuracy(runtimes[0]?.relativeError ?? 0));
  const lines = [
    vscode.l10n.t(
      '{0}: {1} → {2}, {3} of {4} weights changed.',
      nameOf(model),
      formatBytes(input.bytes),
      formatBytes(output.bytes),
      done,
      layers.length,
    ),
    answers,
    ...runtimes.map((r) =>
      vscode.l10n.t(
        '{0}: {1} → {2} ms a run.',
        r.runtime,
        r.original.toFixed(2),
        r.exported.toFixed(2),
      ),
    ),
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
