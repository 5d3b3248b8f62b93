/** The channels of a model under training that can be removed, as places in what is trained. */
import type { OnnxModel } from '../../model/onnx/open.ts';
import { partAlong, type Channel, type ChannelGroup } from '../../train/methods/channels.ts';
import type { Parameter } from '../../train/methods/parameters.ts';
import type { Executor } from '../runtime/executor.ts';
import { analyse } from '../structure/analyse.ts';

/**
 * Left out are channels with a weight that is not trained, and those over which a mean or a variance is
 * taken: removing one would change the others.
 */
export async function trainedChannels(
  model: OnnxModel,
  parameters: readonly Parameter[],
  states: ReadonlySet<string>,
  executor: Executor,
  seed: number,
): Promise<ChannelGroup[]> {
  const { model: whole, found } = await analyse(model, executor, seed);
  const byName = new Map(parameters.map((p) => [p.name, p]));
  const channelOf = (number: number): Channel | undefined => {
    const places = found.places
      .get(number)!
      .filter(({ tensor }) => !states.has(whole.tensors[tensor].name));
    const parts = places.flatMap(({ tensor, axis, indices }) => {
      const parameter = byName.get(whole.tensors[tensor].name);
      return parameter ? [partAlong(parameter, axis, indices)] : [];
    });
    return parts.length === places.length ? parts : undefined;
  };
  return found.groups
    .filter(({ changes }) => changes === undefined)
    .map(({ name, channels }) => ({
      name,
      channels: channels.map(channelOf).filter((channel) => channel !== undefined),
    }))
    .filter(({ channels }) => channels.length > 0);
}

/** Names of the scales of BatchNormalization. */
export function scalesOf({ graph }: OnnxModel): Set<string> {
  return new Set(
    graph.nodes.flatMap(({ opType, inputs }) =>
      opType === 'BatchNormalization' ? inputs.slice(1, 2) : [],
    ),
  );
}
