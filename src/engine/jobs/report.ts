/**
 * report: the table of a .dcz, from the file alone, so that it can be shown at any later time; accuracy
 * and curves from the training record beside it, where there is one.
 * Every block is decoded, checked and counted, by threads when there is much of it.
 */
import { damaged } from '../../compress/code/checked-decoder.ts';
import { host } from '#host';
import { blockWeights } from '../../compress/coded.ts';
import { hashedReason, notCoded } from '../../compress/not-coded.ts';
import { parseRecipe, type Recipe } from '../../recipe/recipe.ts';
import { StatisticsCounter, type LayerStatistics } from '../../compress/statistics.ts';
import type { Dcz } from '../../container/read.ts';
import { codedAs, isCodable } from '../../model/coded-as.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { formatNames } from '../../model/format-names.ts';
import type { Model } from '../../model/model.ts';
import { ahead } from '../ahead.ts';
import { restoredBytes } from '../claim.ts';
import { openInput, sharedInput } from '../input.ts';
import { startCrew, type Crew } from '../pool.ts';
import type { Stated } from '../protocol-fidelity.ts';
import type { ReportInput, ReportResult } from '../protocol-model.ts';
import { statedBy } from '../statement.ts';
import type { BlockCounts } from '../workbench.ts';
import { readRecord } from '../train/record.ts';
import { crewSize } from './crew-size.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';
import { layersOf } from './layers.ts';
import { monotone, type OnProgress } from './progress.ts';

export const reportJob = defineJob<ReportInput, ReportResult>({
  input: { file: fileInput },
  run: async (input, { signal, onProgress, runtime }) => {
    const shared = sharedInput(input.file);
    const opened = openInput(shared);
    try {
      const { dcz, model, source, path } = opened;
      if (!dcz)
        throw new DeepCompressionError(
          'invalid-input',
          `${path}: not a .dcz file, nothing to report`,
        );
      checkTensors(path, dcz, model);
      const crew = startCrew(shared, {
        workerFile: runtime.workerFile,
        threads: crewSize(Math.min(8, host.cores()), weightsOf(dcz)),
        signal,
      });
      try {
        const stats = await countedAgain(dcz, model, crew, signal, monotone(onProgress));
        const tensors = dcz.tensors.map(({ coded }, i) => ({ coded, stats: stats[i] }));
        const stored = new Map(dcz.tensors.map((t) => [t.coded.tensor, t.stored]));
        const bytes = restoredBytes(dcz);
        // content without a path has no file beside it
        const { record, notes } =
          'path' in shared ? readRecord(shared.path) : { record: undefined, notes: [] };
        const stated = statedBy(dcz.statement);
        return {
          input: { path: originalName(path, model, stated), bytes },
          output: { path, bytes: source.size },
          ratio: bytes / source.size,
          decodesExactly: true,
          recipe: nameOf(dcz.recipe),
          recipeDetails: dcz.recipe,
          ...(stated && { stated }),
          layers: await layersOf(model, tensors, stored, signal),
          otherBytes: dcz.otherBytes,
          notCoded: notCoded(
            model,
            recipeOf(dcz.recipe),
            new Set(stored.keys()),
            new Map(dcz.hashed.map(({ tensor, layout }) => [tensor, hashedReason(layout)])),
          ),
          ...(record && { training: record }),
          notes: [...model.notes, ...notes],
        };
      } finally {
        await crew.dispose();
      }
    } finally {
      opened.close();
    }
  },
});

function weightsOf(dcz: Dcz): number {
  return dcz.tensors.reduce((sum, t) => sum + t.coded.weights, 0);
}

/** A container whose tensors are not those of the model inside it is damaged. */
function checkTensors(path: string, dcz: Dcz, model: Model): void {
  for (const { coded } of dcz.tensors) {
    const tensor = model.tensors.at(coded.tensor);
    const as = tensor && isCodable(tensor.dtype) ? codedAs(tensor) : undefined;
    if (as?.weights !== coded.weights || as.dtype !== coded.dtype)
      throw damaged(path, `tensor ${coded.tensor} is not one of the model's`);
  }
}

async function countedAgain(
  dcz: Dcz,
  model: Model,
  crew: Crew,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<LayerStatistics[]> {
  const counters = dcz.tensors.map(({ coded }) => new StatisticsCounter(coded.codebook.length));
  const total = weightsOf(dcz);
  let done = 0;
  for await (const { item, result } of ahead(blocksOf(dcz), crew.size * 2 + 1, (block) =>
    crew.perform({ kind: 'recount', ...block }),
  )) {
    throwIfCancelled(signal);
    counters[item.index].merge({ ...(result as BlockCounts), squaredError: 0 });
    const { coded } = dcz.tensors[item.index];
    done += Math.min(blockWeights, coded.weights - item.block * blockWeights);
    onProgress({
      stage: 'report',
      layer: model.tensors[coded.tensor].name,
      fraction: done / total,
    });
  }
  return counters.map((counter, i) => counter.result(dcz.tensors[i].rmse));
}

function* blocksOf(dcz: Dcz): Generator<{ index: number; block: number }> {
  for (const [index, { coded }] of dcz.tensors.entries())
    for (let block = 0; block * blockWeights < coded.weights; block++) yield { index, block };
}

/** The name of the model as the file states it, else as it would be. */
function originalName(path: string, { format }: Model, stated: Stated | undefined): string {
  const name = stated && host.paths.basename(stated.model.name);
  return host.paths.join(
    host.paths.dirname(path),
    name ?? `${host.paths.basename(path).replace(/\.dcz$/i, '')}.${formatNames[format].endings[0]}`,
  );
}

/** undefined: of another version of this program, or of none. */
function recipeOf(recipe: object): Recipe | undefined {
  try {
    // what is coded does not hang on training, which earlier versions wrote in other words
    return parseRecipe({ ...recipe, train: undefined });
  } catch {
    return undefined;
  }
}

function nameOf(recipe: object): string {
  return 'name' in recipe && typeof recipe.name === 'string' ? recipe.name : '';
}
