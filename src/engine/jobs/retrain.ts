/**
 * retrain: a model and data through the stages of a recipe, then through the same pipeline as compress
 * to a verified .dcz (or, uncompressed, to an .onnx). What stages pruned and shared is coded exactly as
 * it is; the rest of the recipe applies to the rest. What became of accuracy goes into a record beside
 * the .dcz (train/record.ts).
 */
import { host } from '#host';
import { invalidRecipe, type LayerOverride } from '../../compress/recipe.ts';
import type { HashedTensors } from '../../container/rest-plan.ts';
import { parseRecipe, type Recipe } from '../../recipe/recipe.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { checkRestorable } from '../../model/location.ts';
import type { Model } from '../../model/model.ts';
import type { Taken } from '../../train/dataset/taken.ts';
import { openOnnxInput, sharedInput } from '../input.ts';
import { dczKind, onnxKind } from '../output-kinds.ts';
import type { Accuracy, Retraining, TrainingEvent } from '../protocol-accuracy.ts';
import type { RetrainInput, RetrainResult } from '../protocol-train.ts';
import type { CompressInput, CompressResult, FileInput } from '../protocol-model.ts';
import { filledText, flag, integerFrom, optional } from '../shape.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { checkRecordPath, recordPath, writeRecord } from '../train/record.ts';
import { dataFiles } from '../train/data.ts';
import { checkCheckpoint, checkpointPath } from '../train/checkpoints.ts';
import { withoutTraining } from '../train/without-training.ts';
import { removesChannels } from '../../train/stages/all.ts';
import { withoutGone, type WithoutGone } from '../structure/remove-gone.ts';
import { executorsOf } from '../runtime/executor.ts';
import type { RemovedChannels } from '../protocol-slim.ts';
import { turns } from '../train/turns.ts';
import { trainModel, type Trained } from '../train/training.ts';
import { writeTrained, writeWhole } from '../train/trained-model.ts';
import { compressFile } from './compress-file.ts';
import { defineJob, onePiece, type JobContext } from './define.ts';
import { dataInput, fileInput, normalisationInput, outputPath, recipeInput } from './inputs.ts';
import { evaluateJob } from './evaluate.ts';
import { monotone, share } from './progress.ts';

/** Share of the whole that is training. */
const training = 0.95;

