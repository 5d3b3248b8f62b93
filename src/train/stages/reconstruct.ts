/**
 * Fits one layer after another to the uncompressed model's values (methods/reconstruct.ts), which needs
 * no labels. Undone where the held-out samples say that it did harm.
 */
import { restore, snapshot } from '../methods/parameters.ts';
import { isBetter } from '../methods/phase.ts';
import { defineStage, onlyLayers } from './stage.ts';

export const reconstructStage = defineStage({
  kind: 'reconstruct',
  about: "Fit one layer after another to the uncompressed model's values, which needs no labels",
  fields: { layers: onlyLayers },
  trainsItself: true,
  async begin(options, _, { network, layers, validation, reconstruct, turn }) {
    const { parameters } = network;
    const score = () => (validation.length > 0 ? network.score(validation, turn) : null);
    const before = await score();
    const kept = snapshot(parameters);
    await reconstruct(layers, options);
    const after = await score();
    if (options.keep === 'last' || !before || !after || !isBetter(before, after, 'best'))
      return undefined;
    restore(parameters, kept);
    return 'made the network worse, so it was undone';
  },
});
