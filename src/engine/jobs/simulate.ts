/**
 * simulate: layers of a model, the paper's workloads or a cases file on the EIE machine. The store
 * keeps what was prepared, so that a step of a slider only runs the simulator.
 */
import { host } from '#host';
import { firstBlock } from '../../layers/block-diagonal.ts';
import { measureHost } from '../../layers/own-products.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { labelOf } from '../input.ts';
import type {
  HostProduct,
  SimulateLayers,
  SimulationConfig,
  SimulationInput,
  SimulationResult,
} from '../protocol-simulate.ts';
import { flag, integerFrom, optional } from '../shape.ts';
import type { PreparedLayer, Stored, StoredLayer } from '../simulate/prepared.ts';
import type { Simulator, SimulatorTypes } from '../simulate/simulator.ts';
import { sourceLabel } from '../simulate/source.ts';
import { defineJob } from './define.ts';
import { simulatedLayers } from './inputs.ts';
import { monotone, share } from './progress.ts';

/** Milliseconds spent on each of this machine's own products of a layer. */
const hostBudget = 8;
const mostBins = 4096;
const prepared = 0.7;

export function simulateJob<T extends SimulatorTypes>(simulator: Simulator<T>) {
  return defineJob<
    SimulationInput<T['options']>,
    SimulationResult<T['common'], T['layer'], T['totals']>
  >({
    input: {
      ...simulatedLayers,
      machine: optional(simulator.knobs),
      timelineBins: optional(integerFrom(0)),
      measureHost: optional(flag),
    },
    run: async (input, { signal, onProgress, layers: store }) => {
      const progress = monotone(onProgress);
      simulator.machine({}, input.machine); // impossible parameters are said before anything is read
      const stored = await store.get(simulator, input, signal, share(progress, 0, prepared));
      const wanted = chosenLayers(stored, input.layers);
      const bins = Math.min(mostBins, input.timelineBins ?? 0);
      const layers: T['layer'][] = [];
      const machines: T['machine'][] = [];
      const skipped = [...stored.skipped];
      for (const [i, own] of wanted.entries()) {
        const { name } = own.layer;
        const fraction = prepared + ((1 - prepared) * i) / wanted.length;
        progress({ stage: 'simulate', layer: name, fraction });
        await breathe(signal);
        try {
          const machine = simulator.machine(own.asks, input.machine);
          const run = own.ready.run(machine, bins);
          let host: HostProduct | null = null;
          if (input.measureHost) {
            await breathe(signal);
            host = hostProduct(own);
          }
          layers.push(simulator.figures.layer(own, run, host));
          machines.push(machine);
        } catch (error) {
          // One layer too large for this machine does not spoil the others.
          if (!(error instanceof DeepCompressionError) || error.code !== 'unsupported') throw error;
          if (wanted.length === 1) throw error;
          skipped.push({ tensor: own.tensor, name, reason: error.message });
        }
      }
      return {
        config: configOf(input, simulator.figures.common(machines)),
        layers,
        available: stored.layers.map(({ index, tensor, layer }) => ({
          ...{ index, tensor, name: layer.name },
        })),
        skipped,
        totals: simulator.figures.totals(layers),
        notes: stored.notes,
      };
    },
  });
}

/** This machine's products; a dense product of groups is one of every group. */
function hostProduct({ layer, blocks }: PreparedLayer<unknown>): HostProduct {
  const now = (): number => performance.now();
  const { denseUs, sparseUs } = measureHost(layer, now, hostBudget);
  if (blocks === 1) return { denseUs, sparseUs };
  const group = { ...layer, ...firstBlock(layer, blocks) };
  return { denseUs: blocks * measureHost(group, now, hostBudget).denseUs, sparseUs };
}

/** The layers asked for, in the order asked. @throws DeepCompressionError `invalid-input` */
export function chosenLayers<T extends SimulatorTypes>(
  stored: Stored<T>,
  positions: readonly number[] | undefined,
): readonly StoredLayer<T>[] {
  if (positions === undefined) return stored.layers;
  return positions.map((p) => {
    const layer = stored.layers.at(p);
    if (layer && p >= 0) return layer;
    throw new DeepCompressionError(
      'invalid-input',
      `there is no layer ${p}, only 0 to ${stored.layers.length - 1}`,
    );
  });
}

/** Lets messages in (a cancellation among them) between two layers. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await host.turn();
  throwIfCancelled(signal);
}

/** What a result is of. */
export function configOf<Machine extends object>(
  input: SimulateLayers,
  machine: Machine,
): SimulationConfig & Machine {
  return {
    source: sourceLabel(input.source),
    ...machine,
    seed: input.seed,
    density: input.density ?? null,
    input: input.input ? labelOf(input.input) : null,
  };
}
