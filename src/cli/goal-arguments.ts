/** The arguments of `deepc compress` with samples: what they are, and the goal that the result must keep. */
import type { GoalRecipe } from '../compress/recipe.ts';
import type { CompressInput } from '../engine/protocol-model.ts';
import { trainArguments, type TrainValues } from './train-arguments.ts';
import { UsageError } from './usage.ts';

export const goalOptions = {
  'max-loss': { type: 'string' },
  ratio: { type: 'string' },
  'max-bytes': { type: 'string' },
} as const;

export const goalTakes: readonly string[] = [
  ...['data', 'labels', 'scale', 'mean', 'deviation'],
  ...Object.keys(goalOptions),
];

/** Of search and impact. */
export const searchTakes: readonly string[] = [
  ...['data', 'labels', 'scale', 'mean', 'deviation'],
  ...['out', 'preset', 'recipe', 'seed', 'threads', 'force'],
];

export type GoalArguments = Pick<CompressInput, 'data' | 'normalisation' | 'goal'>;

type GoalValues = TrainValues & {
  readonly [K in keyof typeof goalOptions]?: string | undefined;
};

/** Empty without samples. @throws UsageError */
export function goalArguments(values: GoalValues): GoalArguments {
  const given = (['max-loss', 'ratio', 'max-bytes'] as const).filter(
    (k) => values[k] !== undefined,
  );
  if (values.data === undefined) {
    const extra = [...given, ...(['labels', 'scale', 'mean', 'deviation'] as const)].find(
      (key) => values[key] !== undefined,
    );
    if (extra) throw new UsageError(`--${extra} needs --data FILE, samples to measure on`);
    return {};
  }
  if (given.length > 1) throw new UsageError(`--${given[0]} and --${given[1]} exclude each other`);
  const { data, normalisation } = trainArguments('compress', values);
  const goal = goalOf(values);
  return { data, ...(normalisation && { normalisation }), ...(goal && { goal }) };
}

function goalOf({
  'max-loss': maxLoss,
  ratio,
  'max-bytes': maxBytes,
}: GoalValues): GoalRecipe | undefined {
  if (maxLoss !== undefined) return { maxLoss: lossOf(maxLoss) };
  if (ratio !== undefined) return { ratio: above('ratio', ratio, 1, /^(\d+(?:\.\d+)?)x?$/i) };
  return maxBytes === undefined ? undefined : { maxBytes: bytesOf(maxBytes) };
}

/** `0.5%`, or `0.005`. */
function lossOf(text: string): number {
  const [, digits, sign] = /^(\d*\.?\d+)(%?)$/.exec(text) ?? [];
  const loss = Number(digits) / (sign ? 100 : 1);
  if (loss > 0 && loss < 1) return loss;
  throw new UsageError(`--max-loss needs a share such as 0.5% or 0.005, not '${text}'`);
}

function above(key: string, text: string, least: number, form: RegExp): number {
  const value = Number(form.exec(text)?.[1]);
  if (value > least) return value;
  throw new UsageError(`--${key} needs a number above ${least}, not '${text}'`);
}

/** `2000000`, `500k` or `2M`: thousands and millions. */
function bytesOf(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
  const bytes = Math.floor(Number(digits) * { '': 1, k: 1e3, M: 1e6 }[unit as '' | 'k' | 'M']);
  if (bytes >= 1) return bytes;
  throw new UsageError(`--max-bytes needs a size such as 2000000, 500k or 2M, not '${text}'`);
}
