/**
 * "Scan Sensitivity…": what pruning each layer alone, and sharing its values, costs in accuracy. The curves
 * go into the report of the .dcz that was made of the model; without one they are shown as JSON.
 */
import * as vscode from 'vscode';
import { runnableKinds } from '../endings.ts';
import type { SensitivityResult } from '../../engine/protocol-accuracy.ts';
import { takenLine } from '../../engine/taken-line.ts';
import { inputFrom, samplesOrAsk } from '../dataset.ts';
import { UserError } from '../errors.ts';
import { kindOf, inputOf, nameOf } from '../files.ts';
import { compressedOf, originalOf } from '../originals.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { askForTargets, namedTargets } from '../targets.ts';
import { showReport } from './show-report.ts';

export async function scanSensitivity(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<SensitivityResult | undefined> {
  const title = vscode.l10n.t('Scan Sensitivity');
  const named = namedTargets(clicked, selected, [...runnableKinds, 'dcz']);
  const [chosen] = named.length > 0 ? named : await askForTargets(runnableKinds, title);
  if (!chosen) return undefined;
  const compressed = kindOf(chosen) === 'dcz' ? chosen : await compressedOf(chosen);
  const model = chosen === compressed ? await originalOf(chosen) : chosen;
  if (!model)
    throw new UserError(
      vscode.l10n.t('The model that {0} was made of is not beside it', nameOf(chosen)),
    );
  const samples = await samplesOrAsk(model, title);
  if (!samples) return undefined;
  const { data, normalisation } = inputFrom(samples);
  const { threads } = settingsFor(model);
  const file = await inputOf(model);
  const result = await withProgress(
    vscode.l10n.t('Scanning {0} on {1}', nameOf(model), samples.name),
    ({ signal, onProgress }) =>
      services.trainer.run(
        'sensitivity',
        {
          ...{ file, data, threads },
          ...(normalisation && { normalisation }),
          ...(compressed && { into: compressed.fsPath }),
        },
        { signal, onProgress },
      ),
  );
  if (result.taken) services.log.info(takenLine(result.taken, result.scored));
  for (const note of result.notes) services.log.info(note);
  if (compressed) await showReport(compressed, undefined);
  else {
    const content = JSON.stringify(result, null, 2);
    const document = await vscode.workspace.openTextDocument({ language: 'json', content });
    await vscode.window.showTextDocument(document, { preview: false });
  }
  return result;
}
