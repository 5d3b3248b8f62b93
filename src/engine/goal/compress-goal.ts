/**
 * Compresses a model to a stated loss or size from sample inputs: decides the levels of all layers
 * (decide.ts), then writes them as any compression is written. Biases and means that were corrected make a
 * changed model, which is the one that is compressed.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { verdictOf } from '../../fidelity/verdict.ts';
import { checkGlobs } from '../../compress/layer-globs.ts';
import type { GoalRecipe } from '../../compress/recipe.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { decodeGraph } from '../../train/graph.ts';
import { sampledInputs } from '../fidelity/feeds.ts';
import { openOnnxInput, sharedInput } from '../input.ts';
import { Variants } from '../fidelity/variants.ts';
import { compressFile, type CompressOptions } from '../jobs/compress-file.ts';
import type { JobContext } from '../jobs/define.ts';
import { share } from '../jobs/progress.ts';
import type { CompressInput, CompressResult } from '../protocol-model.ts';
import type { DataInput } from '../protocol-train.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { statementOf } from '../statement.ts';
import { loadDataset } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forChoosing } from '../train/reading.ts';
import { writeTrained } from '../train/trained-model.ts';
import { turns } from '../train/turns.ts';
import { Quantizers } from './quantizers.ts';
import { decideLevels, type Decided, type Goal } from './decide.ts';

/** Share of the whole at which levels are decided. */
const decided = 0.9;
/** A file that is larger than the goal says is made again with a smaller goal, so many times. */
const attempts = 3;

/** @throws DeepCompressionError of any code that models, data and goals can cause */
export async function compressToGoal(
  input: CompressInput & { readonly data: DataInput },
  recipe: Recipe & { readonly goal: GoalRecipe },
  context: JobContext,
): Promise<CompressResult> {
  const start = performance.now();
  const { goal } = recipe;
  const opened = openOnnxInput(sharedInput(input.file));
  const engine = trainingRuntime(context.runtime, input.threads);
  const turn = turns(context.signal);
  const quantizers = new Quantizers({
    workerFile: context.runtime.workerFile,
    threads: engine.threads,
    signal: context.signal,
    turn,
  });
  try {
    const { model } = opened;
    if (opened.dcz)
      throw new DeepCompressionError('invalid-input', `${opened.path} is already compressed`);
    checkGlobs(Object.keys(recipe.layers), model.tensors);
    const progress = share(context.onProgress, 0, decided);
    const graph = decodeGraph(wholeModel(model));
    const { data } = await loadDataset(input.data, {
      ...{ inputs: sampledInputs(graph), prefer: forChoosing },
      turn,
      onRead: (line) => progress({ stage: 'read', layer: line, fraction: 0 }),
    });
    const normalisation = normalisationOf(input.normalisation, undefined);
    const variants = Variants.open({ runtime: engine, model, data, normalisation, turn });
    const size = model.files.reduce((sum, { source }) => sum + source.size, 0);
    let wanted = goalOf(goal, size);
    for (let attempt = 1; ; attempt++) {
      const made = await decideLevels({
        ...{ model, recipe, goal: wanted, variants, runtime: engine },
        ...{ seed: input.seed, turn, progress, quantizers },
      });
      const on = 'samples';
      const fidelity = { ...made.fidelity, on, verdict: verdictOf(made.fidelity, on) } as const;
      const maxLoss = wanted.kind === 'loss' ? wanted.most : undefined;
      const result = await written(
        { ...input, overwrite: input.overwrite || attempt > 1 },
        context,
        recipe,
        made,
        { inputs: opened.files, statement: statementOf(opened.path, model, fidelity, maxLoss) },
      );
      const most = wanted.kind === 'bytes' ? goalOf(goal, size).most : Infinity;
      if (result.output.bytes <= most || attempt === attempts)
        return {
          ...result,
          input: { ...result.input, path: opened.path },
          seconds: (performance.now() - start) / 1000,
          fidelity,
          ...(maxLoss !== undefined && { maxLoss }),
          notes: [...result.notes, ...made.notes],
        };
      wanted = { kind: 'bytes', most: wanted.most * (most / result.output.bytes) * 0.995 };
    }
  } finally {
    await quantizers.dispose();
    await engine.close();
    opened.close();
  }
}

/** @throws DeepCompressionError `invalid-input` when the model is as small already */
function goalOf({ maxLoss, ratio, maxBytes }: GoalRecipe, size: number): Goal {
  const most = ratio !== undefined ? size / ratio : maxBytes;
  if (most === undefined) return { kind: 'loss', most: maxLoss! };
  if (most < size) return { kind: 'bytes', most };
  throw new DeepCompressionError(
    'invalid-input',
    `a size must be below that of the model, ${size} bytes, not ${Math.round(most)}`,
  );
}

/** The file, of the model with corrected biases. */
async function written(
  input: CompressInput,
  context: JobContext,
  recipe: Recipe,
  { layers, biases, model }: Decided,
  said: Pick<CompressOptions, 'inputs' | 'statement'>,
): Promise<CompressResult> {
  const rest = { ...context, onProgress: share(context.onProgress, decided, 1) };
  const options = { ...said, assigned: layers };
  const plain = { file: input.file, out: input.out, seed: input.seed, threads: input.threads };
  const { overwrite } = input;
  if (biases.size === 0) return compressFile({ ...plain, overwrite, recipe }, rest, options);
  const values = new Map([...biases].map(([id, bias]) => [id, Float32Array.from(bias)]));
  const file = writeTrained(model, values);
  try {
    return await compressFile(
      { ...plain, overwrite, recipe, file: { path: file.path } },
      rest,
      options,
    );
  } finally {
    file.remove();
  }
}
