/** What a compression did to the outputs of a model, in words. */
import { likelyLoss, type Fidelity } from '../fidelity/compare.ts';
import type { AgreementResult, Stated } from '../engine/protocol-fidelity.ts';
import type { CompressResult } from '../engine/protocol-model.ts';
import { count, name, seconds } from './format.ts';

const share = (x: number): string => `${(x * 100).toFixed(2)}%`;

/** What an answer of each kind of output is. */
const answers: Readonly<Record<Fidelity['kind'], string>> = {
  class: 'classes',
  classes: 'classes, one a position,',
  sequence: 'texts (CTC)',
  map: 'regions of the probability map',
  decision: 'yes-or-no answers (above 0.5)',
  ids: 'whole numbers',
  values: 'outputs',
};

/** `2.50% of 120 classes changed (95% interval 0.85% to 7.09%), …` */
export function fidelityLine(f: Fidelity): string {
  const moved = `outputs moved by ${share(f.relativeError)}`;
  if (f.interval === null) return `${moved} of their size on ${count(f.samples)} samples`;
  const { low, high } = f.interval;
  const changed = `${share(f.disagreement)} of ${count(Math.round(f.answers))} ${answers[f.kind]} changed (95% interval ${share(low)} to ${share(high)})`;
  const cost = f.accuracy
    ? `accuracy ${share(f.accuracy.original)} -> ${share(f.accuracy.changed)}`
    : `expected loss ${share(likelyLoss(f))}${f.smoothLoss ? ` ± ${share(f.smoothLoss.error)}` : ''}`;
  return `${changed}, ${cost}, ${moved}`;
}

const warnings = { kept: '', changed: 'CHECK THIS FILE: ', destroyed: 'PROBABLY UNUSABLE: ' };

/** The first line of a compression: what it did to the outputs, or that nobody looked. */
export function outputsLine({
  fidelity,
  notMeasured,
  maxLoss,
}: Pick<CompressResult, 'fidelity' | 'notMeasured' | 'maxLoss'>): string {
  if (!fidelity)
    return `outputs not measured${notMeasured ? ` (${notMeasured})` : ''}: --data FILE measures them, or deepc evaluate with --against`;
  const warning = warnings[fidelity.verdict];
  const { samples, relativeError } = fidelity;
  if (fidelity.on === 'made-up inputs')
    return `${warning}outputs moved by ${share(relativeError)} of their size, estimated on ${count(samples)} made-up inputs: --data FILE measures the loss`;
  const line = `${warning}outputs, on ${count(samples)} samples that chose nothing: ${fidelityLine(fidelity)}`;
  const loss = likelyLoss(fidelity);
  return maxLoss !== undefined && loss > maxLoss
    ? `warning: the loss is ${share(loss)} where ${share(maxLoss)} was asked for: give more samples, or a smaller --max-loss\n${line}`
    : line;
}

/** The first line of a report: what the file says of itself, which nothing proves. */
export function statedLine(stated: Stated | undefined): string[] {
  const { outputs, verdict } = stated ?? {};
  if (!outputs || !verdict) return [];
  const { on, kind, samples, answers: given, disagreement, interval, loss, accuracy } = outputs;
  const moved = `outputs moved by ${share(outputs.relativeError)} of their size`;
  const many = `${count(samples)} ${on}`;
  const line = accuracy
    ? `accuracy ${share(accuracy.original)} -> ${share(accuracy.changed)} on ${many}, ${moved}`
    : on === 'made-up inputs' || interval === null
      ? `${moved}, ${on === 'samples' ? 'on' : 'estimated on'} ${many}`
      : `${share(disagreement)} of ${count(given)} ${answers[kind]} changed on ${many} (95% interval ${share(interval.low)} to ${share(interval.high)}), expected loss ${share(loss)}, ${moved}`;
  return [`${warnings[verdict]}${line}, as the file states`, ''];
}

export function agreementText({
  fidelity,
  seconds: time,
  runtime,
  notes,
}: AgreementResult): string {
  const others = fidelity.outputs.filter((o) => o.name !== fidelity.name);
  return [
    fidelityLine(fidelity),
    ...others.map((o) => `  ${name(o.name)}: moved by ${share(o.relativeError)}`),
    `${count(fidelity.samples)} samples in ${seconds(time)} (${runtime})`,
    ...notes.map((note) => `note: ${name(note, 300)}`),
  ].join('\n');
}
