/**
 * Channels of a network under training: what makes a channel and what reads it, in all tensors where it lies
 * (structure/groups.ts finds them). The norm of a channel is that of all its weights together, so that it
 * goes as a whole. Also the columns of single layers, and layers as wholes, as groups of the same kind.
 */
import type { Parameter } from './parameters.ts';

/** Runs of values of a tensor: at `index * run` of every period, for every index. */
export interface ChannelPart {
  readonly parameter: Parameter;
  readonly run: number;
  readonly period: number;
  readonly indices: readonly number[];
}

/** Indices along one axis. */
export function partAlong(
  parameter: Parameter,
  axis: number,
  indices: readonly number[],
): ChannelPart {
  const run = parameter.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  return { parameter, run, period: parameter.shape[axis]! * run, indices };
}

/** What goes together or not at all. */
export type Channel = readonly ChannelPart[];

export interface ChannelGroup {
  /** The first layer whose outputs they are. */
  readonly name: string;
  readonly channels: readonly Channel[];
}

/** Every run of values that belongs to a channel. */
function eachRun(
  channel: Channel,
  visit: (parameter: Parameter, from: number, to: number) => void,
): void {
  for (const { parameter, run, period, indices } of channel)
    for (let start = 0; start < parameter.values.length; start += period)
      for (const index of indices) visit(parameter, start + index * run, start + (index + 1) * run);
}

export function normOf(channel: Channel): number {
  let squares = 0;
  eachRun(channel, ({ values }, from, to) => {
    for (let i = from; i < to; i++) squares += values[i]! * values[i]!;
  });
  return Math.sqrt(squares);
}

/**
 * One step against the sum of norms: every channel is shortened by `by`, to nothing where it is no longer
 * than that, and what is below `threshold` becomes zero.
 */
export function shorten(channel: Channel, by: number, threshold: number): void {
  const norm = normOf(channel);
  if (norm === 0) return;
  const factor = Math.max(0, 1 - by / norm);
  eachRun(channel, ({ values }, from, to) => {
    for (let i = from; i < to; i++) {
      const shorter = values[i]! * factor;
      values[i] = Math.abs(shorter) < threshold ? 0 : shorter;
    }
  });
}

/** Makes a channel zero. */
export function clearChannel(channel: Channel): void {
  eachRun(channel, ({ values }, from, to) => void values.fill(0, from, to));
}

export function isGone(channel: Channel): boolean {
  return normOf(channel) === 0;
}

/** Holds the channels that are zero at zero from now on; other zeros may grow again. */
export function freezeGone(channels: Iterable<Channel>): void {
  for (const channel of channels) {
    if (!isGone(channel)) continue;
    eachRun(channel, (parameter, from, to) => maskOf(parameter).fill(0, from, to));
  }
}

function maskOf(parameter: Parameter): Uint8Array {
  const { structure, values } = parameter;
  if (structure.kind !== 'dense') return new Uint8Array(values.length);
  const mask = structure.mask ?? new Uint8Array(values.length).fill(1);
  parameter.structure = { kind: 'dense', mask };
  return mask;
}

/**
 * The weights that one input meets in all outputs of a layer: of a convolution, one place of its kernels.
 * @param transposed whether the weights of one input lie together
 */
export function columnsOf(parameter: Parameter, transposed: boolean): Channel[] {
  const { shape, values } = parameter;
  const columns = transposed ? shape[0]! : values.length / shape[0]!;
  return Array.from({ length: columns }, (_, i) => [
    transposed
      ? partAlong(parameter, 0, [i])
      : { parameter, run: 1, period: columns, indices: [i] },
  ]);
}

/** A layer as a whole. */
export function wholeOf(parameter: Parameter): Channel {
  const { length } = parameter.values;
  return [{ parameter, run: length, period: length, indices: [0] }];
}
