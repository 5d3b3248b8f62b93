/** Layers of the paper's benchmarks and of cases files, ready for the simulator. */
import { host } from '#host';
import { parseCases, type EieCase } from '../../../eie/cases.ts';
import type { Machine } from '../../../eie/machine.ts';
import { findWorkload, makeWorkload, workloads, type Workload } from '../../../eie/workloads.ts';
import { randomActivations } from '../../../layers/random.ts';
import { throwIfCancelled } from '../../../model/errors.ts';
import { mulberry32 } from '../../../model/random.ts';
import { insteadOf, json } from '../../../model/recognise.ts';
import { readAll } from '../../activations/read-sample.ts';
import type { OnProgress } from '../../jobs/progress.ts';
import type { FileInput } from '../../protocol-model.ts';
import type { SimulateLayers, SimulateSource } from '../../protocol-simulate.ts';
import type { Prepared, PreparedLayer } from '../prepared.ts';
import { sourceLabel } from '../source.ts';

/** A cases file larger than this is something else. */
const largestText = 512 << 20;

/** As `Simulator.ownLayers`. */
export async function ownLayers(
  source: Exclude<SimulateSource, { kind: 'model' }>,
  input: SimulateLayers,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Prepared<Machine>> {
  return source.kind === 'workload'
    ? prepareWorkloads(source.name, input, signal, onProgress)
    : prepareCases(source.file, sourceLabel(source));
}

function casesIn(bytes: Uint8Array, label: string): readonly EieCase[] {
  try {
    return parseCases(new TextDecoder().decode(bytes));
  } catch (error) {
    throw insteadOf(error, label, 'a file of cases', bytes, json);
  }
}

function prepareCases(file: FileInput, label: string): Prepared<Machine> {
  const bytes = readAll(file, largestText, 'a cases file');
  const layers = casesIn(bytes, label).map(({ layer, machine }): PreparedLayer<Machine> => {
    let nonzeros = 0;
    for (const a of layer.activations) if (a !== 0) nonzeros++;
    return {
      layer,
      source: label,
      op: '',
      kind: 'fc',
      asks: machine,
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
): Promise<Prepared<Machine>> {
  const chosen: readonly Workload[] =
    name.toLowerCase() === 'all' ? workloads : [findWorkload(name)];
  const layers: PreparedLayer<Machine>[] = [];
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
      asks: {},
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
