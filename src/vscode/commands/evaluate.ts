/**
 * "Evaluate Accuracy…": how many of the samples a model answers correctly; a .dcz beside the model that it
 * was made of, where that is near.
 */
import * as vscode from 'vscode';
import { formatAccuracy, formatExact, formatSmall } from '../../../webview/ui/format.ts';
import type { RunOptions } from '../../engine/client.ts';
import type { EvaluateResult, NormalisationInput } from '../../engine/protocol-train.ts';
import { takenLine } from '../../engine/taken-line.ts';
import { plainText } from '../../model/plain-text.ts';
import { inputFrom, samplesOrAsk, type Samples } from '../dataset.ts';
import { runnableKinds } from '../endings.ts';
import { kindOf, inputOf, nameOf } from '../files.ts';
import { originalOf } from '../originals.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { askForTargets, namedTargets } from '../targets.ts';

/** Characters of what was read, in a message. */
const longestTaken = 300;

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
  const samples = await samplesOrAsk(model, title);
  if (!samples) return [];
  const original = kindOf(model) === 'dcz' ? await originalOf(model) : undefined;
  const files = original ? [original, model] : [model];
  const results = await withProgress(
    vscode.l10n.t('Evaluating {0} on {1}', nameOf(model), samples.testName ?? samples.name),
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
  const lines = results.map((result, i) => `${nameOf(files[i]!)}: ${lineFor(result)}`);
  const read = results.slice(0, 1).map(({ taken, scored }) => takenLine(taken, scored));
  for (const line of [...lines, ...read, ...results.flatMap((r) => r.notes)])
    services.log.info(line);
  const shown = [...lines, ...read.map((line) => plainText(line, longestTaken))];
  void vscode.window.showInformationMessage(shown.join(' · '));
  return results;
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

function lineFor({ top1, top5, loss, samples }: EvaluateResult): string {
  const count = formatExact(samples);
  if (top1 === null)
    return vscode.l10n.t('mean squared error {0} on {1} samples', formatSmall(loss), count);
  return top5 === null
    ? vscode.l10n.t(
        '{0} of {1} samples right, loss {2}',
        formatAccuracy(top1),
        count,
        formatSmall(loss),
      )
    : vscode.l10n.t(
        '{0} of {1} samples right, {2} among the first five, loss {3}',
        formatAccuracy(top1),
        count,
        formatAccuracy(top5),
        formatSmall(loss),
      );
}
