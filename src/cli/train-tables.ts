/** The results of the jobs that need data, as text. */
import type { Accuracy, Retraining, SensitivityResult } from '../engine/protocol-accuracy.ts';
import type { ReportResult } from '../engine/protocol-model.ts';
import type { EvaluateResult, RetrainResult } from '../engine/protocol-train.ts';
import { count, name, number, percent, seconds, table, type Column } from './format.ts';
import { sizeText } from '../model/size-text.ts';
import { takenLine } from '../engine/taken-line.ts';
import { statedLine } from './fidelity-text.ts';
import { compressTable } from './tables.ts';

const right = (title: string): Column => ({ title, align: 'right' });
const exact = (share: number): string => `${(share * 100).toFixed(2)}%`;

/** What was taken for samples and labels, and which output was scored. */
function takenText(...of: Parameters<typeof takenLine>): string {
  return `taken: ${name(takenLine(...of), 400)}`;
}

/** `top-1 98.36% (error 1.64%), top-5 99.98%, loss 0.0543` */
export function accuracyText({ top1, top5, loss }: Accuracy): string {
  if (top1 === null) return `mean squared error ${number(loss)}`;
  return `top-1 ${exact(top1)} (error ${exact(1 - top1)}), top-5 ${top5 === null ? '-' : exact(top5)}, loss ${number(loss)}`;
}

export function evaluateText(result: EvaluateResult): string {
  const rate = result.samples / Math.max(result.seconds, 1e-9);
  return [
    accuracyText(result),
    `${count(result.samples)} samples in ${seconds(result.seconds)}, ${count(Math.round(rate))} a second (${result.runtime})`,
    takenText(result.taken, result.scored),
    ...result.notes.map((note) => `note: ${name(note, 300)}`),
  ].join('\n');
}

/** Before and after, on the samples held out of training and on the test samples. */
export function accuracyLines(retraining: Retraining): string[] {
  const { before, after, test, agreement, taken, testTaken, scored } = retraining;
  const without = agreement
    ? ['without labels: accuracy is agreement with the model as it was']
    : [];
  const lines = [
    { of: 'held-out', before, after },
    { of: 'test', before: test?.before, after: test?.after },
  ].flatMap((on) =>
    on.before && on.after
      ? [
          `${on.of} samples (${count(on.after.samples)})`,
          `  before: ${accuracyText(on.before)}`,
          `  after:  ${accuracyText(on.after)}`,
        ]
      : [],
  );
  return [
    ...without,
    ...lines,
    ...(taken && scored ? [takenText(taken, scored)] : []),
    ...(testTaken ? [`test ${takenText(testTaken)}`] : []),
  ];
}

/** What a report shows of a .dcz, and of its accuracy where that is known. */
export function reportText(result: ReportResult): string {
  const { retraining, sensitivity } = result.training ?? {};
  return [
    ...statedLine(result.stated),
    compressTable(result),
    ...(retraining
      ? ['', `retrained on ${name(retraining.data, 80)}`, ...accuracyLines(retraining)]
      : []),
    ...(sensitivity ? ['', sensitivityText(sensitivity)] : []),
  ].join('\n');
}

/** Epochs, then what compress shows, then accuracy before and after. */
export function retrainText(result: RetrainResult): string {
  const { compressed, end } = result;
  const columns = [
    { title: 'stage', align: 'left' } as const,
    right('epoch'),
    right('zeros'),
    right('training loss'),
    right('held-out loss'),
    right('held-out top-1'),
  ];
  const rows = result.epochs.map((e) => [
    `${e.stage + 1} ${e.kind}${e.kind === 'prune' ? ` ${e.step + 1}` : ''}`,
    String(e.epoch),
    percent(e.sparsity),
    number(e.trainingLoss),
    number(e.validation?.loss ?? null),
    typeof e.validation?.top1 === 'number' ? exact(e.validation.top1) : '-',
  ]);
  const lines = [table(columns, rows), ''];
  if (compressed) lines.push(compressTable({ ...compressed, notes: [] }), '');
  else lines.push(`${result.output.path}: ${sizeText(result.output.bytes)}`, '');
  for (const line of accuracyLines(result)) lines.push(line);
  lines.push(
    `trained in ${seconds(result.seconds)} (${result.runtime}, ${result.threads} thread${result.threads === 1 ? '' : 's'})${end === 'stopped' ? ', stopped early' : ''}${result.resumed ? ', resumed' : ''}`,
  );
  for (const note of result.notes) lines.push(`note: ${name(note, 300)}`);
  return lines.join('\n');
}

/** Top-1 (or the loss, without classes) of every layer at every sparsity, then at every width. */
export function sensitivityText(result: SensitivityResult): string {
  const { baseline, layers, kinds } = result;
  const shown = ({ top1, loss }: Accuracy): string => (top1 === null ? number(loss) : exact(top1));
  const lines = [`as it is: ${accuracyText(baseline)} (${count(baseline.samples)} samples)`];
  const sparsities = layers[0]?.pruned.map((p) => p.sparsity) ?? [];
  if (sparsities.length > 0)
    lines.push(
      '',
      'one layer pruned, the share of its weights that is gone:',
      table(
        [{ title: 'layer', align: 'left' }, ...sparsities.map((s) => right(percent(s)))],
        layers.map((l) => [name(l.name), ...l.pruned.map(shown)]),
      ),
    );
  const widths = [...new Set(layers[0]?.shared.map((p) => p.bits) ?? [])];
  const inits = [...new Set(layers[0]?.shared.map((p) => p.init) ?? [])];
  for (const init of widths.length > 0 ? inits : [])
    lines.push(
      '',
      `values shared in one layer, or in all of a kind (k-means, ${init}), bits:`,
      table(
        [{ title: 'layer', align: 'left' }, ...widths.map((b) => right(String(b)))],
        [...layers, ...kinds.map((k) => ({ ...k, name: `${k.kind} together` }))].map((l) => [
          name(l.name),
          ...l.shared.filter((p) => p.init === init).map(shown),
        ]),
      ),
    );
  lines.push('', `${seconds(result.seconds)} (${result.runtime})`);
  const { taken, scored } = result;
  if (taken && scored) lines.push(takenText(taken, scored));
  return [...lines, ...result.notes.map((note) => `note: ${name(note, 300)}`)].join('\n');
}
