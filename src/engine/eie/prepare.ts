/**
 * Layers of any source, ready for the simulator. A model is decoded and run in a thread of its own,
 * so that cancelling it only has to end that thread; an .onnx is compressed in memory first, with the
 * `eie` preset, and is a .dcz from then on: one path for both.
 */
import { host } from '#host';
import { leftNotes } from '../../compress/not-coded.ts';
import { compressModel } from '../../compress/pipeline.ts';
import { parseRecipe } from '../../recipe/recipe.ts';
import type { TaskResult, TaskRunner } from '../../compress/tasks.ts';
import { writeDcz } from '../../container/write.ts';
import { parseCases, type EieCase } from '../../eie/cases.ts';
import {
  findWorkload,
  makeWorkload,
  randomActivations,
  workloads,
  type Workload,
} from '../../eie/workloads.ts';
import { memorySink } from '../../model/bytes.ts';
import { throwIfCancelled } from '../../model/errors.ts';
import { mulberry32 } from '../../model/random.ts';
import { insteadOf, json } from '../../model/recognise.ts';
import { crewSize } from '../jobs/crew-size.ts';
import { share, type OnProgress } from '../jobs/progress.ts';
import { openInput, sharedInput, type Runtime, type SharedInput } from '../input.ts';
import { startCrew, startEieCrew } from '../pool.ts';
import type { SimulateLayers } from '../protocol-eie.ts';
import type { FileInput } from '../protocol-model.ts';
import { EieBench, type EieWork } from './bench.ts';
import { sourceLabel } from './options.ts';
import type { Prepared, PreparedLayer } from './prepared.ts';
import { readAll, readSample } from '../activations/read-sample.ts';
import type { Sample } from '../activations/sample.ts';

/** A cases file larger than this is something else. */
const largestText = 512 << 20;

export async function prepareLayers(
  input: SimulateLayers,
  runtime: Runtime,
  threads: number,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Prepared> {
  const { source } = input;
  if (source.kind === 'workload') return prepareWorkloads(source.name, input, signal, onProgress);
  if (source.kind === 'cases') return prepareCases(source.file, sourceLabel(source));
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
  const work: EieWork = {
    kind: 'prepare',
    file,
    label: sourceLabel(source),
    sample,
    density: input.density,
    seed: input.seed,
  };
  const prepared = await inThread(work, runtime, signal, share(onProgress, 0.6, 1));
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

async function inThread(
  work: EieWork,
  runtime: Runtime,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Prepared> {
  if (runtime.workerFile === undefined)
    return new EieBench(runtime.ortFolder).perform(work, onProgress) as Promise<Prepared>;
  const crew = startEieCrew(1, runtime.workerFile, runtime.ortFolder, signal);
  try {
    return (await crew.perform(work, onProgress)) as Prepared;
  } finally {
    await crew.dispose();
  }
}

function isContainer(file: SharedInput): boolean {
  const opened = openInput(file);
  opened.close();
  return opened.dcz !== undefined;
}

/** The .dcz of a model under the `eie` preset, in memory that threads share; `left`: what stays as it is, and why. */
async function compressInMemory(
  file: SharedInput,
  runtime: Runtime,
  threads: number,
  seed: number,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<{ file: SharedInput; notes: string[]; left: readonly string[] }> {
  const opened = openInput(file);
  try {
    const { model, path } = opened;
    const recipe = parseRecipe('eie');
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
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      return {
        file: { label: path, bytes: shared },
        notes: [
          `${path} was compressed on the way with the preset eie (no retraining)`,
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

function casesIn(bytes: Uint8Array, label: string): readonly EieCase[] {
  try {
    return parseCases(new TextDecoder().decode(bytes));
  } catch (error) {
    throw insteadOf(error, label, 'a file of cases', bytes, json);
  }
}

function prepareCases(file: FileInput, label: string): Prepared {
  const bytes = readAll(file, largestText, 'a cases file');
  const layers = casesIn(bytes, label).map(({ layer, machine }): PreparedLayer => {
    let nonzeros = 0;
    for (const a of layer.activations) if (a !== 0) nonzeros++;
    return {
      layer,
      source: label,
      op: '',
      kind: 'fc',
      machine,
      activations: {
        from: 'case',
        density: nonzeros / layer.activations.length,
        meanDensity: null,
        note: '',
      },
      runsPerInference: null,
      blocks: 1,
      workload: '',
      tensor: -1,
    };
  });
  return { layers, skipped: [], notes: [] };
}

async function prepareWorkloads(
  name: string,
  { seed, density }: SimulateLayers,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Prepared> {
  const chosen: readonly Workload[] =
    name.toLowerCase() === 'all' ? workloads : [findWorkload(name)];
  const layers: PreparedLayer[] = [];
  for (const [i, workload] of chosen.entries()) {
    onProgress({ stage: 'generate', layer: workload.name, fraction: i / chosen.length });
    await host.turn();
    throwIfCancelled(signal);
    let layer = makeWorkload(workload, seed);
    let active = workload.activeInputs;
    if (density !== undefined) {
      active = Math.round(density * workload.cols);
      const random = mulberry32((seed ^ 0x5bd1e995 ^ (i + 1)) >>> 0);
      layer = { ...layer, activations: randomActivations(workload.cols, active, random) };
    }
    layers.push({
      layer,
      source: `workload:${workload.id}`,
      op: '',
      kind: workload.id === 'nt-lstm' ? 'recurrent' : 'fc',
      machine: {},
      activations: {
        from: density === undefined ? 'workload' : 'density',
        density: active / workload.cols,
        meanDensity: null,
        note:
          density === undefined
            ? `${active} inputs, the draw the authors' simulator was measured on; Table III's average is ${workload.activationPercent} %`
            : 'drawn at random, as asked for',
      },
      runsPerInference: 1,
      blocks: 1,
      workload: workload.id,
      tensor: -1,
    });
  }
  const notes =
    density === undefined
      ? []
      : [
          `inputs have density ${density} instead of Table III's: published times are of other inputs`,
        ];
  return { layers, skipped: [], notes };
}
