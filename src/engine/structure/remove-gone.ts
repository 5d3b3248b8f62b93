/**
 * Channels that a training made zero are removed from its model: those of which every weight is zero that
 * makes or reads them, so that what is left computes the same. One channel of a group stays in any case.
 */
import { memorySource, readBytes } from '../../model/bytes.ts';
import { ModelEdit } from '../../model/onnx/edit.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { Groups, Place } from '../../structure/groups.ts';
import { removeChannels } from '../../structure/remove.ts';
import { measureBoth } from '../export/measure.ts';
import type { RemovedChannels } from '../protocol-slim.ts';
import type { Executor } from '../runtime/executor.ts';
import { analyse } from './analyse.ts';
import { costOf, measuredCost } from './cost.ts';

export interface WithoutGone {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly removed: RemovedChannels;
}

/** @returns undefined when no channel is zero */
export async function withoutGone(
  trained: OnnxModel,
  executors: readonly [Executor, ...Executor[]],
  seed: number,
  turn: () => Promise<void>,
): Promise<WithoutGone | undefined> {
  const [executor] = executors;
  const { model, bytes, followed, found, observed, feeds } = await analyse(trained, executor, seed);
  const gone = goneChannels(model, found);
  if (gone.size === 0) return undefined;
  const editor = new ModelEdit(memorySource(model.path, bytes));
  removeChannels(model, editor, followed, gone);
  const edited = editor.source();
  const made = readBytes(edited, 0, edited.size) as Uint8Array<ArrayBuffer>;
  const measured = await measureBoth(model, bytes, made, executors, seed, turn);
  return {
    bytes: made,
    removed: {
      before: costOf(model, observed, bytes.length),
      after: await measuredCost(model.path, made, feeds, executor),
      groups: found.groups.map(({ name, channels }) => ({
        ...{ name, of: channels.length },
        kept: channels.reduce((sum, channel) => sum + (gone.has(channel) ? 0 : 1), 0),
      })),
      ...measured,
    },
  };
}

function goneChannels(model: OnnxModel, { groups, places }: Groups): Set<number> {
  const isZero = zeros(model);
  const gone = new Set<number>();
  for (const { channels, changes } of groups) {
    if (changes !== undefined) continue;
    const own = channels.filter((channel) => places.get(channel)!.every(isZero));
    for (const channel of own.slice(own.length === channels.length ? 1 : 0)) gone.add(channel);
  }
  return gone;
}

/** Whether all weights at a place are zero; the statistics of a BatchNormalization count for nothing. */
function zeros(model: OnnxModel): (place: Place) => boolean {
  const statistics = new Set(
    model.graph.nodes.flatMap(({ opType, inputs }) =>
      opType === 'BatchNormalization' ? inputs.slice(3, 5) : [],
    ),
  );
  const read = new Map<number, Float32Array>();
  return ({ tensor: id, axis, indices }) => {
    const tensor = model.tensors[id];
    if (statistics.has(tensor.name)) return true;
    const values = read.get(id) ?? new Float32Array(tensor.parameters);
    if (!read.has(id)) model.reader.readValues(tensor, 0, values);
    read.set(id, values);
    const inner = tensor.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const period = tensor.shape[axis] * inner;
    for (let start = 0; start < values.length; start += period)
      for (const index of indices)
        for (let i = start + index * inner; i < start + (index + 1) * inner; i++)
          if (values[i] !== 0) return false;
    return true;
  };
}
