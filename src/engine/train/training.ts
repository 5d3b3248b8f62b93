/**
 * One retraining from its inputs to trained values: data bound to the model, the compiled network, the
 * teacher where there is one, the stages, the checkpoint. What is made of the values is the job's.
 */
import { checkGlobs } from '../../compress/layer-globs.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { TrainRecipe } from '../../train/train-recipe.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { compileTraining, type TrainingGraph } from '../../train/compile.ts';
import { augmenter } from '../../train/dataset/augment.ts';
import type { Dataset } from '../../train/dataset/dataset.ts';
import type { Taken } from '../../train/dataset/taken.ts';
import { decodeGraph, type Graph } from '../../train/graph.ts';
import { inlineFunctions } from '../../train/inline-functions.ts';
import type { LossSpec } from '../../train/loss.ts';
import { layerPairs } from '../../train/methods/dead-units.ts';
import { weightsAfterDropout } from '../../train/methods/dropout.ts';
import { Network, partsOf, type Teacher } from '../../train/methods/network.ts';
import { openPredictor, predictionKind } from '../../train/methods/predict.ts';
import { reconstructLayers } from '../../train/methods/reconstruct.ts';
import { runStages, type RunResult } from '../../train/methods/run.ts';
import { chooseOutput, withOutput, type ChosenOutput } from '../../train/methods/output.ts';
import { bindSamples, inputShapes, type Samples } from '../../train/methods/samples.ts';
import type { Score } from '../../train/methods/score.ts';
import type { Layer } from '../../train/methods/structure.ts';
import { layersOf, removesChannels } from '../../train/stages/all.ts';
import type { OnProgress } from '../jobs/progress.ts';
import { openOnnxInput } from '../input.ts';
import type { TrainingEvent } from '../protocol-accuracy.ts';
import type { RetrainInput } from '../protocol-train.ts';
import type { JobControl } from '../protocol.ts';
import type { NamedRuntime } from '../runtime/training.ts';
import { announce, notesOn } from './announce.ts';
import { scalesOf, trainedChannels } from './channels.ts';
import { checkpointPath, fingerprint, openCheckpoint } from './checkpoints.ts';
import { loadDataset } from './data.ts';
import { wholeModel } from './model-bytes.ts';
import {
  checkHasWeights,
  isReused,
  kindOfTensor,
  layersToCompress,
  mainTensors,
  trainableTensors,
  type Trainable,
} from './trainable.ts';
import { forTraining } from './reading.ts';
import { dataForLoss, labelledBy, splitFor } from './training-data.ts';
import { takenLine } from '../taken-line.ts';
import { turns } from './turns.ts';

/** Samples a run when a model is scored, where it leaves that open. */
export const scoreBatch = 256;

/** Fewer samples than this teach a model nothing but themselves. */
const leastDistilled = 32;

export interface TrainingSetup {
  readonly input: RetrainInput;
  readonly recipe: Recipe & { readonly train: TrainRecipe };
  readonly model: OnnxModel;
  readonly engine: NamedRuntime;
  readonly signal: AbortSignal;
  /** 0..1 of the training. */
  readonly progress: OnProgress;
  /** Hears of the plan and of every epoch. */
  readonly tell: (event: TrainingEvent) => void;
  readonly control: JobControl | undefined;
}

export interface Trained {
  readonly result: RunResult;
  /** By tensor id. */
  readonly values: ReadonlyMap<number, Float32Array>;
  /** The layers of the recipe, as the stages left them. */
  readonly layers: readonly Layer[];
  /** On the held-out samples; null when there are none. */
  readonly before: Score | null;
  readonly resumed: boolean;
  /** Whether scores are agreement with the model as it was, for want of labels. */
  readonly agreement: boolean;
  readonly notes: readonly string[];
  readonly taken: Taken;
  readonly output: ChosenOutput;
  /** Of a written file, on the held-out samples. */
  score(path: string): Promise<Score | null>;
  /** The output is written: what an interrupted run needs can go. */
  done(): void;
}

