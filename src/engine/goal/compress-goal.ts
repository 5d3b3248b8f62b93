/**
 * Compresses a model to a stated loss or size from sample inputs: decides the levels of all layers
 * (decide.ts), then writes them as any compression is written. Biases and means that were corrected make a
 * changed model, which is the one that is compressed.
 */
import { verdictOf } from '../../fidelity/verdict.ts';
import type { GoalRecipe } from '../../compress/recipe.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { compressFile, type CompressOptions } from '../jobs/compress-file.ts';
import type { JobContext } from '../jobs/define.ts';
import { share } from '../jobs/progress.ts';
import type { CompressInput, CompressResult } from '../protocol-model.ts';
import type { DataInput } from '../protocol-train.ts';
import { statementOf } from '../statement.ts';
import { writeTrained } from '../train/trained-model.ts';
import { decideLevels, goalOf, type Decided } from './decide.ts';
import { withSamples } from './with-samples.ts';

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
  const progress = share(context.onProgress, 0, decided);
  return withSamples(input, recipe, context, progress, async ({ opened, size, setup }) => {
    const { model } = setup;
    let wanted = goalOf(goal, size);
    for (let attempt = 1; ; attempt++) {
      const made = await decideLevels({ ...setup, goal: wanted });
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
  });
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
