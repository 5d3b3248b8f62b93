/**
 * Compressing one file: plan with the pipeline, write the container beside its final name, read it back and
 * verify it, and only then rename it. The input's files are opened for reading and never replaced.
 */
import { host } from '#host';
import type { CodedTensor } from '../../compress/coded.ts';
import { hashedReason, leftNotes, notCoded, type NotCoded } from '../../compress/not-coded.ts';
import { compressModel } from '../../compress/pipeline.ts';
import { recipeForLayer } from '../../compress/recipe.ts';
import { parseRecipe } from '../../recipe/recipe.ts';
import { layoutWith } from '../../compress/rest/layout-with.ts';
import { roundedTo, roundRest } from '../../compress/rest/round.ts';
import { sealed } from '../../compress/rest/seal.ts';
import type { AssignedGrid } from '../../compress/share/grid.ts';
import type { TaskResult, TaskRunner } from '../../compress/tasks.ts';
import type { HashedTensors } from '../../container/rest-plan.ts';
import { writeDcz } from '../../container/write.ts';
import { openDcz } from '../../container/read.ts';
import { writeStatement } from '../../container/statement.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { formatNames } from '../../model/format-names.ts';
import { checkRestorable } from '../../model/location.ts';
import type { Model } from '../../model/model.ts';
import { isOnnx } from '../../model/onnx/open.ts';
import { estimatedOutputs, measuredOn } from '../fidelity/measure.ts';
import { openInput, sharedInput } from '../input.ts';
import { dczKind } from '../output-kinds.ts';
import { startCrew, type Crew } from '../pool.ts';
import type { Statement } from '../protocol-fidelity.ts';
import type {
  CompressInput,
  CompressResult,
  CompressedLayer,
  MeasuredOutputs,
} from '../protocol-model.ts';
import { restoredModel } from '../restored.ts';
import { statementOf } from '../statement.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { turns } from '../train/turns.ts';
import { crewSize } from './crew-size.ts';
import type { JobContext } from './define.ts';
import { layersOf } from './layers.ts';
import { monotone, share, type OnProgress } from './progress.ts';
import { verifyDcz } from './verify.ts';

/** Shares of the whole at which the parts of the job end. */
const planned = 0.7;
const written = 0.78;
const verified = 0.9;

/** How a file is compressed beside what its recipe says. */
export interface CompressOptions {
  /** Levels and scales that were decided elsewhere, by tensor id: coded as they are. */
  readonly assigned?: ReadonlyMap<number, AssignedGrid>;
  /** Tensors of which shared values are stored and nothing a weight, by tensor id. */
  readonly hashed?: HashedTensors;
  /** The recipe that the container states, when it is not the one that is applied. */
  readonly stated?: object;
  /** Finds out what the file does to the outputs: on the input's samples, or estimated where it has none. */
  readonly judge?: boolean;
  /** What the file says of itself; where `judge` finds something out, that. */
  readonly statement?: Statement;
  /** Files that are inputs beside the input: what the input was made from. */
  readonly inputs?: readonly string[];
  /** A larger file is not kept, and what it would replace is. */
  readonly mostBytes?: number;
}

/** A file that was made takes more than `CompressOptions.mostBytes`. */
export class TooLarge extends DeepCompressionError {
  constructor(
    readonly bytes: number,
    most: number,
  ) {
    const asked = Math.floor(most);
    super(
      'invalid-input',
      `the smallest file that was found takes ${bytes} bytes, more than the ${asked} asked for: ask for more`,
    );
  }
}

