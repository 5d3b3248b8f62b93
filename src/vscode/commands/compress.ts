/**
 * "Compress Model…": what is wanted, then where existing outputs should go, then one job a file in sequence
 * with one summary at the end. The source is never written to; the engine refuses that as well.
 */
import * as vscode from 'vscode';
import { formatAccuracy, formatBytes, formatRatio } from '../../../webview/ui/format.ts';
import type { GoalRecipe } from '../../compress/recipe.ts';
import type { CompressResult, Verdict } from '../../engine/protocol-model.ts';
import { plainText } from '../../model/plain-text.ts';
import { achieved } from '../achieved.ts';
import type { RunOptions } from '../../engine/client.ts';
import { compressOne, outputFor, type Compressed } from '../compressing.ts';
import { chooseSamples, samplesOrAsk } from '../dataset.ts';
import { outputsText, verdictOfResult } from '../outputs-text.ts';
import { modelKinds } from '../endings.ts';
import { isCancelled, lineOf, openLogLabel, report, UserError } from '../errors.ts';
import { exists, isWritable, nameOf, pathOf, reveal, uriOfPath } from '../files.ts';
import { trainedLonger } from '../longer-recipe.ts';
import { isAbout, otherSamplesLabel } from '../on-samples.ts';
import { freePath } from '../output-path.ts';
import { presetIn, presetNamed } from '../presets.ts';
import { withProgress } from '../progress.ts';
import type { Services } from '../services.ts';
import { askForTargets, namedTargets } from '../targets.ts';
import { askForWay, type Way } from '../ways.ts';
import { checkpointOf, trainInView } from '../training/panel.ts';
import { showReport } from './show-report.ts';

/** Characters of a path in a question. */
const longestPath = 300;

interface Planned {
  readonly model: vscode.Uri;
  readonly out: string;
  readonly overwrite: boolean;
  /** Not from where an interrupted training was. */
  readonly fresh?: boolean;
}

/** What a keybinding may name; the engine checks the goal. */
interface Named {
  readonly preset?: unknown;
  /** A recipe file, in the workspace or not. */
  readonly recipe?: unknown;
  readonly goal?: GoalRecipe;
}

interface Outcome {
  readonly done: readonly { readonly plan: Planned; readonly result: Compressed }[];
  readonly failed: readonly {
    readonly plan: Planned;
    readonly line: string;
    /** The samples do not fit: others may. */
    readonly samples: boolean;
  }[];
  readonly cancelled: boolean;
}

/**
 * @param clicked the file, a tree node, or `{ uri, preset, goal }` from a keybinding: a named
 *   preset is not asked for
 * @returns the results of the files that were compressed
 */
