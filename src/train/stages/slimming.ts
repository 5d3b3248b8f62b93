/**
 * Network slimming (Liu et al. 2017): L1 on the scales of BatchNormalization while training, then the channels
 * with the smallest scales of all layers together go, a part of every layer staying. Several stages, each with
 * training after it, are the paper's passes.
 */
import { number } from '../../shared/fields.ts';
import { clearChannel, freezeGone, isGone, type Channel } from '../methods/channels.ts';
import type { Parameter } from '../methods/parameters.ts';
import { channelsOf, defineStage, keeping, noChannels, onlyLayers } from './stage.ts';

export const slimmingStage = defineStage({
  kind: 'slimming',
  about:
    'Train with L1 on the scales of BatchNormalization, then remove the channels with the smallest scales of all layers together (network slimming, Liu et al., 2017)',
  fields: {
    layers: onlyLayers,
    keep: keeping('last'),
    decay: number({
      about: 'Weight of the sum of all scales beside the loss; 0.0001 and 0.00001 in the paper.',
      initial: 0.0001,
      above: 0,
      most: 1000,
    }),
    share: number({
      about: 'Share of the channels that are still there to remove.',
      initial: 0.5,
      above: 0,
      below: 1,
    }),
    floor: number({
      about: 'Share of the channels of every layer that stays at least.',
      initial: 0.1,
      above: 0,
      most: 1,
    }),
  },
  settles: true,
  removes: true,
  afterUpdate({ decay }, work) {
    const scales = new Set<Parameter>();
    for (const { channels } of channelsOf(work))
      for (const channel of channels)
        for (const scale of scalesOf(channel, work.scales)) scales.add(scale.parameter);
    return (rate) => {
      const by = rate * decay;
      for (const { values } of scales)
        for (let i = 0; i < values.length; i++) {
          const shorter = Math.max(0, Math.abs(values[i]!) - by);
          values[i] = values[i]! < 0 ? -shorter : shorter;
        }
    };
  },
  end({ share, floor }, work) {
    const here = channelsOf(work).map(({ name, channels }) => ({
      name,
      of: channels.length,
      left: channels
        .filter((channel) => !isGone(channel))
        .map((channel) => ({ channel, size: sizeOf(channel, work.scales) }))
        .filter(({ size }) => size !== undefined)
        .sort((a, b) => a.size! - b.size!),
    }));
    const all = here.flatMap(({ left }) => left);
    if (all.length === 0) throw noChannels('that a BatchNormalization scales');
    const threshold = all.map(({ size }) => size!).sort((a, b) => a - b)[
      Math.floor(share * all.length)
    ]!;
    let gone = 0;
    for (const { left, of } of here) {
      const most = Math.max(0, left.length - Math.max(1, Math.ceil(floor * of)));
      for (const { channel, size } of left.slice(0, most)) {
        if (size! >= threshold) break;
        clearChannel(channel);
        gone++;
      }
    }
    freezeGone(here.flatMap(({ left }) => left.map(({ channel }) => channel)));
    return `removed ${gone} of ${all.length} channels`;
  },
});

/** The scales of BatchNormalization in a channel. */
function scalesOf(channel: Channel, scales: ReadonlySet<string>): Channel {
  return channel.filter(({ parameter }) => scales.has(parameter.name));
}

/** The largest scale of a channel, in all layers that it is tied to; undefined where nothing scales it. */
function sizeOf(channel: Channel, names: ReadonlySet<string>): number | undefined {
  const sizes = scalesOf(channel, names).flatMap(({ parameter, indices }) =>
    indices.map((i) => Math.abs(parameter.values[i]!)),
  );
  return sizes.length > 0 ? sizes.reduce((a, b) => Math.max(a, b)) : undefined;
}
