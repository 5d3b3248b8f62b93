/**
 * Layers of any source, ready for the simulator. A model is decoded and run in a thread of its own,
 * so that cancelling it only has to end that thread; an .onnx is compressed in memory first, with the
 * preset that the machine is for, and is a .dcz from then on: one path for both.
 */
import { leftNotes } from '../../compress/not-coded.ts';
import { compressModel } from '../../compress/pipeline.ts';
import { parseRecipe } from '../../recipe/recipe.ts';
import type { TaskResult, TaskRunner } from '../../compress/tasks.ts';
import { writeDcz } from '../../container/write.ts';
import { memorySink } from '../../model/bytes.ts';
import { sharedBuffer } from '../../model/shared-buffer.ts';
import { throwIfCancelled } from '../../model/errors.ts';
import { crewSize } from '../jobs/crew-size.ts';
import { share, type OnProgress } from '../jobs/progress.ts';
import { openInput, sharedInput, type Runtime, type SharedInput } from '../input.ts';
import { startCrew, startSimulatorCrew } from '../pool.ts';
import { SimulatorBench, type SimulatorWork } from './bench.ts';
import type { Simulator, SimulatorTypes } from './simulator.ts';
import { sourceLabel } from './source.ts';
import type { Prepared } from './prepared.ts';
import { readSample } from '../activations/read-sample.ts';
import type { Sample } from '../activations/sample.ts';
import type { SimulateLayers } from '../protocol-simulate.ts';

export async function prepareLayers<T extends SimulatorTypes>(
  simulator: Simulator<T>,
  input: SimulateLayers,
  runtime: Runtime,
  threads: number,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Prepared<T['machine']>> {
  const { source } = input;
  if (source.kind !== 'model') return simulator.ownLayers(source, input, signal, onProgress);
  let file = sharedInput(source.file);
  let notes: readonly string[] = [];
  let sample: Sample | undefined;
  if (input.input) {
    const read = await readSample(input.input, file, signal);
    sample = read.sample;
    notes = read.notes;
  }
  let left: readonly string[] = [];
  if (!isContainer(file)) {
    const made = await compressInMemory(
      file,
      simulator.preset,
      runtime,
      threads,
      input.seed,
      signal,
      share(onProgress, 0, 0.6),
    );
    notes = [...notes, ...made.notes];
    left = made.left;
    file = made.file;
  }
  const work: SimulatorWork<T> = {
    kind: 'prepare',
    file,
    label: sourceLabel(source),
    sample,
    density: input.density,
    seed: input.seed,
  };
  const prepared = await inThread(simulator, work, runtime, signal, share(onProgress, 0.6, 1));
  return {
    layers: prepared.layers,
    skipped: prepared.skipped.map(({ tensor, name, reason }) => ({
      tensor,
      name,
      reason: left.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? reason,
    })),
    notes: [...notes, ...prepared.notes],
  };
}

async function inThread<T extends SimulatorTypes>(
  simulator: Simulator<T>,
  work: SimulatorWork<T>,
  runtime: Runtime,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Prepared<T['machine']>> {
  if (runtime.workerFile === undefined)
    return new SimulatorBench(simulator, runtime.ortFolder).perform(work, onProgress) as Promise<
      Prepared<T['machine']>
    >;
  const crew = startSimulatorCrew(simulator.id, 1, runtime.workerFile, runtime.ortFolder, signal);
  try {
    return (await crew.perform(work, onProgress)) as Prepared<T['machine']>;
  } finally {
    await crew.dispose();
  }
}

function isContainer(file: SharedInput): boolean {
  const opened = openInput(file);
  opened.close();
  return opened.dcz !== undefined;
}

/** The .dcz of a model under a preset, in memory that threads share; `left`: what stays as it is, and why. */
async function compressInMemory(
  file: SharedInput,
  preset: string,
  runtime: Runtime,
  threads: number,
  seed: number,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<{ file: SharedInput; notes: string[]; left: readonly string[] }> {
  const opened = openInput(file);
  try {
    const { model, path } = opened;
    const recipe = parseRecipe(preset);
    const weights = model.tensors.reduce((sum, t) => sum + t.parameters, 0);
    const crew = startCrew(file, {
      workerFile: runtime.workerFile,
      threads: crewSize(threads, weights),
      signal,
    });
    try {
      const runner: TaskRunner = {
        run: (tensor, task) => crew.perform({ kind: 'task', tensor, task }) as Promise<TaskResult>,
      };
      const plan = await compressModel(model, recipe, seed, runner, signal, onProgress);
      throwIfCancelled(signal);
      const layout = model.writer.layout(new Set(plan.tensors.map((t) => t.coded.tensor)));
      const tensors = plan.tensors.map(({ coded, stats }) => ({ coded, rmse: stats.rmse }));
      const sink = memorySink();
      writeDcz({ model, layout, tensors, recipe }, sink);
      const bytes = sink.take();
      const shared = new Uint8Array(sharedBuffer(bytes.length));
      shared.set(bytes);
      return {
        file: { label: path, bytes: shared },
        notes: [
          `${path} was compressed on the way with the preset ${preset} (no retraining)`,
          ...model.notes,
        ],
        left: leftNotes(model, plan.left),
      };
    } finally {
      await crew.dispose();
    }
  } finally {
    opened.close();
  }
}
