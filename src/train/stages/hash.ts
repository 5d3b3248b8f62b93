/** Makes the weights of a layer shared values picked by a hash, and trains those (HashedNets, Chen et al. 2015). */
import { number } from '../../shared/fields.ts';
import { makeHashed } from '../methods/structure.ts';
import { defineStage, onlyLayers } from './stage.ts';

export const hashStage = defineStage({
  kind: 'hash',
  about:
    'Make the weights of a layer few shared values picked by a hash of their place, so that nothing is stored a weight, and train those (HashedNets, Chen et al., 2015); what was learned before is mostly lost, so it takes as long as a training from nothing',
  fields: {
    layers: onlyLayers,
    part: number({
      about: 'Shared values, as a share of the weights.',
      initial: 0.125,
      above: 0,
      most: 1,
    }),
  },
  settles: true,
  begin({ part }, _, { layers }) {
    for (const layer of layers) makeHashed(layer, part);
    return Promise.resolve(undefined);
  },
});
