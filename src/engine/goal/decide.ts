/**
 * Calibrated compression: levels for every layer of a model such that a goal is kept. Samples are split in
 * three: the first part only reports; the second weighs the layers and chooses; the third calibrates.
 * Levels fit the samples that calibrated them better than any others (a layer that sees one vector a sample
 * has few to go by), so that those would choose twice the movement they believe in. Steps of a model with
 * state lie in the order of recordings, and those of one recording are alike: there the parts are stretches.
 * Importance of the layers (importance.ts) makes one slope of all their errors and bits; the slope is
 * searched with the whole model run (choose-slope.ts). At the end what chose calibrates as well, and of the
 * roundings at about the chosen slope one is taken that was itself measured on all of these: what reports
 * has still seen nothing.
 */
import type { QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import { cautiousLoss, type Fidelity } from '../../fidelity/compare.ts';
import type { GoalRecipe } from '../../compress/recipe.ts';
import type { OnProgress } from '../jobs/progress.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { firstKept, largestSlope, likelySlope } from './choose-slope.ts';
import { middleSlope, type LayerImportance } from './importance.ts';
import { openLevels, type Levels, type LevelsSetup, type Rounded } from './levels.ts';

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
/** Standard errors beyond the likely loss that are within the goal: on those that choose, and on all. */
const caution = 2;
const settledCaution = 1;
const mostEvaluations = 8;
const fewEvaluations = 5;

/** @throws DeepCompressionError `invalid-input` when samples are too few or no setting keeps the goal */
export async function decideLevels(setup: GoalSetup): Promise<Decided> {
  const levels = await openLevels(setup);
  const { choosing, reports, importance, model, notes } = levels;
  const decide = async (goal: Goal, near?: number): Promise<Decided> => {
    // the samples choose nothing of a size
    if (goal.kind === 'bytes') await levels.calibrateOnAll();
    const likely = await decideSlope(levels, goal, setup.progress, near);
    await levels.calibrateOnAll();
    const { lambda, rounded, chosen } =
      goal.kind === 'loss'
        ? await settled(levels, goal, likely, setup.progress)
        : { lambda: likely, rounded: await levels.at(likely), chosen: undefined };
    const { layers, biases } = rounded;
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
 * Where the goal is kept, as far as the samples say: tells progress from 0.6 to 0.8.
 * @param near a slope that is nearly right, if one is known
 * @throws DeepCompressionError `invalid-input`
 */
export async function decideSlope(
  { importance, choosing, ...levels }: Levels,
  goal: Goal,
  progress: OnProgress,
  near?: number,
): Promise<number> {
  const guess = near ?? middleSlope(importance) / 8;
  let evaluations = 0;
  const at = async (lambda: number): Promise<Rounded> => {
    const from = 0.6 + (0.2 * Math.min(evaluations++, mostEvaluations)) / mostEvaluations;
    return levels.at(lambda, (done, layer) =>
      progress({ stage: 'choose', layer, fraction: from + (0.1 * done) / mostEvaluations }),
    );
  };
  const lossAt = async (lambda: number): Promise<number> => {
    const { layers, biases } = await at(lambda);
    return lossOfGoal(await levels.fidelity(layers, biases, choosing), goal, caution);
  };
  const bytes = goal.kind === 'bytes';
  if (!bytes && levels.lossIsSmooth) {
    const likely = await likelySlope({ guess, evaluate: lossAt });
    if (likely !== undefined) return likely;
    throw outOfReach(goal);
  }
  // of bytes, the smallest slope that fits is wanted
  const slopeAt = (x: number): number => (bytes ? 1 / x : x);
  const best = await largestSlope({
    guess: slopeAt(guess),
    most: near === undefined ? mostEvaluations : fewEvaluations,
    evaluate: async (x) =>
      bytes ? (await at(slopeAt(x))).bytes <= goal.most : (await lossAt(x)) <= 1,
  });
  if (best !== undefined) return slopeAt(best);
  throw outOfReach(goal);
}

/**
 * The rounding that is kept, calibrated on all that does not report and measured on it. Tells progress from
 * 0.8 on.
 */
async function settled(
  { settling, ...levels }: Levels,
  goal: Goal & { readonly kind: 'loss' },
  likely: number,
  progress: OnProgress,
): Promise<{ lambda: number; rounded: Rounded; chosen: Fidelity }> {
  let tried = 0;
  const best = await firstKept(likely, async (lambda) => {
    const fraction = 0.8 + 0.2 * (1 - 0.8 ** tried++);
    const rounded = await levels.at(lambda, (_, layer) =>
      progress({ stage: 'choose', layer, fraction }),
    );
    const chosen = await levels.fidelity(rounded.layers, rounded.biases, settling);
    return lossOfGoal(chosen, goal, settledCaution) <= 1 ? { lambda, rounded, chosen } : undefined;
  });
  if (best) return best;
  throw outOfReach(goal);
}

/** The likely loss and so many standard errors over what the goal allows; above 1 where outputs move too much. */
function lossOfGoal(fidelity: Fidelity, { most }: Goal, errors: number): number {
  const loss = cautiousLoss(fidelity, errors) / (most + chanceOf(fidelity));
  return fidelity.relativeError <= mostMovement ? loss : Math.max(loss, 2);
}

function outOfReach(goal: Goal): DeepCompressionError {
  return new DeepCompressionError(
    'invalid-input',
    goal.kind === 'bytes'
      ? `no setting makes a file of ${Math.floor(goal.most)} bytes: allow more, or leave fewer layers alone`
      : `no setting keeps the loss at ${(goal.most * 100).toFixed(2)} %: allow more, or use the preset safe`,
  );
}

/** Answers that are counted jump: where half of one may go, one goes in four of ten sets of samples. */
function chanceOf({ smoothLoss, answers }: Fidelity): number {
  return smoothLoss ? 0 : 1 / Math.max(1, answers);
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
