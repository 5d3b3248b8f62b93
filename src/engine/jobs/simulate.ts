/**
 * simulate: layers of a model, the paper's workloads or a cases file on the EIE machine. The store
 * keeps what was prepared, so that a step of a slider only runs the simulator.
 */
import { host } from '#host';
import { measureHost } from '../../eie/host.ts';
import { makeMachine } from '../../eie/machine.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { firstBlock } from '../../eie/block-diagonal.ts';
import type { Stored, StoredLayer } from '../eie/layer-store.ts';
import { machineChanges, machineFor } from '../eie/options.ts';
import { configOf, layerResult, totalsOf } from '../eie/results.ts';
import type {
  HostProduct,
  SimulatedLayer,
  SimulateInput,
  SimulateResult,
} from '../protocol-eie.ts';
import { flag, integerFrom, optional } from '../shape.ts';
import { defineJob } from './define.ts';
import { machineOptions, simulatedLayers } from './inputs.ts';
import { monotone, share } from './progress.ts';

/** Milliseconds spent on each of this machine's own products of a layer. */
const hostBudget = 8;
const mostBins = 4096;
const prepared = 0.7;

export const simulateJob = defineJob<SimulateInput, SimulateResult>({
  input: {
    ...simulatedLayers,
    machine: optional(machineOptions),
    timelineBins: optional(integerFrom(0)),
    measureHost: optional(flag),
  },
  run: async (input, { signal, onProgress, layers: store }) => {
    const progress = monotone(onProgress);
    const changes = machineChanges(input.machine);
    makeMachine(changes); // impossible parameters are said before anything is read
    const stored = await store.get(input, signal, share(progress, 0, prepared));
    const wanted = chosenLayers(stored, input.layers);
    const bins = Math.min(mostBins, input.timelineBins ?? 0);
    const layers: SimulatedLayer[] = [];
    const skipped = [...stored.skipped];
    for (const [i, own] of wanted.entries()) {
      const { name } = own.layer;
      const fraction = prepared + ((1 - prepared) * i) / wanted.length;
      progress({ stage: 'simulate', layer: name, fraction });
      await breathe(signal);
      try {
        const run = own.simulator.run(machineFor(own, changes), bins);
        let host: HostProduct | null = null;
        if (input.measureHost) {
          await breathe(signal);
          host = hostProduct(own);
        }
        layers.push(layerResult(own, run, host));
      } catch (error) {
        // One layer too large for this machine does not spoil the others.
        if (!(error instanceof DeepCompressionError) || error.code !== 'unsupported') throw error;
        if (wanted.length === 1) throw error;
        skipped.push({ tensor: own.tensor, name, reason: error.message });
      }
    }
    return {
      config: configOf(
        input,
        layers.map((l) => l.machine),
      ),
      layers,
      available: stored.layers.map(({ index, tensor, layer }) => ({
        ...{ index, tensor, name: layer.name },
      })),
      skipped,
      totals: totalsOf(layers),
      notes: stored.notes,
    };
  },
});

/** This machine's products; a dense product of groups is one of every group. */
function hostProduct({ layer, blocks }: StoredLayer): HostProduct {
  const now = (): number => performance.now();
  const { denseUs, sparseUs } = measureHost(layer, now, hostBudget);
  if (blocks === 1) return { denseUs, sparseUs };
  const group = { ...layer, ...firstBlock(layer, blocks) };
  return { denseUs: blocks * measureHost(group, now, hostBudget).denseUs, sparseUs };
}

/** The layers asked for, in the order asked. @throws DeepCompressionError `invalid-input` */
export function chosenLayers(
  stored: Stored,
  positions: readonly number[] | undefined,
): readonly StoredLayer[] {
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
