/**
 * "Evaluate Accuracy…": how many of the samples a model answers correctly; a .dcz beside the model that it
 * was made of, where that is near, and without labels how often both agree. The result lands on the model's
 * page, where it stays.
 */
import * as vscode from 'vscode';
import type { Evaluation } from '../../../webview/accuracy/measured.ts';
import type { RunOptions } from '../../engine/client.ts';
import type { EvaluateResult, NormalisationInput } from '../../engine/protocol-train.ts';
import { takenLine } from '../../engine/taken-line.ts';
import { inputFrom, type Samples } from '../dataset.ts';
import { runnableKinds } from '../endings.ts';
import { isEngineError } from '../errors.ts';
import { kindOf, inputOf, nameOf } from '../files.ts';
import { rememberMeasured } from '../measured.ts';
import { onSamples } from '../on-samples.ts';
import { openInspectorOn } from '../model-editor/requests.ts';
import { originalOf } from '../originals.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { askForTargets, namedTargets } from '../targets.ts';
import { showReport } from './show-report.ts';

/** @returns what was found, the original's first where there is one */
export async function evaluate(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<readonly EvaluateResult[]> {
  const title = vscode.l10n.t('Evaluate Accuracy');
  const kinds = ['dcz', ...runnableKinds] as const;
  const named = namedTargets(clicked, selected, kinds);
  const [model] = named.length > 0 ? named : await askForTargets(kinds, title);
  if (!model) return [];
  const original = kindOf(model) === 'dcz' ? await originalOf(model) : undefined;
  const files = original ? [original, model] : [model];
  const found = await onSamples(
    ...([services, original ?? model, title, original ? 'inputs' : 'labelled'] as const),
    async (samples) => {
      const results = await scored(services, files, samples).catch((error: unknown) => {
        // what has no labels can still be compared with the original
        if (original && isEngineError(error) && error.code === 'no-labels') return undefined;
        throw error;
      });
      const evaluation = results
        ? accuracies(results, files.map(nameOf), samples)
        : await agreement(services, model, original!, samples);
      return { results: results ?? [], evaluation };
    },
  );
  if (!found) return [];
  const { results, evaluation } = found;
  for (const note of results.flatMap(({ notes }) => notes)) services.log.info(note);
  await rememberMeasured(services, model, { evaluation });
  if (kindOf(model) === 'dcz') await showReport(model, undefined);
  else await openInspectorOn(model, { shown: { whole: 'accuracy' } });
  return results;
}

/** Each file on the same samples. */
function scored(
  services: Services,
  files: readonly vscode.Uri[],
  samples: Samples,
): Promise<readonly EvaluateResult[]> {
  return withProgress(
    vscode.l10n.t('Evaluating {0} on {1}', nameOf(files.at(-1)!), samples.testName ?? samples.name),
    async ({ signal, onProgress }) => {
      const found: EvaluateResult[] = [];
      // the .dcz first: it may state a normalisation, which the original then needs too
      for (const [index, file] of files.toReversed().entries())
        found.unshift(
          await evaluateOne(services, file, samples, found[0]?.normalisation, {
            signal,
            onProgress: (p) => onProgress(p, index, files.length),
          }),
        );
      return found;
    },
  );
}

function accuracies(
  results: readonly EvaluateResult[],
  names: readonly string[],
  samples: Samples,
): Evaluation {
  const [first] = results;
  return {
    samples: samples.testName ?? samples.name,
    taken: first ? takenLine(first.taken, first.scored) : '',
    files: results.map(({ samples: count, top1, top5, loss }, i) => ({
      ...{ name: names[i] ?? '', accuracy: { samples: count, top1, top5, loss } },
    })),
  };
}

/** How often the .dcz answers as its original does, on samples without labels. */
async function agreement(
  { trainer }: Services,
  model: vscode.Uri,
  original: vscode.Uri,
  samples: Samples,
): Promise<Evaluation> {
  const { data, test, normalisation } = inputFrom(samples);
  const { threads } = settingsFor(model);
  const input = {
    ...{ file: await inputOf(model), against: await inputOf(original), data: test ?? data },
    ...{ threads, ...(normalisation && { normalisation }) },
  };
  const { fidelity } = await withProgress(
    vscode.l10n.t('Comparing the answers of {0} and {1}', nameOf(model), nameOf(original)),
    ({ signal, onProgress }) => trainer.run('agreement', input, { signal, onProgress }),
  );
  return { samples: samples.testName ?? samples.name, taken: '', files: [], fidelity };
}

/** On the test samples where the setting names some: a model may have been trained on the others. */
async function evaluateOne(
  { trainer }: Services,
  uri: vscode.Uri,
  samples: Samples,
  stated: NormalisationInput | undefined,
  options: RunOptions,
): Promise<EvaluateResult> {
  const { data, test, normalisation = stated } = inputFrom(samples);
  const { threads } = settingsFor(uri);
  return trainer.run(
    'evaluate',
    {
      file: await inputOf(uri),
      data: test ?? data,
      threads,
      ...(normalisation && { normalisation }),
    },
    options,
  );
}
