/**
 * sweep: a design space, point by point, for every layer of a source. Points that share an encoding
 * stay together; the groups go to threads where there is enough to do, which a cancellation ends at
 * once.
 */
import { host } from '#host';
import { DeepCompressionError } from '../../model/errors.ts';
import { startSimulatorCrew, type SimulatorCrew } from '../pool.ts';
import type { DesignSpaceInput, DesignSpaceResult } from '../protocol-simulate.ts';
import { listOf, optional } from '../shape.ts';
import type { PreparedLayer, StoredLayer } from '../simulate/prepared.ts';
import type { Simulator, SimulatorTypes, SweptWeight } from '../simulate/simulator.ts';
import { mostTogether, sweepPieces } from '../simulate/sweep-pieces.ts';
import { defineJob } from './define.ts';
import { simulatedLayers } from './inputs.ts';
import { monotone, share } from './progress.ts';
import { breathe, chosenLayers, configOf } from './simulate.ts';

const prepared = 0.2;
/** Non-zeros times points that are worth the start of threads. */
const worthThreads = 2e7;

export function sweepJob<T extends SimulatorTypes>(simulator: Simulator<T>) {
  return defineJob<
    DesignSpaceInput<T['options'], T['axis']>,
    DesignSpaceResult<T['common'], T['axis'], T['swept']>
  >({
    input: {
      ...simulatedLayers,
      machine: optional(simulator.knobs),
      axes: listOf(simulator.axis),
    },
    pieces: sweepPieces(simulator),
    run: async (input, { signal, onProgress, runtime, layers: store }) => {
      const start = performance.now();
      const progress = monotone(onProgress);
      const { axes } = input;
      if (axes.length === 0)
        throw new DeepCompressionError('invalid-input', 'a sweep needs at least one axis');
      // impossible points are said before anything is read
      simulator.machines(simulator.machine({}, input.machine), axes);
      const stored = await store.get(simulator, input, signal, share(progress, 0, prepared));
      const wanted = chosenLayers(stored, input.layers);
      const bases = wanted.map((own) => simulator.machine(own.asks, input.machine));
      const machines = bases.map((base) => simulator.machines(base, axes));
      const points = machines.map((list) => list.length);
      const work = wanted.reduce(
        (sum, own, i) => sum + own.layer.matrix.code.length * points[i],
        0,
      );
      const threads = input.threads ?? Math.min(8, host.cores());
      const crew =
        runtime.workerFile !== undefined && threads > 1 && work > worthThreads
          ? startSimulatorCrew<T>(
              simulator.id,
              threads,
              runtime.workerFile,
              runtime.ortFolder,
              signal,
            )
          : undefined;
      try {
        const total = points.reduce((a, b) => a + b, 0);
        let done = 0;
        const results: T['point'][][] = [];
        for (const [i, own] of wanted.entries()) {
          const report = (n: number): void => {
            done += n;
            const fraction = prepared + ((1 - prepared) * done) / total;
            progress({ stage: 'sweep', layer: own.layer.name, fraction });
          };
          results.push(
            crew
              ? await onThreads(own, together(simulator, machines[i]), crew, report)
              : await inline(own, machines[i], signal, report),
          );
        }
        const known = wanted.every((own) => own.runsPerInference !== null);
        const weights = wanted.map((own) => weightOf(own, known));
        const layers = wanted.map((own, i) => ({
          index: own.index,
          name: own.layer.name,
          rows: own.layer.matrix.rows,
          cols: own.layer.matrix.cols,
          nonzeros: own.layer.matrix.code.length,
          points: simulator.figures.points(results[i]),
        }));
        return {
          config: configOf(input, simulator.figures.common(bases)),
          axes,
          layers,
          total: simulator.figures.total(results, weights),
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
}

function weightOf(
  { layer, runsPerInference }: PreparedLayer<unknown>,
  known: boolean,
): SweptWeight {
  let stored = layer.matrix.code.length;
  if (layer.bias) for (const code of layer.bias) if (code !== 0) stored++;
  return { runs: known ? (runsPerInference ?? 1) : 1, stored };
}

async function inline<T extends SimulatorTypes>(
  own: StoredLayer<T>,
  machines: readonly T['machine'][],
  signal: AbortSignal,
  report: (n: number) => void,
): Promise<T['point'][]> {
  const points: T['point'][] = [];
  for (const machine of machines) {
    await breathe(signal);
    points.push(own.ready.point(machine));
    report(1);
  }
  return points;
}

async function onThreads<T extends SimulatorTypes>(
  own: StoredLayer<T>,
  groups: readonly (readonly T['machine'][])[],
  crew: SimulatorCrew<T>,
  report: (n: number) => void,
): Promise<T['point'][]> {
  await crew.performOnEach({ kind: 'layer', layer: own.layer });
  const points = await Promise.all(
    groups.map(async (group) => {
      const own = await crew.perform({ kind: 'points', machines: group });
      report(group.length);
      return own as T['point'][];
    }),
  );
  return points.flat();
}

/** Runs of machines of one family, cut where they are long. Order is kept. */
function together<T extends SimulatorTypes>(
  simulator: Simulator<T>,
  machines: readonly T['machine'][],
): T['machine'][][] {
  const groups: T['machine'][][] = [];
  let family = '';
  for (const machine of machines) {
    const own = simulator.family(machine);
    const last = groups.at(-1);
    if (last && own === family && last.length < mostTogether) last.push(machine);
    else groups.push([machine]);
    family = own;
  }
  return groups;
}
