/**
 * Group lasso: the sum of the norms of groups of weights is made small beside the loss, so that whole groups
 * become zero (structured sparsity learning, Wen et al. 2016). After every update each group is shortened by
 * rate x decay, the proximal step of that sum, where the authors add its gradient; as theirs, weights that end
 * below a threshold are zero. Groups that are zero at the end stay so.
 */
import { choice, number } from '../../shared/fields.ts';
import {
  clearChannel,
  columnsOf,
  freezeGone,
  isGone,
  normOf,
  shorten,
  wholeOf,
  type Channel,
} from '../methods/channels.ts';
import { channelsOf, defineStage, keeping, onlyLayers, type StageWork } from './stage.ts';

const groups = {
  channels:
    'Channels: what makes one and what reads it, in all layers that a residual or a gate ties together; they are removed from the model',
  columns:
    'What one input meets in all outputs of a layer; of a convolution one place of its kernels (filter shapes)',
  layers: 'Layers as wholes, as between the ends of a residual (depth)',
} as const;

/** What may become zero, a list for each layer (of layers as wholes one for all). */
function listsOf(
  { of }: { readonly of: keyof typeof groups },
  work: StageWork,
): readonly (readonly Channel[])[] {
  if (of === 'channels') return channelsOf(work).map(({ channels }) => channels);
  if (of === 'layers') return [work.layers.map(({ parameter }) => wholeOf(parameter))];
  return work.layers.map(({ parameter, tensor }) =>
    columnsOf(parameter, tensor.geometry?.transposed ?? false),
  );
}

export const groupLassoStage = defineStage({
  kind: 'group-lasso',
  about:
    'Train towards groups of weights that are zero, then keep these so (group lasso; structured sparsity learning, Wen et al., 2016); channels that are zero are removed from the model in the end',
  fields: {
    layers: onlyLayers,
    keep: keeping('last'),
    of: choice(groups, { about: 'What becomes zero as a whole.', initial: 'channels' }),
    decay: number({
      about:
        'Weight of the sum of all norms beside the loss; 0.005 in the paper, with sgd. Larger: more becomes zero.',
      initial: 0.005,
      above: 0,
      most: 1000,
    }),
    share: number({
      about:
        'Share of the groups of every layer that is zero at the end at least: those with the smallest norms follow.',
      initial: 0,
      least: 0,
      below: 1,
    }),
    threshold: number({
      about: 'Weights of a group that are smaller than this after an update become zero.',
      initial: 0.0001,
      least: 0,
    }),
  },
  settles: true,
  removes: true,
  afterUpdate(options, work) {
    const all = listsOf(options, work).flat();
    return (rate) => {
      for (const group of all) shorten(group, rate * options.decay, options.threshold);
    };
  },
  end(options, work) {
    const lists = listsOf(options, work);
    for (const list of lists) {
      const smallest = list.map((group) => ({ group, norm: normOf(group) }));
      smallest.sort((a, b) => a.norm - b.norm);
      const least = Math.floor(options.share * list.length);
      for (const { group } of smallest.slice(0, least)) clearChannel(group);
    }
    const all = lists.flat();
    freezeGone(all);
    const gone = all.filter(isGone).length;
    const empty = lists.some((list) => list.length > 0 && list.every(isGone));
    const why = empty ? ', all of a layer: the decay is too large for this model' : '';
    return `made ${gone} of ${all.length} ${options.of} zero${why}`;
  },
});
