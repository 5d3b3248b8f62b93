/**
 * sweep: a design space, point by point, for every layer of a source. Points that share an encoding
 * stay together; the groups go to threads where there is enough to do, which a cancellation ends at
 * once.
 */
import { host } from '#host';
import {
  LayerSweep,
  checkAxis,
  sweepMachines,
  type Axis,
  type SweepPoint,
} from '../../eie/sweep.ts';
import { makeMachine, type Machine } from '../../eie/machine.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { StoredLayer } from '../eie/layer-store.ts';
import { layerMachine, machineChanges, machineFor } from '../eie/options.ts';
import { configOf } from '../eie/results.ts';
import { sweptPoints, totalPoints, type SweptWeight } from '../eie/sweep-points.ts';
import { startEieCrew, type EieCrew } from '../pool.ts';
import type {
  SweepAxis,
  SweepAxisName,
  SweepInput,
  SweepResult,
  SweptLayer,
} from '../protocol-eie.ts';
import { either, listOf, number, oneOf, optional, record } from '../shape.ts';
import { defineJob } from './define.ts';
import { machineOptions, precision, simulatedLayers } from './inputs.ts';
import { monotone, share } from './progress.ts';
import { breathe, chosenLayers } from './simulate.ts';

const prepared = 0.2;
/** Non-zeros times points that are worth the start of threads. */
const worthThreads = 2e7;
/** Points of one piece of work at most, so that threads end together. */
const mostTogether = 12;

const axis = record<SweepAxis>({
  name: oneOf<SweepAxisName>({
    pe: true,
    'index-bits': true,
    precision: true,
    fifo: true,
    'sram-width': true,
    clock: true,
  }),
  values: listOf(either(number, precision)),
});

export const sweepJob = defineJob<SweepInput, SweepResult>({
  input: { ...simulatedLayers, machine: optional(machineOptions), axes: listOf(axis) },
  run: async (input, { signal, onProgress, runtime, layers: store }) => {
    const start = performance.now();
    const progress = monotone(onProgress);
    const axes = input.axes as readonly Axis[];
    const changes = machineChanges(input.machine);
    if (axes.length === 0)
      throw new DeepCompressionError('invalid-input', 'a sweep needs at least one axis');
    axes.forEach((axis) => checkAxis(axis));
    sweepMachines(makeMachine(changes), axes); // impossible points are said before anything is read
    const stored = await store.get(input, signal, share(progress, 0, prepared));
    const wanted = chosenLayers(stored, input.layers);
    const machines = wanted.map((own) => sweepMachines(machineFor(own, changes), axes));
    const points = machines.map((list) => list.length);
    const work = wanted.reduce((sum, own, i) => sum + own.layer.matrix.code.length * points[i], 0);
    const threads = input.threads ?? Math.min(8, host.cores());
    const crew =
      runtime.workerFile !== undefined && threads > 1 && work > worthThreads
        ? startEieCrew(threads, runtime.workerFile, runtime.ortFolder, signal)
        : undefined;
    try {
      const total = points.reduce((a, b) => a + b, 0);
      let done = 0;
      const results: SweepPoint[][] = [];
      for (const [i, own] of wanted.entries()) {
        const report = (n: number): void => {
          done += n;
          const fraction = prepared + ((1 - prepared) * done) / total;
          progress({ stage: 'sweep', layer: own.layer.name, fraction });
        };
        results.push(
          crew
            ? await onThreads(own, machines[i], crew, report)
            : await inline(own, machines[i], signal, report),
        );
      }
      const known = wanted.every((own) => own.runsPerInference !== null);
      const weights = wanted.map((own) => weightOf(own, known));
      const layers = wanted.map((own, i): SweptLayer => ({
        index: own.index,
        name: own.layer.name,
        rows: own.layer.matrix.rows,
        cols: own.layer.matrix.cols,
        nonzeros: own.layer.matrix.code.length,
        points: sweptPoints(results[i]),
      }));
      return {
        config: configOf(
          input,
          wanted.map((own) => layerMachine(machineFor(own, changes))),
        ),
        axes: input.axes,
        layers,
        total: totalPoints(results, weights),
        skipped: stored.skipped,
        notes: [
          ...stored.notes,
          ...(wanted.length > 1 && !known
            ? ['totals count every layer once: how often each runs per inference is not known']
            : []),
        ],
        seconds: (performance.now() - start) / 1000,
      };
    } finally {
      await crew?.dispose();
    }
  },
});

function weightOf({ layer, runsPerInference }: StoredLayer, known: boolean): SweptWeight {
  let stored = layer.matrix.code.length;
  if (layer.bias) for (const code of layer.bias) if (code !== 0) stored++;
  return { runs: known ? (runsPerInference ?? 1) : 1, stored };
}

async function inline(
  own: StoredLayer,
  machines: readonly Machine[],
  signal: AbortSignal,
  report: (n: number) => void,
): Promise<SweepPoint[]> {
  const sweep = new LayerSweep(own.layer);
  const points: SweepPoint[] = [];
  for (const machine of machines) {
    await breathe(signal);
    points.push(sweep.point(machine));
    report(1);
  }
  return points;
}

async function onThreads(
  own: StoredLayer,
  machines: readonly Machine[],
  crew: EieCrew,
  report: (n: number) => void,
): Promise<SweepPoint[]> {
  await crew.performOnEach({ kind: 'layer', layer: own.layer });
  const groups = await Promise.all(
    together(machines).map(async (group) => {
      const points = await crew.perform({ kind: 'points', machines: group });
      report(group.length);
      return points as SweepPoint[];
    }),
  );
  return groups.flat();
}

/** Runs of machines that share an encoding, cut where they are long. Order is kept. */
function together(machines: readonly Machine[]): Machine[][] {
  const groups: Machine[][] = [];
  let key = '';
  for (const machine of machines) {
    const own = `${machine.pes}/${machine.indexBits}/${machine.precision}`;
    const last = groups.at(-1);
    if (last && own === key && last.length < mostTogether) last.push(machine);
    else groups.push([machine]);
    key = own;
  }
  return groups;
}
