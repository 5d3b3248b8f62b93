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
import { biasTargets, correctedBiases } from './bias.ts';
import { calibrate } from '../../calibrate/calibrate.ts';
import { mergeCalibrations } from '../../calibrate/merge.ts';
import type { QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { cautiousLoss, type Fidelity } from '../../fidelity/compare.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { shuffled } from '../../train/dataset/dataset.ts';
import type { Runtime } from '../../train/runtime.ts';
import type { Feeding } from '../fidelity/feeds.ts';
import type { Variants } from '../fidelity/variants.ts';
import type { OnProgress } from '../jobs/progress.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { largestSlope } from './choose-slope.ts';
import { measureImportance, middleSlope, type LayerImportance } from './importance.ts';
import { goalLayer, goalTensors, restoredValues, type GoalLayer } from './layers.ts';
import type { Quantizers } from './quantizers.ts';
import { roundAll, takeLayers } from './round-all.ts';
import { runsOf } from './runs.ts';

/** What a compression must keep: one of the three. */
export type Goal =
  | { readonly kind: 'loss'; readonly most: number }
  | { readonly kind: 'bytes'; readonly most: number };

export interface GoalSetup {
  readonly model: OnnxModel;
  readonly recipe: Recipe;
  readonly goal: Goal;
  readonly variants: Variants;
  readonly runtime: Runtime;
  readonly seed: number;
  readonly turn: () => Promise<void>;
  readonly progress: OnProgress;
  readonly quantizers: Quantizers;
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
}

/** Groups of samples (single ones, or stretches for models with state) that a goal needs. */
const leastGroups = 6;
/** Shares of the samples that only report, and that weigh and choose. */
const reporting = 1 / 4;
const judging = 1 / 4;
/** Input values that trying every layer alone takes in all, beyond `leastTrial` groups a layer. */
const trialValues = 4e7;
const leastTrial = 8;
/** Outputs never move by more than this share of their size: answers are read in ways not known here. */
const mostMovement = 0.3;
const mostEvaluations = 8;
/** What the rest of a model shrinks to when it is packed, for estimates before a file is there. */
const packedRest = 0.55;

/** @throws DeepCompressionError `invalid-input` when samples are too few or no setting keeps the goal */
export async function decideLevels(setup: GoalSetup): Promise<Decided> {
  const { model, recipe, goal, variants, runtime, seed, turn, progress, quantizers } = setup;
  const { feeding } = variants;
  if (feeding.groups < leastGroups)
    throw new DeepCompressionError(
      'invalid-input',
      `${feeding.samples.data.name}: ${feeding.samples.data.samples} samples are too few to choose and to report on: give at least ${leastGroups * (feeding.states.length ? 32 : 1)}, better 100`,
    );
  const step =
    (stage: string, from: number, to: number) =>
    (fraction: number, layer = ''): void =>
      progress({ stage, layer, fraction: from + (to - from) * fraction });
  const order = feeding.states.length
    ? Uint32Array.from({ length: feeding.groups }, (_, group) => group)
    : shuffled(feeding.groups, seed);
  const held = Math.max(2, Math.round(order.length * reporting));
  const judges = Math.max(2, Math.round(order.length * judging));
  const reports = await variants.prepare(order.slice(0, held), step('run', 0, 0.05));
  // regions and whole numbers are counted: a part of the samples would be too coarse a measure
  const parted = variants.haveMargins;
  const judged = order.slice(held, parted ? held + judges : undefined);
  const choosing = await variants.prepare(judged, step('run', 0.05, 0.1));
  const seen = step('calibrate', 0.1, 0.3);
  const bytes = wholeModel(model);
  const calibrateOn = (groups: Uint32Array, onProgress: (done: number, of: number) => void) =>
    calibrate({
      ...{ model, bytes, runtime, seed, turn, onProgress },
      runs: runsOf(feeding, groups),
    });
  const { calibration, without } = await calibrateOn(
    parted ? order.slice(held + judges) : choosing,
    (done, of) => seen(done / of),
  );
  const layers: GoalLayer[] = [];
  for (const tensor of goalTensors(model, recipe)) {
    await turn();
    const layer = goalLayer(model, tensor);
    if (layer) layers.push(layer);
  }
  await takeLayers(quantizers, layers, calibration);
  if (layers.length === 0)
    throw new DeepCompressionError('unsupported', `${model.path}: no layer that can be rounded`);
  const weighed = step('weigh layers', 0.3, 0.6);
  const trial = choosing.subarray(0, trialsOf(feeding, layers.length));
  const importance = await measureImportance(layers, {
    near: (id, bits) => quantizers.near(id, bits),
    fidelity: (values) => variants.fidelity(values, trial),
    onLayer: async (layer, done) => {
      weighed(done / layers.length, layer.tensor.name);
      await turn();
    },
  });
  const whole = model.files.reduce((sum, { source }) => sum + source.size, 0);
  const rest = packedRest * (whole - layers.reduce((sum, { tensor }) => sum + tensor.bytes, 0));
  const targets = biasTargets(
    model,
    layers.map(({ tensor }) => tensor),
  );
  const corrections = (rounded: ReadonlyMap<number, QuantizedLayer>): Map<number, Float64Array> =>
    correctedBiases(model, targets, (id) => rounded.get(id)?.shift);
  // of bytes, the smallest slope that fits is wanted
  const slopeAt = (x: number): number => (goal.kind === 'bytes' ? 1 / x : x);
  let evaluations = 0;
  const best = await largestSlope({
    guess: slopeAt(middleSlope(importance) / 8),
    most: mostEvaluations,
    evaluate: async (x): Promise<{ kept: boolean; result: Candidate }> => {
      const evaluated = step('choose', 0.6, 1);
      const rounded = await roundAll(quantizers, importance, slopeAt(x), (done, layer) =>
        evaluated((evaluations + done / 2) / mostEvaluations, layer),
      );
      const bytes = rest + [...rounded.values()].reduce((sum, { bits }) => sum + bits / 8, 0);
      if (goal.kind === 'bytes') {
        evaluations++;
        return {
          kept: bytes <= goal.most,
          result: { rounded, biases: undefined, fidelity: undefined, bytes },
        };
      }
      const biases = corrections(rounded);
      const fidelity = await variants.fidelity(
        new Map([...valuesOf(rounded), ...biases]),
        choosing,
      );
      evaluations++;
      const kept = cautiousLoss(fidelity) <= goal.most && fidelity.relativeError <= mostMovement;
      return { kept, result: { rounded, biases, bytes, fidelity } };
    },
  });
  if (!best)
    throw new DeepCompressionError(
      'invalid-input',
      `no setting keeps the loss at ${(goal.most * 100).toFixed(2)} %: allow more, or use the preset safe`,
    );
  let { rounded } = best.result;
  if (parted) {
    const more = await calibrateOn(choosing, () => {});
    await takeLayers(quantizers, layers, mergeCalibrations(calibration, more.calibration));
    rounded = await roundAll(quantizers, importance, slopeAt(best.lambda), () => {});
  }
  const biases = corrections(rounded);
  const values = new Map([...valuesOf(rounded), ...biases]);
  return {
    model,
    layers: rounded,
    biases,
    fidelity: await variants.fidelity(values, reports),
    chosen: best.result.fidelity ?? (await variants.fidelity(values, choosing)),
    importance,
    lambda: slopeAt(best.lambda),
    notes: [...without].flatMap(([id, why]) => {
      const used = layers.some(({ tensor }) => tensor.id === id);
      return used
        ? [`${model.tensors[id]!.name} is rounded as finely as the others, unmeasured: ${why}`]
        : [];
    }),
  };
}

interface Candidate {
  readonly rounded: ReadonlyMap<number, QuantizedLayer>;
  readonly biases: ReadonlyMap<number, Float64Array> | undefined;
  readonly fidelity: Fidelity | undefined;
  /** Of the whole file, estimated. */
  readonly bytes: number;
}

/** Groups on which every layer is tried alone. */
function trialsOf({ samples, samplesOf }: Feeding, layers: number): number {
  const { from, to } = samplesOf(0);
  let values = 0;
  for (const shape of samples.shapes.values()) values += shape.reduce((a, b) => a * b, to - from);
  return Math.max(leastTrial, Math.floor(trialValues / (values * layers)));
}

function valuesOf(rounded: ReadonlyMap<number, QuantizedLayer>): Map<number, Float64Array> {
  return new Map([...rounded].map(([id, layer]) => [id, restoredValues(layer)]));
}
