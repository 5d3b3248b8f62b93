/**
 * Compresses a model to a stated loss or size from sample inputs: decides the levels of all layers
 * (decide.ts), then writes them as any compression is written. Biases and means that were corrected make a
 * changed model, which is the one that is compressed.
 */
import { verdictOf } from '../../fidelity/verdict.ts';
import type { GoalRecipe } from '../../compress/recipe.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { compressFile, TooLarge, type CompressOptions } from '../jobs/compress-file.ts';
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
/** A file that is larger than the goal says, or leaves more than this share of it, is made again. */
const full = 0.97;
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
    const wanted = goalOf(goal, size);
    const maxLoss = wanted.kind === 'loss' ? wanted.most : undefined;
    const mostBytes = wanted.kind === 'bytes' ? wanted.most : undefined;
    let made = await decideLevels({ ...setup, goal: wanted });
    let kept: CompressResult | undefined;
    let estimate = wanted.most;
    for (let attempt = 1; ; attempt++) {
      const on = 'samples';
      const fidelity = { ...made.fidelity, on, verdict: verdictOf(made.fidelity, on) } as const;
      let bytes = 0;
      try {
        const result = await written(
          { ...input, overwrite: input.overwrite || kept !== undefined },
          context,
          recipe,
          made,
          {
            inputs: opened.files,
            statement: statementOf(opened.path, model, fidelity, maxLoss),
            ...(mostBytes !== undefined && { mostBytes }),
          },
        );
        bytes = result.output.bytes;
        kept = {
          ...result,
          input: { ...result.input, path: opened.path },
          seconds: (performance.now() - start) / 1000,
          fidelity,
          ...(maxLoss !== undefined && { maxLoss }),
          notes: [...result.notes, ...made.notes],
        };
      } catch (error) {
        if (!(error instanceof TooLarge) || (attempt === attempts && !kept)) throw error;
        bytes = error.bytes;
      }
      const near = mostBytes === undefined || (bytes <= mostBytes && bytes >= full * mostBytes);
      if (kept && (near || attempt === attempts)) return kept;
      // how far the estimate was off is known now
      estimate *= (mostBytes! / bytes) * 0.99;
      made = await made.again(estimate);
    }
  });
}

/** The file, of the model with corrected biases. */
async function written(
  input: CompressInput,
  context: JobContext,
  recipe: Recipe,
  { layers, biases, model }: Decided,
  said: Pick<CompressOptions, 'inputs' | 'statement' | 'mostBytes'>,
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