/** What compress does, and the end of a retraining and of a search for a goal. */
export async function compressFile(
  input: CompressInput,
  context: JobContext,
  options: CompressOptions = {},
): Promise<CompressResult> {
  const { signal, onProgress, runtime } = context;
  const start = performance.now();
  const progress = monotone(onProgress);
  const recipe = parseRecipe(input.recipe);
  const shared = sharedInput(input.file);
  const opened = openInput(shared);
  try {
    const { model, path, dcz } = opened;
    if (dcz)
      throw new DeepCompressionError('invalid-input', `${path} is a .dcz file, already compressed`);
    // now rather than at the end: what cannot be written at all
    model.writer.layout(new Set());
    for (const { location } of model.files.slice(1)) checkRestorable(location);
    throwIfCancelled(signal);
    progress({ stage: 'open', layer: '', fraction: 0.01 });
    const crew = startCrew(shared, {
      workerFile: runtime.workerFile,
      threads: crewSize(input.threads, weightsOf(model)),
      signal,
    });
    try {
      let layers: readonly CompressedLayer[] = [];
      let otherBytes = 0;
      let named: readonly NotCoded[] = [];
      let notes: readonly string[] = [];
      let outputs: MeasuredOutputs = {};
      let stated = 0;
      const bytes = await host.files.write(
        input.out,
        {
          kind: dczKind,
          overwrite: input.overwrite,
          inputs: [...opened.files, ...(options.inputs ?? [])],
        },
        async (sink, temporary) => {
          const plan = await compressModel(
            model,
            recipe,
            input.seed,
            taskRunner(crew),
            signal,
            share(progress, 0.01, planned),
            options.assigned,
          );
          throwIfCancelled(signal);
          progress({ stage: 'write', layer: '', fraction: planned });
          const coded = new Set(plan.tensors.map((t) => t.coded.tensor));
          const hashed = roundedHashed(options.hashed ?? new Map(), recipe.restNoise ?? 0);
          const alone = model.tensors.filter((t) => recipeForLayer(recipe, t) === undefined);
          const kept = new Set([...coded, ...alone.map(({ id }) => id)]);
          const rest = roundRest(model, kept, recipe.restNoise ?? 0);
          const byId = new Map(plan.tensors.map((t) => [t.coded.tensor, t.coded]));
          const layout = sealed(
            model,
            layoutWith(model, new Set([...coded, ...hashed.keys()]), rest.values),
            byId,
          );
          const tensors = plan.tensors.map(({ coded, stats }) => ({ coded, rmse: stats.rmse }));
          host.files.checkSpace(input.out, codedBytes(plan.tensors), `the .dcz of ${path}`);
          const sizes = writeDcz(
            { model, layout, tensors, hashed, recipe: options.stated ?? recipe },
            sink,
          );
          temporary.flush();
          throwIfCancelled(signal);
          progress({ stage: 'verify', layer: '', fraction: written });
          const file = host.files.open(temporary.path);
          try {
            const meant = { model, layout, plan, hashed };
            await verifyDcz(file, meant, crew, signal, share(progress, written, verified));
            if (options.judge) {
              const changed = restoredModel(path, openDcz(file));
              const rest = share(progress, verified, 1);
              outputs = await judged(model, changed, input, context, rest);
            }
            const statement = options.judge
              ? statementOf(path, model, outputs.fidelity)
              : options.statement;
            if (statement) {
              const said = writeStatement(statement);
              sink.write(said);
              stated = said.length;
            }
            const whole = file.size + stated;
            if (whole > (options.mostBytes ?? Infinity))
              throw new TooLarge(whole, options.mostBytes!);
          } finally {
            file.close();
          }
          // As precise as the container keeps it, so that a later report says the same.
          const precise = plan.tensors.map(({ coded, stats }) => ({
            coded,
            stats: { ...stats, rmse: Math.fround(stats.rmse) },
          }));
          layers = await layersOf(model, precise, sizes.perTensor, signal);
          otherBytes = sizes.other + stated;
          const reasons = [...hashed].map(
            ([id, { layout }]) => [id, hashedReason(layout)] as const,
          );
          named = notCoded(model, recipe, coded, new Map([...plan.left, ...reasons]));
          notes = [...model.notes, ...leftNotes(model, plan.left, named), ...rest.notes];
        },
      );
      const input_ = { path, bytes: model.files.reduce((sum, f) => sum + f.source.size, 0) };
      return {
        input: input_,
        output: { path: input.out, bytes },
        ratio: input_.bytes / bytes,
        decodesExactly: true,
        seconds: (performance.now() - start) / 1000,
        recipe: recipe.name,
        ...outputs,
        layers,
        otherBytes,
        notCoded: named,
        notes,
      };
    } finally {
      await crew.dispose();
    }
  } finally {
    opened.close();
  }
}

async function judged(
  original: Model,
  changed: Model,
  { seed, threads, data, normalisation }: CompressInput,
  { runtime, signal }: JobContext,
  progress: OnProgress,
): Promise<MeasuredOutputs> {
  if (!isOnnx(original) || !isOnnx(changed))
    return {
      notMeasured: `models are run as ONNX, and this is ${formatNames[original.format].phrase}`,
    };
  const engine = trainingRuntime(runtime, threads);
  try {
    const versions = { original, changed, runtime: engine, turn: turns(signal) };
    if (data) {
      const values = normalisationOf(normalisation, undefined);
      return await measuredOn({ ...versions, data, normalisation: values, progress });
    }
    progress({ stage: 'estimate the loss', layer: '', fraction: 0 });
    return await estimatedOutputs({ ...versions, seed });
  } finally {
    await engine.close();
  }
}

/** Shared values of hashed tensors, as coarse as what else is not coded. */
function roundedHashed(hashed: HashedTensors, noise: number): HashedTensors {
  if (noise === 0) return hashed;
  return new Map(
    [...hashed].map(([id, { layout, values }]) => [
      id,
      { layout, values: roundedTo(values, noise) ?? values },
    ]),
  );
}

/** Of the streams, which are most of a .dcz. */
function codedBytes(tensors: readonly { readonly coded: CodedTensor }[]): number {
  return tensors.reduce(
    (sum, { coded }) =>
      sum + coded.blocks.reduce((all, b) => all + b.values.length + b.gaps.length, 0),
    0,
  );
}

function taskRunner(crew: Crew): TaskRunner {
  return {
    run: (tensor, task) => crew.perform({ kind: 'task', tensor, task }) as Promise<TaskResult>,
  };
}

function weightsOf(model: Model): number {
  return model.tensors.reduce((sum, t) => sum + t.parameters, 0);
}
