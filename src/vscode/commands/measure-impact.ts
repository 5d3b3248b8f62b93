/**
 * "Which Layers Hurt…": what every layer costs when it alone is compressed. The ranking lands in the
 * inspector, where layers can be protected.
 */
import * as vscode from 'vscode';
import type { ImpactResult } from '../../engine/protocol-search.ts';
import { inputFrom, type Samples } from '../dataset.ts';
import { inputOf, nameOf } from '../files.ts';
import { measurableModel } from '../measurable.ts';
import { rememberMeasured } from '../measured.ts';
import { openInspectorOn } from '../model-editor/requests.ts';
import { onSamples } from '../on-samples.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';

/** The command line's own default. */
const seed = 1;

export async function measureImpact(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<ImpactResult | undefined> {
  const title = vscode.l10n.t('Which Layers Hurt');
  const model = await measurableModel(clicked, selected, title);
  const impact =
    model &&
    (await onSamples(services, model, title, 'inputs', (samples) =>
      impactOn(services, model, samples),
    ));
  if (!impact) return undefined;
  for (const note of impact.notes) services.log.info(note);
  await rememberMeasured(services, model, { impact });
  await openInspectorOn(model, { shown: { whole: 'accuracy' } });
  return impact;
}

async function impactOn(
  { trainer }: Services,
  model: vscode.Uri,
  samples: Samples,
): Promise<ImpactResult> {
  const { data, normalisation } = inputFrom(samples);
  const { threads } = settingsFor(model);
  const file = await inputOf(model);
  const input = { file, data, seed, threads, ...(normalisation && { normalisation }) };
  return withProgress(
    vscode.l10n.t('Weighing the layers of {0} on {1}', nameOf(model), samples.name),
    ({ signal, onProgress }) => trainer.run('impact', input, { signal, onProgress }),
  );
}
