/**
 * Compressing one file: plan with the pipeline, write the container beside its final name, read it back and
 * verify it, and only then rename it. The input's files are opened for reading and never replaced.
 */
import { leftNotes, notCoded, type NotCoded } from '../../compress/not-coded.ts';
import { compressModel } from '../../compress/pipeline.ts';
import { parseRecipe } from '../../recipe/recipe.ts';
import { layoutWith } from '../../compress/rest/layout-with.ts';
import { roundRest } from '../../compress/rest/round.ts';
import type { AssignedGrid } from '../../compress/share/grid.ts';
import type { TaskResult, TaskRunner } from '../../compress/tasks.ts';
import { writeDcz } from '../../container/write.ts';
import { openDcz } from '../../container/read.ts';
import { verdictOf } from '../../fidelity/verdict.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { checkRestorable } from '../../model/location.ts';
import type { Model } from '../../model/model.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { writeAtomically } from '../../platform/atomic.ts';
import { openFile } from '../../platform/files.ts';
import { estimateFidelity } from '../fidelity/made-up.ts';
import { openInput, sharedInput } from '../input.ts';
import { dczKind } from '../output-kinds.ts';
import { startCrew, type Crew } from '../pool.ts';
import type {
  CompressInput,
  CompressResult,
  CompressedLayer,
  MeasuredOutputs,
} from '../protocol-model.ts';
import { restoredModel } from '../restored.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { turns } from '../train/turns.ts';
import { crewSize } from './crew-size.ts';
import type { JobContext } from './define.ts';
import { layersOf } from './layers.ts';
import { monotone, share } from './progress.ts';
import { verifyDcz } from './verify.ts';

/** Shares of the whole at which the parts of the job end. */
const planned = 0.7;
const written = 0.78;
const verified = 0.96;

/** How a file is compressed beside what its recipe says. */
export interface CompressOptions {
  /** Levels and scales that were decided elsewhere, by tensor id: coded as they are. */
  readonly assigned?: ReadonlyMap<number, AssignedGrid>;
  /** The recipe that the container states, when it is not the one that is applied. */
  readonly stated?: object;
  /** Estimates on made-up inputs what the file does to the outputs, where nothing better is known. */
  readonly estimate?: boolean;
  /** Files that are inputs beside the input: what the input was made from. */
  readonly inputs?: readonly string[];
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
      const bytes = await writeAtomically(
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
          const rest = roundRest(model, coded, recipe.restNoise ?? 0);
          const layout = layoutWith(model, coded, rest.values);
          const tensors = plan.tensors.map(({ coded, stats }) => ({ coded, rmse: stats.rmse }));
          const sizes = writeDcz(
            { model, layout, tensors, recipe: options.stated ?? recipe },
            sink,
          );
          temporary.flush();
          throwIfCancelled(signal);
          progress({ stage: 'verify', layer: '', fraction: written });
          const file = openFile(temporary.path);
          try {
            const meant = { model, layout, plan };
            await verifyDcz(file, meant, crew, signal, share(progress, written, verified));
            if (options.estimate) {
              progress({ stage: 'estimate the loss', layer: '', fraction: verified });
              const changed = restoredModel(path, openDcz(file));
              outputs = await estimated(model, changed, input, context);
            }
          } finally {
            file.close();
          }
          // As precise as the container keeps it, so that a later report says the same.
          const kept = plan.tensors.map(({ coded, stats }) => ({
            coded,
            stats: { ...stats, rmse: Math.fround(stats.rmse) },
          }));
          layers = await layersOf(model, kept, sizes.perTensor, signal);
          otherBytes = sizes.other;
          named = notCoded(model, recipe, coded, plan.left);
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

async function estimated(
  original: OnnxModel,
  changed: OnnxModel,
  { seed, threads }: CompressInput,
  { runtime, signal }: JobContext,
): Promise<MeasuredOutputs> {
  const engine = trainingRuntime(runtime, threads);
  try {
    const turn = turns(signal);
    const estimate = await estimateFidelity({ original, changed, runtime: engine, seed, turn });
    if ('why' in estimate) return { notMeasured: estimate.why };
    const on = 'made-up inputs';
    const { fidelity } = estimate;
    return { fidelity: { ...fidelity, on, verdict: verdictOf(fidelity, on) } };
  } finally {
    await engine.close();
  }
}

function taskRunner(crew: Crew): TaskRunner {
  return {
    run: (tensor, task) => crew.perform({ kind: 'task', tensor, task }) as Promise<TaskResult>,
  };
}

function weightsOf(model: Model): number {
  return model.tensors.reduce((sum, t) => sum + t.parameters, 0);
}
