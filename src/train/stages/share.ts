/** Shares values, then trains the shared values (Deep Compression, section 3.3). */
import { shareValues } from '../methods/structure.ts';
import { defineStage, onlyLayers } from './stage.ts';

export const shareStage = defineStage({
  kind: 'share',
  about:
    'Share values as the recipe says, then train the shared values (Deep Compression, section 3.3)',
  fields: { layers: onlyLayers },
  settles: true,
  async begin(_, _step, { layers, seed }) {
    for (const layer of layers) await shareValues(layer, seed);
    return undefined;
  },
});