/** @throws DeepCompressionError of any code that models, data and checkpoints can cause */
export async function trainModel(setup: TrainingSetup): Promise<Trained> {
  const { input, recipe, model, engine, signal, progress, tell, control } = setup;
  const { train } = recipe;
  const turn = turns(signal);
  const bytes = wholeModel(model);
  const source = decodeGraph(bytes);
  inlineFunctions(source);
  const trainable = trainableTensors(model, source);
  checkHasWeights(trainable);
  const named = train.stages.flatMap((stage) => [...layersOf(stage), ...stage.freeze]);
  checkGlobs([...named, ...Object.keys(recipe.layers)], model.tensors);
  const output = chooseOutput(source, input.output);
  const { data, taken } = await loadDataset(input.data, {
    ...{ inputs: source.inputs, prefer: forTraining },
    turn,
    onRead: (line) => progress({ stage: 'read', layer: line, fraction: 0 }),
  });
  const loaded = dataForLoss(data, train.loss);
  progress({ stage: 'prepare training', layer: '', fraction: 0.002 });
  const { graph, parts } = await compile(bytes, source, trainable, loaded, output.name, setup);
  let samples = bindSamples(source.inputs, loaded, train.normalisation);
  let teacher: Teacher | undefined;
  if (train.loss === 'distillation') {
    progress({ stage: 'teacher', layer: '', fraction: 0.005 });
    teacher = await teach(engine, graph, samples, turn);
    samples = bindSamples(source.inputs, labelledBy(teacher, loaded), train.normalisation);
  }
  const split = splitFor(samples.data, train.validation, input.seed, input.samples);
  if (train.loss === 'distillation' && split.training.length < leastDistilled)
    throw new DeepCompressionError(
      'invalid-input',
      `${data.name}: ${split.training.length} samples are too few to distill from: give at least ${leastDistilled}, better 1,000, or take the preset calibrated, which needs fewer`,
    );
  const network = await Network.open(engine, graph, {
    samples,
    isWeight: (name) => trainable.byName.get(name)?.role === 'weight',
    teacher,
    change: augmenter(train.augment, loaded),
    afterDropout: weightsAfterDropout(
      source,
      (name) => trainable.byName.get(name)?.role === 'weight',
    ),
    scoreBatch,
    parts,
  });
  try {
    const layers = layersToCompress(network.parameters, trainable, recipe);
    const held = split.validation.length > 0;
    const before = held ? await network.score(split.validation, turn) : null;
    const settings = {
      recipe,
      seed: input.seed,
      samples: input.samples,
      runtime: engine.name,
      threads: engine.threads,
    };
    const checkpoint = openCheckpoint(
      checkpointPath(input),
      fingerprint(bytes, loaded, settings),
      input.fresh ?? false,
    );
    const agreement = loaded.labels === undefined && samples.data.labels !== undefined;
    announce(tell, train.stages, checkpoint.found?.history ?? [], {
      before,
      agreement,
      samples: split.training.length,
      runtime: engine.name,
      taken: takenLine(taken, output),
    });
    const stateNames = new Set(network.states.map(({ name }) => name));
    const channels = train.stages.some(removesChannels)
      ? await trainedChannels(model, network.parameters, stateNames, engine, input.seed)
      : [];
    const result = await runStages(
      network,
      {
        stages: train.stages,
        layers,
        pairs: layerPairs(source),
        channels,
        scales: scalesOf(model),
        reconstruct: (chosen, options, work) =>
          reconstructLayers(chosen, options, {
            ...work,
            runtime: engine,
            source,
            samples,
            parameters: network.parameters,
            states: network.states,
            batch: network.batch,
            training: split.training,
          }),
        kindOf: (name) => kindOfTensor(trainable.byName.get(name)),
        training: split.training,
        validation: split.validation,
        seed: input.seed,
      },
      {
        turn: async () => {
          await turn();
          await control?.paused();
        },
        stopped: () => control?.stopped() ?? false,
        onStep: (part, stage, step, loss) =>
          progress({
            stage: stage.kind === 'prune' ? `prune ${step + 1} of ${stage.steps}` : stage.kind,
            layer: `loss ${loss.toPrecision(3)}`,
            fraction: part,
          }),
        onEpoch: (epoch) => tell({ kind: 'epoch', epoch }),
        save: (state) => checkpoint.save(state),
      },
      checkpoint.found,
    );
    const values = new Map<number, Float32Array>();
    const tensors = mainTensors(model);
    for (const p of [...network.parameters, ...network.states])
      values.set(tensors.get(p.name)!.id, p.values);
    return {
      result,
      values,
      layers,
      before,
      resumed: checkpoint.found !== undefined,
      agreement,
      notes: [
        ...(loaded.notes ?? []),
        ...notesOn(graph, trainable),
        ...split.notes,
        ...checkpoint.notes,
      ],
      ...{ taken, output },
      score: (path) =>
        held
          ? scoreFile(path, setup, samples, output, split.validation, turn)
          : Promise.resolve(null),
      done: () => checkpoint.remove(),
    };
  } finally {
    await network.close();
  }
}

