/** Leaves a layer one positive and one negative value, and zero, both trained (TTQ, Zhu et al. 2016). */
import { number } from '../../shared/fields.ts';
import { makeTernary } from '../methods/structure.ts';
import { defineStage, onlyLayers } from './stage.ts';

export const ternaryStage = defineStage({
  kind: 'ternary',
  about:
    'One positive and one negative value a layer, and zero, both trained (TTQ, Zhu et al., 2016)',
  fields: {
    layers: onlyLayers,
    cut: number({
      about: "Weights up to this share of the layer's largest become zero.",
      initial: 0.05,
      least: 0,
      below: 1,
    }),
  },
  settles: true,
  begin({ cut }, _, { layers }) {
    for (const layer of layers) makeTernary(layer, cut);
    return Promise.resolve(undefined);
  },
});
