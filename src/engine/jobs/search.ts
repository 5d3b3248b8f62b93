/**
 * search: the whole front of bytes against loss, a slope at a time, from the middle outwards: to finer levels
 * until nothing is lost, to coarser ones until the model is destroyed. Points are told as they are found.
 */
import { likelyLoss } from '../../fidelity/compare.ts';
import { verdictOf } from '../../fidelity/verdict.ts';
import { parseRecipe, type Recipe } from '../../recipe/recipe.ts';
import { middleSlope } from '../goal/importance.ts';
import { openLevels, type Levels } from '../goal/levels.ts';
import { goOutwards, joinParts, mostSteps, partsOfWay } from '../goal/outwards.ts';
import { withSamples } from '../goal/with-samples.ts';
import type { FrontEvent, FrontInput, FrontPoint, FrontResult } from '../protocol-search.ts';
import {
  anyRecord,
  integer,
  integerFrom,
  listOf,
  number,
  oneOf,
  optional,
  record,
} from '../shape.ts';
import { hashOf } from '../statement.ts';
import { defineJob } from './define.ts';
import { dataInput, fileInput, normalisationInput, recipeInput } from './inputs.ts';
import { monotone } from './progress.ts';
import { goalRecipe } from '../goal/goal-recipe.ts';

/** Slopes are a factor of 3 apart: a file changes by an eighth to a fifth. */
const stride = 3;

const frontPoint = record<FrontPoint>({
  ...{ slope: number, bytes: number, ratio: number, loss: number, error: number },
  ...{ disagreement: number, relativeError: number, recipe: anyRecord },
  verdict: oneOf({ kept: true, changed: true, destroyed: true }),
});

export const searchJob = defineJob<FrontInput, FrontResult, FrontEvent>({
  input: {
    ...{ file: fileInput, data: dataInput, normalisation: optional(normalisationInput) },
    ...{ recipe: optional(recipeInput), seed: integerFrom(0), threads: integerFrom(1) },
    known: optional(listOf(frontPoint)),
    steps: optional(listOf(integer)),
  },
  pieces: {
    divide: (input) => partsOfWay.map((steps) => ({ ...input, steps })),
    join: (_, results) => {
      // a piece gives its points by size, its way is by slope: a step outwards changes it by one factor
      const parts = results.map(({ points }, i) => {
        const outwards = Math.sign(partsOfWay[i][1]);
        return [...points].sort((a, b) => outwards * (a.slope - b.slope));
      });
      return {
        ...results[0],
        points: bySize(joinParts(parts)),
        seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
      };
    },
  },
  run: async (input, context) => {
    const start = performance.now();
    const recipe = goalRecipe(parseRecipe(input.recipe ?? 'calibrated'));
    const progress = monotone(context.onProgress);
    return withSamples(input, recipe, context, progress, async ({ opened, size, setup }) => {
      const levels = await openLevels(setup);
      const middle = middleSlope(levels.importance) / 8;
      const points: FrontPoint[] = [];
      const measure = async (step: number): Promise<FrontPoint> => {
        const slope = Number((middle * stride ** step).toPrecision(6));
        const known = input.known?.find((point) => point.slope === slope);
        const point = known ?? (await pointAt(levels, slope, size, recipe));
        points.push(point);
        context.onEvent({ kind: 'point', point });
        progress({
          ...{ stage: 'search', layer: `${points.length} sizes` },
          fraction: 0.6 + (0.4 * points.length) / (2 * mostSteps + 1),
        });
        await setup.turn();
        return point;
      };
      await goOutwards(input.steps, measure);
      return {
        model: { path: opened.path, bytes: size, sha256: hashOf(setup.model) },
        samples: setup.variants.samplesIn(levels.choosing),
        points: bySize(points),
        seconds: (performance.now() - start) / 1000,
        notes: levels.notes,
      };
    });
  },
});

function bySize(points: readonly FrontPoint[]): FrontPoint[] {
  return [...points].sort((a, b) => a.bytes - b.bytes);
}

async function pointAt(
  levels: Levels,
  slope: number,
  size: number,
  { goal: _, ...recipe }: Recipe,
): Promise<FrontPoint> {
  const { layers, biases, bytes } = await levels.at(slope);
  const fidelity = await levels.fidelity(layers, biases, levels.choosing);
  const { disagreement, relativeError, smoothLoss } = fidelity;
  return {
    ...{ slope, bytes: Math.round(bytes), ratio: size / bytes },
    loss: likelyLoss(fidelity),
    error: smoothLoss?.error ?? 0,
    ...{ disagreement, relativeError, verdict: verdictOf(fidelity, 'samples') },
    recipe: { ...recipe, goal: { maxBytes: Math.round(bytes) } },
  };
}
