/**
 * "Scan Sensitivity…": what pruning each layer alone, and sharing its values, costs in accuracy. The curves
 * go into the report of the .dcz that was made of the model; without one they are shown in the inspector.
 */
import * as vscode from 'vscode';
import { runnableKinds } from '../endings.ts';
import type { SensitivityResult } from '../../engine/protocol-accuracy.ts';
import { takenLine } from '../../engine/taken-line.ts';
import { inputFrom } from '../dataset.ts';
import { kindOf, inputOf, nameOf, pathOf } from '../files.ts';
import { originalFor } from '../measurable.ts';
import { rememberMeasured } from '../measured.ts';
import { onSamples } from '../on-samples.ts';
import { openInspectorOn } from '../model-editor/requests.ts';
import { compressedOf } from '../originals.ts';
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
  const model = await originalFor(chosen);
  const { threads } = settingsFor(model);
  const file = await inputOf(model);
  const result = await onSamples(services, model, title, 'labelled', (samples) => {
    const { data, normalisation } = inputFrom(samples);
    return withProgress(
      vscode.l10n.t('Scanning {0} on {1}', nameOf(model), samples.name),
      ({ signal, onProgress }) =>
        services.trainer.run(
          'sensitivity',
          {
            ...{ file, data, threads },
            ...(normalisation && { normalisation }),
            ...(compressed && { into: pathOf(compressed) }),
          },
          { signal, onProgress },
        ),
    );
  });
  if (!result) return undefined;
  if (result.taken) services.log.info(takenLine(result.taken, result.scored));
  for (const note of result.notes) services.log.info(note);
  await rememberMeasured(services, model, { sensitivity: result });
  if (compressed) await showReport(compressed, undefined);
  else await openInspectorOn(model, { shown: { whole: 'accuracy' } });
  return result;
}
