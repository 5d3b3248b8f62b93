/**
 * Calibrated compression: levels for every layer of a model such that a goal is kept. Samples are split in
 * three: the first part only reports; the second weighs the layers and chooses; the third calibrates.
 * Levels fit the samples that calibrated them better than any others (a layer that sees one vector a sample
 * has few to go by), so that those would choose twice the movement they believe in. Importance of the layers
 * (importance.ts) makes one slope of all their errors and bits; the slope is searched with the whole model
 * run (choose-slope.ts).
 */
import { biasTargets, correctedBiases } from './bias.ts';
import { calibrate } from '../../calibrate/calibrate.ts';
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
  const { model, recipe, goal, variants, runtime, seed, turn, progress } = setup;
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
  const order = shuffled(feeding.groups, seed);
  const held = Math.max(2, Math.round(order.length * reporting));
  const judges = Math.max(2, Math.round(order.length * judging));
  const reports = await variants.prepare(order.slice(0, held), step('run', 0, 0.05));
  // regions and whole numbers are counted: a part of the samples would be too coarse a measure
  const parted = variants.haveMargins;
  const judged = order.slice(held, parted ? held + judges : undefined);
  const choosing = await variants.prepare(judged, step('run', 0.05, 0.1));
  const seen = step('calibrate', 0.1, 0.3);
  const bytes = wholeModel(model);
  const { calibration, without } = await calibrate({
    model,
    bytes,
    runtime,
    runs: runsOf(feeding, parted ? order.slice(held + judges) : choosing),
    seed,
    turn,
    onProgress: (done, of) => seen(done / of),
  });
  const layers: GoalLayer[] = [];
  for (const tensor of goalTensors(model, recipe)) {
    await turn();
    const layer = goalLayer(model, tensor, calibration);
    if (layer) layers.push(layer);
  }
  if (layers.length === 0)
    throw new DeepCompressionError('unsupported', `${model.path}: no layer that can be rounded`);
  const weighed = step('weigh layers', 0.3, 0.6);
  const trial = choosing.subarray(0, trialsOf(feeding, layers.length));
  const importance = await measureImportance(layers, {
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
      const lambda = slopeAt(x);
      const evaluated = step('choose', 0.6, 1);
      const rounded = new Map<number, QuantizedLayer>();
      for (const { layer, importance: g } of importance) {
        evaluated(
          (evaluations + 0.5 * (rounded.size / layers.length)) / mostEvaluations,
          layer.tensor.name,
        );
        rounded.set(layer.tensor.id, layer.quantizer.quantize(lambda, g));
        await turn();
      }
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
  const { rounded } = best.result;
  const biases = best.result.biases ?? corrections(rounded);
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