async function compile(
  bytes: Uint8Array<ArrayBuffer>,
  source: Graph,
  { byName }: Trainable,
  data: Dataset,
  output: string,
  { recipe: { train }, engine, input }: TrainingSetup,
): Promise<{ readonly graph: TrainingGraph; readonly parts: number }> {
  const samples = bindSamples(source.inputs, data, train.normalisation);
  const { training } = splitFor(data, train.validation, input.seed, input.samples);
  const batch = samples.fixedBatch ?? Math.min(train.batch, training.length);
  const parameters = [...byName.values()].reduce((sum, t) => sum + t.parameters, 0);
  const weights = [...byName.values()].some(isReused) ? 'reused' : 'usedOnce';
  const parts = samples.fixedBatch ? 1 : partsOf(batch, parameters, weights, engine.helpers);
  const compiled = (size: number): Promise<TrainingGraph> =>
    compileTraining(
      bytes,
      {
        trainable: [...byName.keys()],
        batch: size,
        ...{ inputShapes: inputShapes(samples, size), output },
        loss: lossOf(train),
        batchNorm: train.batchNorm,
        dropout: train.dropout,
        freezeUnsupported: true,
      },
      engine,
    );
  try {
    return { graph: await compiled(batch / parts), parts };
  } catch (error) {
    const refused = error instanceof DeepCompressionError && error.code === 'invalid-model';
    if (!refused || batch === 1) throw error;
    // a Reshape inside may fix the batch, whatever the input says
    const takesOne = await compiled(1).then(
      () => true,
      () => false,
    );
    if (!takesOne) throw error;
    throw new DeepCompressionError(
      'invalid-recipe',
      `the model takes one sample at a time (something inside fixes the batch): set train.batch of the recipe to 1, not ${train.batch}`,
      { cause: error },
    );
  }
}

function lossOf({ loss, temperature, teacher }: TrainRecipe): LossSpec {
  return loss === 'distillation' ? { kind: loss, temperature, weight: teacher } : { kind: loss };
}

/** The uncompressed model's predictions for every sample. */
async function teach(
  engine: NamedRuntime,
  graph: TrainingGraph,
  samples: Samples,
  turn: () => Promise<void>,
): Promise<Teacher> {
  const predictor = await openPredictor(engine, graph.evaluation, {
    samples,
    kind: 'scores',
    batch: scoreBatch,
  });
  try {
    const feeds = Object.fromEntries(
      [...graph.parameters, ...graph.states].map(({ name, shape, values }) => [
        name,
        { type: 'float32', dims: shape, data: values },
      ]),
    );
    const order = Uint32Array.from({ length: samples.data.samples }, (_, i) => i);
    return await predictor.predict(order, feeds, turn);
  } finally {
    await predictor.close();
  }
}

async function scoreFile(
  path: string,
  { engine, recipe }: TrainingSetup,
  { data }: Samples,
  output: ChosenOutput,
  order: Uint32Array,
  turn: () => Promise<void>,
): Promise<Score> {
  const opened = openOnnxInput({ path });
  try {
    const bytes = wholeModel(opened.model);
    const graph = decodeGraph(bytes);
    const predictor = await openPredictor(engine, withOutput(bytes, graph, output), {
      samples: bindSamples(graph.inputs, data, recipe.train.normalisation),
      kind: predictionKind(graph, output.name),
      output: output.name,
      batch: scoreBatch,
    });
    try {
      return await predictor.score(order, {}, turn);
    } finally {
      await predictor.close();
    }
  } finally {
    opened.close();
  }
}
