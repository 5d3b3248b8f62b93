/**
 * Groups of channels that can be removed: the outputs of a layer, with the places in every tensor where
 * each of them lies. Layers whose outputs meet (a residual) share a group.
 */
import { channelAxis } from '../export/weights.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import type { Followed } from './follow.ts';

/** Indices of one tensor's axis that go with a channel. */
export interface Place {
  readonly tensor: number;
  readonly axis: number;
  readonly indices: readonly number[];
  /** Outputs of a layer, its inputs, or one parameter a channel. */
  readonly side: 'output' | 'input' | 'parameter';
}

export interface ChannelGroup {
  /** The first layer whose outputs they are. */
  readonly name: string;
  /** Names of all layers whose outputs they are. */
  readonly layers: readonly string[];
  /** Names of the layers that read them. */
  readonly readers: readonly string[];
  /** Channels (numbers of `Coupling`), in the order of the first layer's outputs. */
  readonly channels: readonly number[];
  /** The node over whose mean or variance they count: removing one changes the others' values a little. */
  readonly changes: string | undefined;
}

/** A layer some of whose outputs stay, and why. */
export interface Boundary {
  readonly layer: string;
  /** Outputs that stay, of all. */
  readonly whole: number;
  readonly of: number;
  readonly why: string;
}

export interface Groups {
  readonly groups: readonly ChannelGroup[];
  readonly boundaries: readonly Boundary[];
  /** Where every removable channel lies. */
  readonly places: ReadonlyMap<number, readonly Place[]>;
}

export function groupsOf(model: OnnxModel, followed: Followed): Groups {
  const { coupling, values, tensors } = followed;
  const places = new Map<number, Place[]>();
  const boundaries: Boundary[] = [];
  /** Layers by the channel of their first output, joined where they share one. */
  const outputs: { readonly tensor: number; readonly channels: readonly number[] }[] = [];
  for (const [name, { axes }] of values) {
    const id = tensors.get(name);
    if (id === undefined) continue;
    const tensor = model.tensors[id];
    axes.forEach((slots, axis) => {
      if (!slots) return;
      const side =
        tensor.role !== 'weight' && tensor.role !== 'embedding'
          ? 'parameter'
          : axis === outputAxis(model, id)
            ? 'output'
            : 'input';
      const indices = new Map<number, number[]>();
      const fixed = new Map<string, number>();
      slots.forEach((slot, i) => {
        const why = coupling.whyFixed(slot);
        if (why !== undefined) fixed.set(why, (fixed.get(why) ?? 0) + 1);
        else {
          const channel = coupling.channelOf(slot);
          const own = indices.get(channel);
          if (own) own.push(i);
          else indices.set(channel, [i]);
        }
      });
      for (const [channel, own] of indices) {
        const all = places.get(channel) ?? [];
        places.set(channel, [...all, { tensor: id, axis, indices: own, side }]);
      }
      if (side !== 'output') return;
      if (indices.size > 0) outputs.push({ tensor: id, channels: [...indices.keys()] });
      for (const [why, count] of fixed)
        boundaries.push({ layer: tensor.name, whole: count, of: slots.length, why });
    });
  }
  return { groups: grouped(model, followed, outputs, places), boundaries, places };
}

function grouped(
  model: OnnxModel,
  { coupling }: Followed,
  outputs: readonly { readonly tensor: number; readonly channels: readonly number[] }[],
  places: ReadonlyMap<number, readonly Place[]>,
): ChannelGroup[] {
  const groupOf = new Map<number, Set<number>>();
  for (const { channels } of outputs) {
    const joined = new Set<number>();
    for (const channel of channels)
      for (const other of groupOf.get(channel) ?? [channel]) joined.add(other);
    for (const channel of joined) groupOf.set(channel, joined);
  }
  return [...new Set(groupOf.values())].map((set) => {
    const channels = [...set];
    const named = (side: Place['side']): string[] => {
      const names = channels.flatMap((c) =>
        places.get(c)!.flatMap((p) => (p.side === side ? [model.tensors[p.tensor].name] : [])),
      );
      return [...new Set(names)];
    };
    const layers = named('output');
    const changes = channels.map((c) => coupling.whatChanges(c)).find((what) => what !== undefined);
    return { name: layers[0], layers, readers: named('input'), channels, changes };
  });
}

/** The axis along which the outputs of a weight lie; a table's are its columns. */
function outputAxis(model: OnnxModel, id: number): number {
  const tensor = model.tensors[id];
  return tensor.role === 'embedding' ? tensor.shape.length - 1 : channelAxis(tensor);
}
