/** `deepc groups` and `deepc slim`: their arguments, and their results as text. */
import type { GroupsResult, SlimInput, SlimResult } from '../engine/protocol-slim.ts';
import { sizeText } from '../model/size-text.ts';
import { scoreNames } from '../structure/order.ts';
import { fidelityLine } from './fidelity-text.ts';
import { count, name, table } from './format.ts';
import { UsageError } from './usage.ts';

export const slimOptions = {
  keep: { type: 'string' },
  work: { type: 'string' },
  score: { type: 'string' },
  multiple: { type: 'string' },
} as const;

export const slimTakes: readonly string[] = [
  ...Object.keys(slimOptions),
  ...['out', 'force', 'seed', 'threads'],
  ...['data', 'labels', 'samples', 'scale', 'mean', 'deviation'],
];

export const slimUsage = `
  deepc groups MODEL                           channels that can be removed, and why others stay
  deepc slim MODEL --keep SHARE | --work SHARE --out MODEL.onnx [--data FILE]
                                               a smaller model without some channels, both run`;

export const slimOptionsUsage = `
options of slim
  --keep SHARE    share of the channels of every group that stays, such as 0.6
  --work SHARE    share of all multiply-accumulates that stays: channels go where they cost least
  --score NAME    what decides which go: l1, l2 (of weights), gamma (of BatchNormalization), outputs
                  (of the layers that read them; needs --data) (default: outputs with --data, else l2)
  --multiple N    groups keep a multiple of N channels`;

type SlimValues = { readonly [K in keyof typeof slimOptions]?: string | undefined };

/** @throws UsageError */
export function slimArguments(
  values: SlimValues,
): Pick<SlimInput, 'keep' | 'of' | 'score' | 'multiple'> {
  const { keep, work, score, multiple } = values;
  if ((keep === undefined) === (work === undefined))
    throw new UsageError('deepc slim needs --keep SHARE or --work SHARE, one of them');
  const named = scoreNames.find((s) => s === score);
  if (score !== undefined && !named)
    throw new UsageError(`--score needs one of ${scoreNames.join(', ')}, not '${score}'`);
  const of = keep === undefined ? 'work' : 'channels';
  const text = keep ?? work!;
  const share = /^\d*\.?\d+$/.test(text) ? Number(text) : NaN;
  if (!(share > 0 && share < 1))
    throw new UsageError(
      `--${keep === undefined ? 'work' : 'keep'} needs a share above 0 and below 1, such as 0.6, not '${text}'`,
    );
  const step =
    multiple === undefined ? undefined : /^[1-9]\d{0,3}$/.test(multiple) ? Number(multiple) : NaN;
  if (Number.isNaN(step))
    throw new UsageError(`--multiple needs a whole number from 1 to 9999, not '${multiple!}'`);
  return {
    ...{ keep: share, of },
    ...(named && { score: named }),
    ...(step !== undefined && { multiple: step }),
  };
}

export function groupsText({ groups, boundaries, inputs }: GroupsResult): string {
  const rows = groups.map((group) => [
    name(group.name),
    count(group.channels),
    count(group.layers.length),
    count(group.readers.length),
    group.changes === undefined ? '' : `normalised over by ${name(group.changes)}`,
  ]);
  const columns = [
    { title: 'group', align: 'left' as const },
    { title: 'channels', align: 'right' as const },
    { title: 'layers', align: 'right' as const },
    { title: 'read by', align: 'right' as const },
    { title: '', align: 'left' as const },
  ];
  return [
    ...(groups.length === 0 ? ['no channel can be removed'] : [table(columns, rows)]),
    ...(boundaries.length === 0 ? [] : ['', 'outputs that stay:']),
    ...boundaries.map(
      ({ layer, whole, of, why }) =>
        `  ${name(layer)}: ${whole === of ? 'all' : `${count(whole)} of`} ${count(of)}: ${name(why, 200)}`,
    ),
    '',
    ...inputs.map((line) => `dimensions are those on a made-up input, ${name(line, 200)}`),
  ].join('\n');
}

export function slimText(result: SlimResult): string {
  const { before, after, groups, runtimes, inputs, fidelity, notes, output, score } = result;
  const columns = [
    { title: 'group', align: 'left' as const },
    { title: 'kept', align: 'right' as const },
    { title: 'of', align: 'right' as const },
  ];
  const share = (a: number, b: number): string => `${((100 * a) / b).toFixed(1)}%`;
  const rows = groups.map((group) => [name(group.name), count(group.kept), count(group.of)]);
  return [
    table(columns, rows),
    '',
    `${output.path}: ${sizeText(after.bytes)}, the original ${sizeText(before.bytes)}; channels chosen by ${score}`,
    `parameters ${count(after.parameters)} of ${count(before.parameters)} (${share(after.parameters, before.parameters)}), multiply-accumulates ${count(after.macs)} of ${count(before.macs)} (${share(after.macs, before.macs)})`,
    ...runtimes.map(
      (r) =>
        `${r.runtime}: ${r.exported.toFixed(2)} ms a run, the original ${r.original.toFixed(2)} ms (one thread, medians of alternating runs); outputs moved by ${share(r.relativeError, 1)} of their size`,
    ),
    ...inputs.map((line) => `  on a made-up input, ${name(line, 200)}`),
    fidelity
      ? `on ${count(fidelity.samples)} samples that decided nothing: ${fidelityLine(fidelity)}`
      : 'what it did to the answers is not known: --data FILE measures it, and repairs the layers that lost inputs',
    ...notes.map((note) => `note: ${name(note, 300)}`),
  ].join('\n');
}
