/** A model and its sample inputs, opened for what rounds layers and looks at the outputs. */
import { checkGlobs } from '../../compress/layer-globs.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { decodeGraph } from '../../train/graph.ts';
import { sampledInputs } from '../fidelity/feeds.ts';
import { Variants } from '../fidelity/variants.ts';
import { openOnnxInput, sharedInput, type OpenedOnnx } from '../input.ts';
import type { JobContext } from '../jobs/define.ts';
import type { OnProgress } from '../jobs/progress.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { FileInput } from '../protocol-model.ts';
import type { DataInput, NormalisationInput } from '../protocol-train.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { loadDataset } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forChoosing } from '../train/reading.ts';
import { turns } from '../train/turns.ts';
import type { LevelsSetup } from './levels.ts';
import { Quantizers } from './quantizers.ts';

/** As the jobs take it. */
export interface SampledInput {
  readonly file: FileInput;
  readonly data: DataInput;
  readonly normalisation?: NormalisationInput;
  readonly seed: number;
  readonly threads: number;
}

export interface Sampled {
  readonly opened: OpenedOnnx;
  /** Bytes of all files of the model. */
  readonly size: number;
  readonly setup: LevelsSetup;
}

/** @throws DeepCompressionError of any code that models and data can cause */
export async function withSamples<T>(
  input: SampledInput,
  recipe: Recipe,
  { runtime, signal }: Pick<JobContext, 'runtime' | 'signal'>,
  progress: OnProgress,
  use: (sampled: Sampled) => Promise<T>,
): Promise<T> {
  const opened = openOnnxInput(sharedInput(input.file));
  const engine = trainingRuntime(runtime, input.threads);
  const turn = turns(signal);
  const { workerFile } = runtime;
  const quantizers = new Quantizers({ workerFile, threads: engine.threads, signal, turn });
  try {
    const { model } = opened;
    if (opened.dcz)
      throw new DeepCompressionError('invalid-input', `${opened.path} is already compressed`);
    checkGlobs(Object.keys(recipe.layers), model.tensors);
    const graph = decodeGraph(wholeModel(model));
    const { data } = await loadDataset(input.data, {
      ...{ inputs: sampledInputs(graph), prefer: forChoosing },
      turn,
      onRead: (line) => progress({ stage: 'read', layer: line, fraction: 0 }),
    });
    const normalisation = normalisationOf(input.normalisation, undefined);
    const variants = Variants.open({ runtime: engine, model, data, normalisation, turn });
    const setup = { model, recipe, variants, runtime: engine, seed: input.seed };
    return await use({
      opened,
      size: model.files.reduce((sum, { source }) => sum + source.size, 0),
      setup: { ...setup, turn, progress, quantizers },
    });
  } finally {
    await quantizers.dispose();
    await engine.close();
    opened.close();
  }
}
