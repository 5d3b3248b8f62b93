/**
 * What a .dcz says of itself (container/statement.ts): which model it was made of, and what that did to the
 * outputs. Figures are rounded to what they mean, so that runs that differ in the last bits of a float say
 * the same. Whoever reads it takes it as a claim: anyone can write one.
 */
import { host } from '#host';
import { likelyLoss } from '../fidelity/compare.ts';
import type { OutputKind } from '../fidelity/kinds.ts';
import { verdictBy, type Basis } from '../fidelity/verdict.ts';
import { piecesOf } from '../model/bytes.ts';
import type { Model } from '../model/model.ts';
import type { JudgedFidelity, Stated, StatedOutputs, Statement } from './protocol-fidelity.ts';
import { filledText, number, oneOf, optional, record, type Check } from './shape.ts';

/** Characters of a model's name that are kept. */
const longestName = 200;

/** @param path of the model, which external data lies beside */
export function statementOf(
  path: string,
  model: Model,
  fidelity: JudgedFidelity | undefined,
  maxLoss?: number,
): Statement {
  return {
    model: { name: host.paths.basename(path).slice(0, longestName), sha256: hashOf(model) },
    ...(fidelity && { outputs: statedOutputs(fidelity) }),
    ...(maxLoss !== undefined && { maxLoss }),
  };
}

/** The first 16 bytes of the SHA-256 of all files of a model, one after another, in base64url. */
export function hashOf({ files }: Pick<Model, 'files'>): string {
  const hash = host.sha256(bytesOf(files));
  const first = Array.from({ length: 16 }, (_, i) => parseInt(hash.slice(2 * i, 2 * i + 2), 16));
  const text = btoa(String.fromCharCode(...first)).replace(/=+$/, '');
  return text.replaceAll('+', '-').replaceAll('/', '_');
}

function* bytesOf(files: Model['files']): Generator<Uint8Array> {
  for (const { source } of files) yield* piecesOf(source);
}

function statedOutputs({ on, ...fidelity }: JudgedFidelity): StatedOutputs {
  const { kind, samples, answers, disagreement, interval, relativeError, accuracy } = fidelity;
  return {
    ...{ on, kind, samples, answers: Math.round(answers) },
    disagreement: rounded(disagreement),
    interval: interval && { low: rounded(interval.low), high: rounded(interval.high) },
    loss: rounded(likelyLoss(fidelity)),
    relativeError: rounded(relativeError),
    accuracy: accuracy && {
      original: rounded(accuracy.original, 6),
      changed: rounded(accuracy.changed, 6),
    },
  };
}

function rounded(value: number, digits = 2): number {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : 1;
}

const pairOfNumbers = <A extends string, B extends string>(a: A, b: B) =>
  nullable(record<Record<A | B, number>>({ [a]: number, [b]: number } as never));

function nullable<T>(check: Check<T>): Check<T | null> {
  return (v): v is T | null => v === null || check(v);
}

const statement = record<Statement>({
  model: record<Statement['model']>({ name: filledText, sha256: filledText }),
  outputs: optional(
    record<StatedOutputs>({
      on: oneOf<Basis>({ samples: true, 'made-up inputs': true }),
      kind: oneOf<OutputKind['kind']>({
        ...{ class: true, classes: true, sequence: true, map: true },
        ...{ decision: true, ids: true, values: true },
      }),
      ...{ samples: number, answers: number, disagreement: number },
      interval: pairOfNumbers('low', 'high'),
      ...{ loss: number, relativeError: number },
      accuracy: pairOfNumbers('original', 'changed'),
    }),
  ),
  maxLoss: optional(number),
});

/** What a file says, where it says what this program understands, with our own verdict on it. */
export function statedBy(stored: object | undefined): Stated | undefined {
  if (!statement(stored)) return undefined;
  const { outputs } = stored;
  return { ...stored, ...(outputs && { verdict: verdictBy(outputs, outputs.on) }) };
}