export const retrainJob = defineJob<RetrainInput, RetrainResult, TrainingEvent>({
  input: {
    file: fileInput,
    data: dataInput,
    output: optional(filledText),
    test: optional(dataInput),
    out: outputPath,
    overwrite: flag,
    recipe: recipeInput,
    normalisation: optional(normalisationInput),
    seed: integerFrom(0),
    threads: integerFrom(1),
    samples: optional(integerFrom(1)),
    checkpoint: optional(outputPath),
    fresh: optional(flag),
  },
  pieces: onePiece(),
  run: async (input, context) => {
    const { signal, onProgress, onEvent, control, runtime } = context;
    const start = performance.now();
    const progress = monotone(onProgress);
    const recipe = trainingRecipe(input);
    progress({ stage: 'open', layer: '', fraction: 0 });
    const opened = openOnnxInput(sharedInput(input.file));
    const engine = trainingRuntime(runtime, input.threads);
    try {
      const { model } = opened;
      const inputs = [...opened.files, ...dataFiles(input.data), ...dataFiles(input.test)];
      checkOutputs(input, model, inputs);
      // now rather than after hours: the trained model is a file before it is compressed
      const size = model.files.reduce((sum, f) => sum + f.source.size, 0);
      host.files.checkSpace(
        host.paths.join(host.files.temporaryPlace(), 'trained'),
        size,
        'the trained model, before it is compressed,',
      );
      if (opened.dcz)
        throw new DeepCompressionError(
          'invalid-input',
          `${opened.path} is a .dcz file: decompress it and retrain the .onnx`,
        );
      const { threads } = input;
      let testTaken = null as Taken | null;
      const tested = async (file: RetrainInput['file']): Promise<Accuracy | null> => {
        if (!input.test) return null;
        const { normalisation } = recipe.train;
        const output = input.output === undefined ? {} : { output: input.output };
        const job = { file, data: input.test, normalisation, threads, ...output };
        const { samples, top1, top5, loss, taken } = await evaluateJob.run(job, {
          ...context,
          onProgress: () => {},
        });
        testTaken = taken;
        return { samples, top1, top5, loss };
      };
      const testBefore = await tested(input.file);
      const trained = await trainModel({
        input,
        recipe,
        model,
        engine,
        signal,
        progress: share(progress, 0.005, training),
        tell: onEvent,
        control,
      });
      let file = writeTrained(model, trained.values);
      let removed: RemovedChannels | undefined;
      let compressed: CompressResult | null = null;
      let bytes: number;
      try {
        if (recipe.train.stages.some(removesChannels)) {
          const smaller = await smallerModel(file.path, input.seed, context);
          if (smaller) {
            const whole = writeWhole(model, smaller.bytes);
            file.remove();
            file = whole;
            removed = smaller.removed;
          }
        }
        const rest = share(progress, training, 1);
        if (isOnnx(input.out)) bytes = await writeModel(file.path, input, inputs);
        else {
          const made = await compressFile(
            compressInput(file.path, input, recipe, trained),
            { ...context, onProgress: rest },
            { stated: recipe, inputs, hashed: hashedTensors(trained) },
          );
          compressed = {
            ...made,
            input: { path: opened.path, bytes: size },
            ratio: size / made.output.bytes,
          };
          bytes = made.output.bytes;
        }
      } finally {
        file.remove();
      }
      trained.done();
      let after = await trained.score(input.out);
      const untrained =
        compressed && recipe.train.loss === 'distillation'
          ? await withoutTraining(
              input,
              recipe.train.normalisation,
              { before: trained.before, after },
              { ...context, onProgress: share(progress, training, 1) },
            )
          : undefined;
      if (untrained?.compressed) {
        compressed = untrained.compressed;
        removed = undefined;
        bytes = compressed.output.bytes;
        after = await trained.score(input.out);
      }
      const testAfter = await tested({ path: input.out });
      const notes = [
        ...(untrained ? [untrained.note] : []),
        ...trained.notes,
        ...trained.result.notes,
        ...(removed ? removalNotes(removed) : []),
        ...(compressed?.notes ?? []),
      ];
      const retraining: Retraining = {
        agreement: trained.agreement,
        before: trained.before,
        after,
        test: testBefore && testAfter && { before: testBefore, after: testAfter },
        epochs: trained.result.history,
        end: trained.result.end,
        data: nameOf(input.data.file),
        taken: trained.taken,
        ...(testTaken && { testTaken }),
        scored: trained.output,
        recipe,
        seed: input.seed,
        runtime: engine.name,
        threads: engine.threads,
        seconds: (performance.now() - start) / 1000,
      };
      let record: string | null = null;
      if (compressed)
        try {
          record = await writeRecord(input.out, { retraining });
        } catch (error) {
          // the .dcz is there and is what was asked for
          if (!(error instanceof DeepCompressionError)) throw error;
          notes.push(`accuracy and curves are not kept for the report: ${error.message}`);
        }
      return {
        output: { path: input.out, bytes },
        compressed,
        ...retraining,
        record,
        ...(removed && { removed }),
        resumed: trained.resumed,
        notes,
      };
    } finally {
      await engine.close();
      opened.close();
    }
  },
});

/** Everything that cannot be written is found before the training. */
function checkOutputs(input: RetrainInput, model: Model, inputs: readonly string[]): void {
  const { out, overwrite } = input;
  host.files.place(out, { kind: isOnnx(out) ? onnxKind : dczKind, overwrite, inputs });
  if (!isOnnx(out)) {
    checkRecordPath(out);
    for (const { location } of model.files.slice(1)) checkRestorable(location);
  }
  const checkpoint = checkpointPath(input);
  host.files.refuseClash([out, ...(isOnnx(out) ? [] : [recordPath(out)]), checkpoint]);
  checkCheckpoint(checkpoint, inputs);
}

