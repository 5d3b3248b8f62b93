/**
 * A model made ready to be rounded at any slope: samples parted, inputs' moments, quantizers, importance of
 * the layers. What is done with it (a goal kept, the whole front, single layers) is decide.ts's and
 * jobs/search.ts's.
 */
import { biasTargets, correctedBiases } from './bias.ts';
import { calibrate } from '../../calibrate/calibrate.ts';
import { mergeCalibrations } from '../../calibrate/merge.ts';
import type { QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Fidelity } from '../../fidelity/compare.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { shuffled } from '../../train/dataset/dataset.ts';
import type { Runtime } from '../../train/runtime.ts';
import type { Feeding } from '../fidelity/feeds.ts';
import type { Variants } from '../fidelity/variants.ts';
import type { OnProgress } from '../jobs/progress.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { enoughSamples } from './enough-samples.ts';
import { measureImportance, type LayerImportance } from './importance.ts';
import { goalLayer, goalTensors, restoredValues, type GoalLayer } from './layers.ts';
import type { Quantizers } from './quantizers.ts';
import { roundAll, takeLayers } from './round-all.ts';
import { runsOf } from './runs.ts';

export interface LevelsSetup {
  readonly model: OnnxModel;
  readonly recipe: Recipe;
  readonly variants: Variants;
  readonly runtime: Runtime;
  readonly seed: number;
  readonly turn: () => Promise<void>;
  /** 0 to 0.6 of the whole is told here. */
  readonly progress: OnProgress;
  readonly quantizers: Quantizers;
}

/** All layers at one slope. */
export interface Rounded {
  readonly layers: ReadonlyMap<number, QuantizedLayer>;
  /** New values of biases and means that take back what rounding shifted, by tensor id. */
  readonly biases: ReadonlyMap<number, Float64Array>;
  /** Of the whole file, estimated. */
  readonly bytes: number;
}

export interface Levels {
  readonly model: OnnxModel;
  readonly importance: readonly LayerImportance[];
  /** Groups of samples that choose, and those that only report. */
  readonly choosing: Uint32Array;
  readonly reports: Uint32Array;
  /** All that do not report. */
  readonly settling: Uint32Array;
  /** Whether a loss is measured by margins or movements; else answers are counted. */
  readonly lossIsSmooth: boolean;
  readonly notes: readonly string[];
  /** @param onLayer told the share that is done, and a layer */
  at(lambda: number, onLayer?: (done: number, layer: string) => void): Promise<Rounded>;
  /** Of the model with these layers, or some of them, rounded; and with the biases, where given. */
  fidelity(
    layers: ReadonlyMap<number, QuantizedLayer>,
    biases: ReadonlyMap<number, Float64Array>,
    groups: Uint32Array,
  ): Promise<Fidelity>;
  /** Lets what chose calibrate too, once. */
  calibrateOnAll(): Promise<void>;
}

/** Groups of samples (single ones, or stretches for models with state) that a goal needs. */
const leastGroups = 6;
/** Shares of the samples that only report, and that weigh and choose; these calibrate at the end as well. */
const reporting = 1 / 4;
const judging = 3 / 8;
/** Input values that trying every layer alone takes in all, beyond `leastTrial` groups a layer. */
const trialValues = 4e7;
const leastTrial = 8;
/** What the rest of a model shrinks to when it is packed, for estimates before a file is there. */
const packedRest = 0.55;

/** @throws DeepCompressionError `invalid-input` when samples are too few */
export async function openLevels(setup: LevelsSetup): Promise<Levels> {
  const { model, recipe, variants, runtime, seed, turn, progress, quantizers } = setup;
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
  const { lossIsSmooth } = variants;
  const judged = order.slice(held, lossIsSmooth ? held + judges : undefined);
  const choosing = await variants.prepare(judged, step('run', 0.05, 0.1));
  const calibrating = lossIsSmooth ? order.slice(held + judges) : choosing;
  const others = lossIsSmooth
    ? await variants.prepare(calibrating, step('run', 0.1, 0.15))
    : new Uint32Array(0);
  const seen = step('calibrate', 0.15, 0.3);
  const bytes = wholeModel(model);
  const calibrateOn = (groups: Uint32Array, onProgress: (done: number, of: number) => void) =>
    calibrate({
      ...{ model, bytes, runtime, seed, turn, onProgress },
      runs: runsOf(feeding, groups),
    });
  const { calibration, without } = await calibrateOn(calibrating, (done, of) => seen(done / of));
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
  let all = !lossIsSmooth;
  const values = (rounded: ReadonlyMap<number, QuantizedLayer>) =>
    [...rounded].map(([id, layer]) => [id, restoredValues(layer)] as const);
  return {
    ...{ model, importance, choosing, reports, lossIsSmooth },
    settling: Uint32Array.of(...choosing, ...others),
    at: async (lambda, onLayer = () => {}) => {
      const rounded = await roundAll(quantizers, importance, lambda, onLayer);
      const bytes = rest + [...rounded.values()].reduce((sum, { bits }) => sum + bits / 8, 0);
      return { layers: rounded, biases: corrections(rounded), bytes };
    },
    fidelity: (rounded, biases, groups) =>
      variants.fidelity(new Map([...values(rounded), ...biases]), groups),
    calibrateOnAll: async () => {
      if (all) return;
      all = true;
      const more = await calibrateOn(choosing, () => {});
      await takeLayers(quantizers, layers, mergeCalibrations(calibration, more.calibration));
    },
    notes: [
      ...enoughSamples(
        layers.map(({ tensor }) => tensor),
        calibration,
        variants.samplesIn(calibrating),
        1 - reporting,
      ),
      ...[...without].flatMap(([id, why]) => {
        const used = layers.some(({ tensor }) => tensor.id === id);
        return used
          ? [`${model.tensors[id]!.name} is rounded as finely as the others, unmeasured: ${why}`]
          : [];
      }),
    ],
  };
}

/** Groups on which every layer is tried alone. */
function trialsOf({ samples, samplesOf }: Feeding, layers: number): number {
  const { from, to } = samplesOf(0);
  let values = 0;
  for (const shape of samples.shapes.values()) values += shape.reduce((a, b) => a * b, to - from);
  return Math.max(leastTrial, Math.floor(trialValues / (values * layers)));
}
