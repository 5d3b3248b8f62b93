/**
 * Whether plain data has the shape of a checkpoint, and its arrays the lengths of the network that takes
 * them up. What run it is of is stated beside it (engine/train/checkpoints.ts).
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Checkpoint } from './run.ts';

type Plain = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumber: Check = (value) => typeof value === 'number';
const isFloats: Check = (value) => value instanceof Float32Array;
const isBytes: Check = (value) => value instanceof Uint8Array;
const isText: Check = (value) => typeof value === 'string';
const or =
  (check: Check, other: unknown): Check =>
  (value) =>
    value === other || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isPlain(value) && Object.entries(fields).every(([key, check]) => check(value[key]));

const isScore = shape({
  samples: isCount,
  top1: or(isNumber, null),
  top5: or(isNumber, null),
  loss: or(isNumber, null), // JSON has no infinity
});

const isEpoch = shape({
  stage: isCount,
  kind: isText,
  step: isCount,
  epoch: isNumber,
  trainingLoss: or(isNumber, null),
  validation: or(isScore, null),
  sparsity: isNumber,
});

const isBest = shape({
  epoch: isCount,
  validation: or(isScore, null),
  variables: list(isFloats),
  states: list(isFloats),
});

const structures: Readonly<Record<string, Check>> = {
  dense: shape({ mask: or(isBytes, undefined) }),
  shared: (value) =>
    shape({ codes: isBytes, codebook: isFloats })(value) && codesExist(value as SharedCodes),
  ternary: shape({
    latent: isFloats,
    scales: (value) => isFloats(value) && (value as Float32Array).length === 2,
    cut: isNumber,
    mask: or(isBytes, undefined),
  }),
  hashed: shape({ layout: (value) => hashedLayout(value), values: isFloats }),
};

const isCountAbove0: Check = (value) => isCount(value) && value !== 0;
const isFlag: Check = (value) => typeof value === 'boolean';
const hashedLayout = shape({
  values: isCountAbove0,
  outputs: isCountAbove0,
  inputs: isCountAbove0,
  transposed: isFlag,
  bias: isFlag,
  seed: isCount,
});

interface SharedCodes {
  readonly codes: Uint8Array;
  readonly codebook: Float32Array;
}

function codesExist({ codes, codebook }: SharedCodes): boolean {
  return codes.every((code) => code < codebook.length);
}

const isStructure: Check = (value) =>
  isPlain(value) &&
  typeof value['kind'] === 'string' &&
  Object.hasOwn(structures, value['kind']) &&
  structures[value['kind']]!(value);

export const isCheckpointShape = shape({
  stage: isCount,
  step: isCount,
  phase: shape({
    epoch: isCount,
    optimizer: shape({ steps: isCount, moments: list(isFloats) }),
    best: isBest,
  }),
  structures: list(isStructure),
  variables: list(isFloats),
  states: list(isFloats),
  history: list(isEpoch),
  pruned: list(isText),
}) as (value: unknown) => value is Checkpoint;

/** @throws DeepCompressionError `invalid-input` unless all lengths are the same */
export function refuseOther(own: readonly Float32Array[], kept: readonly Float32Array[]): void {
  if (own.length !== kept.length || own.some((array, i) => array.length !== kept[i]!.length))
    ofAnotherNetwork();
}

export function ofAnotherNetwork(): never {
  throw new DeepCompressionError('invalid-input', 'the checkpoint is of another network');
}