function trainingRecipe({
  recipe: wanted,
  normalisation: given,
}: RetrainInput): Recipe & Required<Pick<Recipe, 'train'>> {
  const recipe = parseRecipe(wanted);
  const stages = recipe.train?.stages ?? [];
  if (stages.some(removesChannels) && stages.some(({ kind }) => kind === 'hash'))
    throw invalidRecipe(
      'a stage removes channels and another hashes layers, whose weights follow from their places: do one of both',
    );
  if (recipe.train) {
    const normalisation = normalisationOf(given, recipe);
    return { ...recipe, train: { ...recipe.train, normalisation } };
  }
  throw new DeepCompressionError(
    'invalid-recipe',
    `recipe ${recipe.name} has no train section, so there is nothing to retrain (deepc compress applies it)`,
  );
}

function nameOf(file: FileInput): string {
  return 'path' in file ? host.paths.basename(file.path) : file.label;
}

export function isOnnx(path: string): boolean {
  return /\.onnx$/i.test(path);
}

/** The trained model without the channels that are zero; undefined where none is. */
async function smallerModel(
  path: string,
  seed: number,
  { runtime, signal }: JobContext<never>,
): Promise<WithoutGone | undefined> {
  const opened = openOnnxInput({ path });
  try {
    return await withoutGone(opened.model, executorsOf(runtime), seed, turns(signal));
  } finally {
    opened.close();
  }
}

function removalNotes({ before, after, groups, runtimes }: RemovedChannels): string[] {
  const count = (n: number): string => n.toLocaleString('en');
  const kept = groups.map(({ name, kept, of }) => `${name} ${kept} of ${of}`).join(', ');
  const times = runtimes.map(
    ({ runtime, original, exported }) =>
      `${original.toFixed(2)} to ${exported.toFixed(2)} ms a run in ${runtime}`,
  );
  return [
    `channels that became zero were removed; left are ${kept}: ${count(before.parameters)} to ${count(after.parameters)} parameters, ${count(before.macs)} to ${count(after.macs)} multiply-accumulates, ${times.join(', ')}`,
  ];
}

/** The trained model in one file, external data put inside. */
async function writeModel(
  path: string,
  input: RetrainInput,
  inputs: readonly string[],
): Promise<number> {
  const opened = openOnnxInput({ path });
  try {
    const bytes = wholeModel(opened.model);
    host.files.checkSpace(input.out, bytes.length, 'the trained model');
    const rule = { kind: onnxKind, overwrite: input.overwrite, inputs };
    return await host.files.write(input.out, rule, (sink) => sink.write(bytes));
  } finally {
    opened.close();
  }
}

/** The recipe, except that what was pruned or shared in training is kept exactly so. */
function compressInput(
  path: string,
  { out, overwrite, seed, threads }: RetrainInput,
  recipe: Recipe,
  { layers, result }: Trained,
): CompressInput {
  const kept: Record<string, LayerOverride> = {};
  for (const { parameter, tensor } of layers) {
    if (parameter.structure.kind === 'hashed') {
      kept[tensor.name] = { skip: true };
      continue;
    }
    const shared = parameter.structure.kind !== 'dense';
    if (shared || result.pruned.has(tensor.name))
      kept[tensor.name] = {
        prune: { method: 'none' },
        ...(shared && { share: { method: 'exact' } }),
      };
  }
  return {
    file: { path },
    out,
    overwrite,
    recipe: { ...recipe, layers: { ...recipe.layers, ...kept } },
    seed,
    threads,
  };
}

/** What is stored of hashed layers. */
function hashedTensors({ layers }: Trained): HashedTensors {
  return new Map(
    layers.flatMap(({ parameter: { structure }, tensor }) =>
      structure.kind === 'hashed' ? [[tensor.id, structure]] : [],
    ),
  );
}
