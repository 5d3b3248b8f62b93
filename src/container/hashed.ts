/**
 * Hashed tensors (compress/hash/places.ts) in a .dcz: their shared values are the next float32 numbers of
 * channel 2, and their run says the rest (docs/dcz-format.md, section 3.1).
 */
import type { HashedLayout } from '../compress/hash/places.ts';
import { hashedChannel, hashedKind, limits } from './format.ts';
import type { Fail } from './index-types.ts';
import type { VarintReader, VarintWriter } from './varint.ts';

/** A tensor of float32 weights that is stored as its shared values. */
export interface HashedTensor {
  /** `Tensor.id`. */
  readonly tensor: number;
  readonly layout: HashedLayout;
}

export const bytesOfWeight = 4;

/** Of a run's kind, the channel whose bytes it takes. */
export function channelOfRun(kind: number): number {
  return kind === hashedKind ? hashedChannel : kind;
}

export function writeHashed(out: VarintWriter, { tensor, layout }: HashedTensor): void {
  out.number(tensor);
  out.number(layout.outputs);
  out.number(layout.inputs);
  out.number((layout.transposed ? 1 : 0) + (layout.bias ? 2 : 0));
  out.number(layout.seed);
}

/** What follows the first word of a hashed run, which tells the number of values. */
export function readHashed(fields: VarintReader, values: number, fail: Fail): HashedTensor {
  const tensor = fields.number('the id of a hashed tensor', 2 ** 31 - 1);
  const outputs = fields.number('the outputs of a hashed tensor', limits.hashedWeights);
  const inputs = fields.number('the inputs of a hashed tensor', limits.hashedWeights);
  const flags = fields.number('the order of a hashed tensor', 3);
  const seed = fields.number('the seed of a hashed tensor', 2 ** 32 - 1);
  const weights = outputs * inputs;
  if (weights > limits.hashedWeights) fail(`a hashed tensor of ${weights} weights`);
  if (values > weights) fail('a hashed tensor with more values than weights');
  const bias = flags >= 2;
  if (bias && inputs > 1) fail('a hashed bias of several columns');
  return { tensor, layout: { values, outputs, inputs, transposed: flags % 2 === 1, bias, seed } };
}
