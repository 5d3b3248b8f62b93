/**
 * Calibrated compression: levels for every layer of a model such that a goal is kept. Samples are split in
 * three: the first part only reports; the second weighs the layers and chooses; the third calibrates.
 * Levels fit the samples that calibrated them better than any others (a layer that sees one vector a sample
 * has few to go by), so that those would choose twice the movement they believe in. Steps of a model with
 * state lie in the order of recordings, and those of one recording are alike: there the parts are stretches.
 * Importance of the layers (importance.ts) makes one slope of all their errors and bits; the slope is
 * searched with the whole model run (choose-slope.ts). At the end what chose calibrates as well: the chosen
 * slope then loses no more than was seen, and what reports has still seen nothing.
 */
import type { QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import { cautiousLoss, type Fidelity } from '../../fidelity/compare.ts';
import type { GoalRecipe } from '../../compress/recipe.ts';
import type { OnProgress } from '../jobs/progress.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { largestSlope } from './choose-slope.ts';
import { middleSlope, type LayerImportance } from './importance.ts';
import { openLevels, type Levels, type LevelsSetup } from './levels.ts';

/** What a compression must keep: one of the three. */
export type Goal =
  | { readonly kind: 'loss'; readonly most: number }
  | { readonly kind: 'bytes'; readonly most: number };

export interface GoalSetup extends LevelsSetup {
  readonly goal: Goal;
}

export interface Decided {
  readonly model: OnnxModel;
  readonly layers: ReadonlyMap<number, QuantizedLayer>;
  /** New values of biases and means that take back what rounding shifted, by tensor id. */
  readonly biases: ReadonlyMap<number, Float64Array>;
  /** On the samples that chose nothing. */
  readonly fidelity: Fidelity;
  /** On those that chose. */
  readonly chosen: Fidelity;
  readonly importance: readonly LayerImportance[];
  readonly lambda: number;
  readonly notes: readonly string[];
  /** The same layers at a slope for a file of so many bytes, by the estimate. */
  readonly again: (most: number) => Promise<Decided>;
}

/** Outputs never move by more than this share of their size: answers are read in ways not known here. */
const mostMovement = 0.3;
const mostEvaluations = 8;
const fewEvaluations = 5;

/** @throws DeepCompressionError `invalid-input` when samples are too few or no setting keeps the goal */
export async function decideLevels(setup: GoalSetup): Promise<Decided> {
  const levels = await openLevels(setup);
  const { choosing, reports, importance, model, notes } = levels;
  const decide = async (goal: Goal, near?: number): Promise<Decided> => {
    // the samples choose nothing of a size
    if (goal.kind === 'bytes') await levels.calibrateOnAll();
    const { lambda, chosen } = await decideSlope(levels, goal, setup.progress, near);
    await levels.calibrateOnAll();
    const { layers, biases } = await levels.at(lambda);
    return {
      ...{ model, layers, biases, importance, notes, lambda },
      fidelity: await levels.fidelity(layers, biases, reports),
      chosen: chosen ?? (await levels.fidelity(layers, biases, choosing)),
      again: (most) => decide({ kind: 'bytes', most }, lambda),
    };
  };
  return decide(setup.goal);
}

/**
 * Where the goal is kept: tells progress from 0.6 on.
 * @param near a slope that is nearly right, if one is known
 * @throws DeepCompressionError `invalid-input`
 */
export async function decideSlope(
  { importance, choosing, ...levels }: Levels,
  goal: Goal,
  progress: OnProgress,
  near?: number,
): Promise<{ readonly lambda: number; readonly chosen: Fidelity | undefined }> {
  // of bytes, the smallest slope that fits is wanted
  const slopeAt = (x: number): number => (goal.kind === 'bytes' ? 1 / x : x);
  let evaluations = 0;
  const best = await largestSlope({
    guess: slopeAt(near ?? middleSlope(importance) / 8),
    most: near === undefined ? mostEvaluations : fewEvaluations,
    evaluate: async (x): Promise<{ kept: boolean; result: Fidelity | undefined }> => {
      const rounded = await levels.at(slopeAt(x), (done, layer) =>
        progress({
          ...{ stage: 'choose', layer },
          fraction: 0.6 + (0.4 * (evaluations + done / 2)) / mostEvaluations,
        }),
      );
      evaluations++;
      if (goal.kind === 'bytes') return { kept: rounded.bytes <= goal.most, result: undefined };
      const fidelity = await levels.fidelity(rounded.layers, rounded.biases, choosing);
      const most = goal.most + chanceOf(fidelity);
      const kept = cautiousLoss(fidelity) <= most && fidelity.relativeError <= mostMovement;
      return { kept, result: fidelity };
    },
  });
  if (best) return { lambda: slopeAt(best.lambda), chosen: best.result };
  throw new DeepCompressionError(
    'invalid-input',
    goal.kind === 'bytes'
      ? `no setting makes a file of ${Math.floor(goal.most)} bytes: allow more, or leave fewer layers alone`
      : `no setting keeps the loss at ${(goal.most * 100).toFixed(2)} %: allow more, or use the preset safe`,
  );
}

/** Answers that are counted jump: where half of one may go, one goes in four of ten sets of samples. */
function chanceOf({ kind, smoothLoss, answers }: Fidelity): number {
  return kind === 'values' || smoothLoss ? 0 : 1 / Math.max(1, answers);
}

/** @throws DeepCompressionError `invalid-input` when the model is as small already */
export function goalOf({ maxLoss, ratio, maxBytes }: GoalRecipe, size: number): Goal {
  const most = ratio !== undefined ? size / ratio : maxBytes;
  if (most === undefined) return { kind: 'loss', most: maxLoss! };
  if (most < size) return { kind: 'bytes', most };
  throw new DeepCompressionError(
    'invalid-input',
    `a size must be below that of the model, ${size} bytes, not ${Math.round(most)}`,
  );
}
