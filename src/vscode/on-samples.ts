/** What takes samples of the user, who may choose others where those that are known do not fit. */
import * as vscode from 'vscode';
import { chooseSamples, samplesOrAsk, type Samples, type SamplesKind } from './dataset.ts';
import { isCancelled, isEngineError, lineOf, openLogLabel } from './errors.ts';
import type { Services } from './services.ts';

/** Undefined when the user changes their mind. @throws whatever is not the samples' fault */
export async function onSamples<T>(
  services: Services,
  model: vscode.Uri,
  title: string,
  kind: SamplesKind,
  run: (samples: Samples) => Promise<T>,
): Promise<T | undefined> {
  let samples = await samplesOrAsk(services, model, title, kind);
  while (samples) {
    try {
      return await run(samples);
    } catch (error) {
      if (isCancelled(error) || !isAbout(samples, error)) throw error;
      services.log.error(String(error));
      if (!(await othersWanted(services, lineOf(error, model)))) return undefined;
      samples = await chooseSamples(services, model, title, kind);
    }
  }
  return undefined;
}

/** Whether a failure names the samples. */
export function isAbout({ name, testName }: Samples, error: unknown): boolean {
  if (!isEngineError(error)) return false;
  return [name, testName].some((file) => file !== undefined && error.message.includes(file));
}

async function othersWanted({ log }: Services, line: string): Promise<boolean> {
  const others = otherSamplesLabel();
  const answer = await vscode.window.showErrorMessage(line, others, openLogLabel());
  if (answer === openLogLabel()) log.show();
  return answer === others;
}

export function otherSamplesLabel(): string {
  return vscode.l10n.t('Choose Other Samples…');
}
