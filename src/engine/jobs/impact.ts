/**
 * impact: which layer hurts. At the size that keeps the recipe's goal, for every layer what is lost when it
 * alone is compressed, and what is regained when it alone is left as it is.
 */
import { likelyLoss, type Fidelity } from '../../fidelity/compare.ts';
import { parseRecipe } from '../../recipe/recipe.ts';
import { decideSlope, goalOf } from '../goal/decide.ts';
import { openLevels } from '../goal/levels.ts';
import { withSamples } from '../goal/with-samples.ts';
import type { ImpactResult, LayerImpact, SearchInput } from '../protocol-search.ts';
import { integerFrom, optional } from '../shape.ts';
import { defineJob } from './define.ts';
import { dataInput, fileInput, normalisationInput, recipeInput } from './inputs.ts';
import { monotone, share } from './progress.ts';
import { goalRecipe } from '../goal/goal-recipe.ts';

/** Share of the whole at which the size is found. */
const found = 0.6;

export const impactJob = defineJob<SearchInput, ImpactResult>({
  input: {
    ...{ file: fileInput, data: dataInput, normalisation: optional(normalisationInput) },
    ...{ recipe: optional(recipeInput), seed: integerFrom(0), threads: integerFrom(1) },
  },
  run: async (input, context) => {
    const start = performance.now();
    const recipe = goalRecipe(parseRecipe(input.recipe ?? 'calibrated'));
    const progress = monotone(context.onProgress);
    const first = share(progress, 0, found);
    return withSamples(input, recipe, context, first, async ({ opened, size, setup }) => {
      const levels = await openLevels(setup);
      const lambda = await decideSlope(levels, goalOf(recipe.goal, size), first);
      const { layers, bytes } = await levels.at(lambda);
      // biases are left: they take back what all layers together shift
      const none = new Map<number, Float64Array>();
      const of = async (chosen: typeof layers): Promise<Cost> =>
        costOf(await levels.fidelity(chosen, none, levels.choosing));
      const all = await of(layers);
      const impacts: LayerImpact[] = [];
      for (const { layer } of levels.importance) {
        const { tensor } = layer;
        progress({
          ...{ stage: 'single layers', layer: tensor.name },
          fraction: found + ((1 - found) * impacts.length) / layers.size,
        });
        const own = layers.get(tensor.id)!;
        const others = new Map([...layers].filter(([id]) => id !== tensor.id));
        const alone = await of(new Map([[tensor.id, own]]));
        const without = await of(others);
        impacts.push({
          ...{ name: tensor.name, path: tensor.path, op: tensor.op },
          ...{ weights: tensor.parameters, bits: own.bits / tensor.parameters },
          ...{ alone, without, regained: all.loss - without.loss },
          bytes: Math.round(tensor.bytes - own.bits / 8),
        });
        await setup.turn();
      }
      return {
        model: { path: opened.path, bytes: size },
        samples: setup.variants.samplesIn(levels.choosing),
        all: { ...all, bytes: Math.round(bytes) },
        layers: impacts.sort(
          (a, b) => b.regained - a.regained || b.alone.relativeError - a.alone.relativeError,
        ),
        seconds: (performance.now() - start) / 1000,
        notes: levels.notes,
      };
    });
  },
});

interface Cost {
  readonly loss: number;
  readonly relativeError: number;
}

function costOf(fidelity: Fidelity): Cost {
  return { loss: likelyLoss(fidelity), relativeError: fidelity.relativeError };
}