export async function compress(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<readonly Compressed[]> {
  const title = vscode.l10n.t('Compress Model');
  const named = namedTargets(clicked, selected, modelKinds);
  const models = named.length > 0 ? named : await askForTargets(modelKinds, title);
  if (models.length === 0) return [];
  if (!models.every(isWritable))
    throw new UserError(vscode.l10n.t('Only models on disk can be compressed'));

  const subject =
    models.length === 1 ? nameOf(models[0]!) : vscode.l10n.t('{0} models', models.length);
  const asked = `${title}: ${subject}`;
  const way = await wayFor(services, clicked, models, asked);
  return way ? compressBy(services, way, models, { subject, title: asked }) : [];
}

/** In a decided way; `named.subject` is what is compressed, in a few words. */
async function compressBy(
  services: Services,
  way: Way,
  models: readonly vscode.Uri[],
  named: { readonly subject: string; readonly title: string },
): Promise<readonly Compressed[]> {
  const { subject, title } = named;
  const { recipe, trains, labelled, calibrates } = await way.load();
  const needed = trains || calibrates;
  const kind = labelled ? 'labelled' : 'inputs';
  const samples = needed ? await samplesOrAsk(services, models[0]!, title, kind) : undefined;
  if (needed && !samples) return [];
  const planned = await planOutputs(models, way.name);
  const plans = trains ? await planResumes(planned) : planned;
  if (!plans) return [];
  const goal = way.goal && { goal: way.goal };

  const outcome = await withProgress(
    vscode.l10n.t('Compressing {0} with {1}', subject, way.name),
    async ({ signal, onProgress }): Promise<Outcome> => {
      const done: Outcome['done'][number][] = [];
      const failed: Outcome['failed'][number][] = [];
      for (const [index, plan] of plans.entries()) {
        const label = plans.length > 1 ? `${index + 1}/${plans.length} ${nameOf(plan.model)}` : '';
        try {
          const options: Pick<RunOptions, 'signal' | 'onProgress'> = {
            signal,
            onProgress: (p) => onProgress(p, index, plans.length, label),
          };
          const compression = { ...plan, ...goal, recipe, trains, ...(samples && { samples }) };
          const result =
            trains && samples
              ? await trainInView(services, { ...compression, samples, preset: way.name }, options)
              : await compressOne(services, compression, options);
          done.push({ plan, result });
        } catch (error) {
          if (signal.aborted || isCancelled(error)) return { done, failed, cancelled: true };
          services.log.error(
            `${pathOf(plan.model)}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
          );
          const line = lineOf(error, plan.model);
          const name = nameOf(plan.model);
          failed.push({
            plan,
            line: line.includes(name) ? line : `${name}: ${line}`,
            samples: samples !== undefined && isAbout(samples, error),
          });
        }
      }
      return { done, failed, cancelled: false };
    },
  );
  if (outcome.done.length > 0) achieved('compressed');
  const again = async (): Promise<void> => {
    if (await chooseSamples(services, models[0]!, title, kind))
      await compressBy(services, way, models, named);
  };
  const longer = async (trained: object): Promise<void> => {
    const name = `${way.name}-longer`;
    const load = () => Promise.resolve({ recipe: trained, trains, labelled, calibrates });
    await compressBy(services, { name, load }, models, named);
  };
  void summarise(services, outcome, { again, longer }).catch((error: unknown) =>
    report(error, 'compress', services),
  );
  return outcome.done.map(({ result }) => result);
}

async function wayFor(
  services: Services,
  clicked: unknown,
  models: readonly vscode.Uri[],
  title: string,
): Promise<Way | undefined> {
  const { preset, recipe, goal } = (typeof clicked === 'object' ? (clicked ?? {}) : {}) as Named;
  if (recipe instanceof vscode.Uri) return presetIn(recipe);
  if (typeof preset !== 'string') return askForWay(services, models, title);
  const { name, load } = await presetNamed(services, models[0], preset);
  return { name, load, ...(goal && { goal }) };
}

/** Outputs of all models; asks once about those that exist. Undefined when cancelled. */
async function planOutputs(
  models: readonly vscode.Uri[],
  preset: string,
): Promise<readonly Planned[] | undefined> {
  const used = new Set<string>();
  const onDisk = (path: string): Promise<boolean> => exists(uriOfPath(path));
  const taken = async (path: string): Promise<boolean> => used.has(path) || (await onDisk(path));
  const wanted: Planned[] = [];
  for (const model of models) {
    const path = outputFor(model, preset);
    // two models of one name in one output folder: the second gets a free name
    const out = used.has(path) ? await freePath(path, taken) : path;
    used.add(out);
    wanted.push({ model, out, overwrite: false });
  }
  const there = new Set<string>();
  for (const { out } of wanted) if (await onDisk(out)) there.add(out);
  if (there.size === 0) return wanted;

  const replace = vscode.l10n.t('Replace');
  const keep = vscode.l10n.t('Keep Both');
  const first = uriOfPath([...there][0]!);
  const question =
    there.size === 1
      ? vscode.l10n.t("'{0}' already exists.", nameOf(first))
      : vscode.l10n.t('{0} of {1} compressed files already exist.', there.size, wanted.length);
  const paths = [...there].slice(0, 8).map((path) => plainText(path, longestPath));
  const answer = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail: paths.join('\n') },
    // the first button is what Enter presses
    keep,
    replace,
  );
  if (answer === replace) return wanted.map((p) => ({ ...p, overwrite: there.has(p.out) }));
  if (answer !== keep) return undefined;
  const plans: Planned[] = [];
  for (const plan of wanted) {
    const out = there.has(plan.out) ? await freePath(plan.out, taken) : plan.out;
    used.add(out);
    plans.push({ ...plan, out });
  }
  return plans;
}

/** Asks once whether interrupted trainings shall go on where they were. Undefined when dismissed. */
async function planResumes(
  plans: readonly Planned[] | undefined,
): Promise<readonly Planned[] | undefined> {
  const interrupted = new Set<Planned>();
  for (const plan of plans ?? []) if (await exists(checkpointOf(plan.out))) interrupted.add(plan);
  if (interrupted.size === 0) return plans;
  const goOn = vscode.l10n.t('Go On');
  const anew = vscode.l10n.t('Begin Anew');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      'An earlier training of {0} was interrupted.',
      nameOf([...interrupted][0]!.model),
    ),
    {
      modal: true,
      detail: vscode.l10n.t(
        'With the same preset and samples it can go on after its last epoch, and ends as if it had not been interrupted.',
      ),
    },
    goOn,
    anew,
  );
  if (answer === goOn) return plans;
  if (answer !== anew) return undefined;
  return plans?.map((plan) => (interrupted.has(plan) ? { ...plan, fresh: true } : plan));
}

/** What can be done about an outcome. */
interface Next {
  /** With other samples. */
  readonly again: () => Promise<void>;
  /** By the recipe that trains longer. */
  readonly longer: (recipe: object) => Promise<void>;
}

async function summarise(
  services: Services,
  outcome: Outcome,
  { again, longer }: Next,
): Promise<void> {
  const { done, failed, cancelled } = outcome;
  const one = done.length === 1 ? done[0]! : undefined;
  const verdict = worstVerdict(done.map(({ result }) => result));
  const showIt = done.length > 1 ? vscode.l10n.t('Show Reports') : vscode.l10n.t('Show Report');
  const revealIt = vscode.l10n.t('Reveal');
  const useIt = vscode.l10n.t('Use This Model');
  const lines: string[] = [];
  if (one) {
    lines.push(outputsText(one.result));
    lines.push(sizeLine(nameOf(one.plan.model), [one.result]));
    for (const line of accuracyLine(one.result)) lines.push(line);
  } else if (done.length > 1)
    lines.push(
      sizeLine(
        vscode.l10n.t('{0} models', done.length),
        done.map((d) => d.result),
      ),
    );
  if (failed.length === 1) lines.push(failed[0]!.line);
  else if (failed.length > 1)
    lines.push(vscode.l10n.t('{0} models failed: {1}', failed.length, failed[0]!.line));
  if (cancelled) lines.push(vscode.l10n.t('Canceled.'));

  if (cancelled && done.length === 0 && failed.length === 0) {
    vscode.window.setStatusBarMessage(vscode.l10n.t('Compression canceled'), 4000);
    return;
  }
  const milder = vscode.l10n.t('Try a Milder One');
  const trainLonger = vscode.l10n.t('Train Longer');
  const recipe = one?.result.retraining?.recipe;
  const mild =
    one && verdict !== 'kept'
      ? [
          ...(recipe ? [trainLonger] : []),
          milder,
          ...(recipe ? [vscode.l10n.t('Keep Anyway')] : []),
        ]
      : [];
  const buttons = done.length > 0 ? [showIt, ...mild, ...(one ? [useIt] : []), revealIt] : [];
  const others = failed.some(({ samples }) => samples) ? [otherSamplesLabel()] : [];
  const text = lines.join(' ');
  const answer =
    failed.length > 0
      ? await vscode.window.showErrorMessage(text, ...buttons, ...others, openLogLabel())
      : verdict === 'kept'
        ? await vscode.window.showInformationMessage(text, ...buttons)
        : await vscode.window.showWarningMessage(text, ...buttons);
  const written = done.map(({ result }) => uriOfPath(result.output.path));
  if (answer === showIt) for (const uri of written.slice(0, 10)) await showReport(uri, undefined);
  else if (answer === revealIt) await reveal(written[0]!);
  else if (answer === useIt)
    await vscode.commands.executeCommand('deepCompression.useModel', written[0]);
  else if (answer === milder && one)
    await vscode.commands.executeCommand('deepCompression.compress', one.plan.model);
  else if (answer === trainLonger && recipe) await longer(trainedLonger(recipe));
  else if (answer === otherSamplesLabel()) await again();
  else if (answer === openLogLabel()) services.log.show();
}

function sizeLine(subject: string, results: readonly CompressResult[]): string {
  const before = results.reduce((sum, r) => sum + r.input.bytes, 0);
  const after = results.reduce((sum, r) => sum + r.output.bytes, 0);
  const sizes = [formatBytes(before), formatBytes(after)] as const;
  return after < before
    ? vscode.l10n.t(
        '{0}: {1} smaller, {2} → {3}, decodes exactly.',
        subject,
        formatRatio(before / after),
        ...sizes,
      )
    : vscode.l10n.t('{0}: did not get smaller, {1} → {2}, decodes exactly.', subject, ...sizes);
}

/** The worst of what compressions did to the outputs; what nobody measured is not called kept. */
function worstVerdict(results: readonly Compressed[]): Verdict {
  const verdicts = results.map((result) => verdictOfResult(result));
  if (verdicts.includes('destroyed')) return 'destroyed';
  return verdicts.includes('changed') ? 'changed' : 'kept';
}

/** What became of accuracy, where the preset retrains and there were samples to tell. */
function accuracyLine({ retraining }: Compressed): string[] {
  if (!retraining) return [];
  const { before, after } = retraining.test ?? retraining;
  const shares = [before?.top1 ?? null, after?.top1 ?? null];
  if (shares.includes(null)) return [];
  const values = shares.map((share) => formatAccuracy(share ?? 0));
  return [
    retraining.agreement
      ? vscode.l10n.t('Agrees with the original on {1} of the samples.', ...values)
      : vscode.l10n.t('Accuracy {0} → {1}.', ...values),
  ];
}
