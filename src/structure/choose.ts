/**
 * Which channels go: the first in the order of every group until a share is left, or, over all groups, those
 * that cost the least for the work they take away until a share of the work is left.
 */
import type { OnnxModel } from '../model/onnx/open.ts';
import type { ChannelGroup, Groups } from './groups.ts';
import type { Work } from './work.ts';
import type { Order } from './order.ts';

export interface Wanted {
  /** Share that is left, above 0 and at most 1: of the channels of each group, or of all work. */
  readonly keep: number;
  readonly of: 'channels' | 'work';
  /** Groups keep a multiple of so many channels, where they have as many. */
  readonly multiple: number;
}

/** Of a group's channels, when all groups are weighed together. */
const floor = 0.1;

export function chooseGone(
  model: OnnxModel,
  found: Groups,
  work: Work,
  orders: ReadonlyMap<ChannelGroup, Order>,
  wanted: Wanted,
): Set<number> {
  const counts =
    wanted.of === 'channels'
      ? new Map(
          [...orders].map(([group]) => [group, Math.round(wanted.keep * group.channels.length)]),
        )
      : countsForWork(model, found, work, orders, wanted);
  const gone = new Set<number>();
  for (const [group, { channels }] of orders) {
    const kept = rounded(counts.get(group)!, channels.length, wanted.multiple);
    for (const channel of channels.slice(0, channels.length - kept)) gone.add(channel);
  }
  return gone;
}

/** At least one; up to the next multiple, where that is not more than all. */
function rounded(kept: number, of: number, multiple: number): number {
  const up = Math.ceil(Math.max(1, kept) / multiple) * multiple;
  return Math.min(of, up);
}

/** Channels of each group that stay: greedily the least cost for the work taken away. */
function countsForWork(
  model: OnnxModel,
  { places }: Groups,
  work: Work,
  orders: ReadonlyMap<ChannelGroup, Order>,
  { keep, multiple }: Wanted,
): Map<ChannelGroup, number> {
  /** What is left of each axis of each tensor that does work. */
  const left = new Map<number, number[]>();
  const share = (id: number, axes: readonly number[]): number =>
    model.tensors[id].shape.reduce((all, size, axis) => all * (axes[axis] / size), 1);
  const axesOf = (id: number): number[] => {
    const axes = left.get(id) ?? [...model.tensors[id].shape];
    left.set(id, axes);
    return axes;
  };
  const cut = (channels: readonly number[], apply: boolean): number => {
    let saved = 0;
    const changed = new Map<number, number[]>();
    for (const channel of channels)
      for (const { tensor, axis, indices } of places.get(channel)!) {
        if (!work.byTensor.has(tensor)) continue;
        const axes = changed.get(tensor) ?? [...axesOf(tensor)];
        axes[axis] -= indices.length;
        changed.set(tensor, axes);
      }
    for (const [tensor, axes] of changed) {
      saved += work.byTensor.get(tensor)! * (share(tensor, axesOf(tensor)) - share(tensor, axes));
      if (apply) left.set(tensor, axes);
    }
    return saved;
  };
  const kept = new Map([...orders].map(([group]) => [group, group.channels.length]));
  const least = (group: ChannelGroup): number =>
    Math.max(1, Math.ceil(floor * group.channels.length));
  for (let done = 0; done < (1 - keep) * work.total;) {
    let best: { group: ChannelGroup; channels: readonly number[]; price: number } | undefined;
    for (const [group, { channels, costs }] of orders) {
      const count = kept.get(group)!;
      // down to the next multiple
      const step = count % multiple || multiple;
      if (count - step < least(group)) continue;
      const from = channels.length - count;
      const next = channels.slice(from, from + step);
      const saved = cut(next, false);
      const cost = costs.slice(from, from + step).reduce((a, b) => a + b, 0);
      const price = cost / Math.max(saved, 1e-9);
      if (saved > 0 && (!best || price < best.price)) best = { group, channels: next, price };
    }
    if (!best) break;
    done += cut(best.channels, true);
    kept.set(best.group, kept.get(best.group)! - best.channels.length);
  }
  return kept;
}
