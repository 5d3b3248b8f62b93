/** The rows of a report, from a plan or from a container, in the order of the model's tensors. */
import { host } from '#host';
import type { CodedTensor } from '../../compress/coded.ts';
import { layerReport, type StoredLayerBytes } from '../../compress/report.ts';
import type { LayerStatistics } from '../../compress/statistics.ts';
import { throwIfCancelled } from '../../model/errors.ts';
import type { Model } from '../../model/model.ts';
import type { CompressedLayer } from '../protocol-model.ts';

/**
 * The event loop turns between layers: a row of an arithmetic-coded layer takes a good part of a
 * second, because it tells what Huffman coding would have made of it.
 */
export async function layersOf(
  model: Model,
  tensors: readonly { readonly coded: CodedTensor; readonly stats: LayerStatistics }[],
  stored: ReadonlyMap<number, StoredLayerBytes>,
  signal: AbortSignal,
): Promise<CompressedLayer[]> {
  const layers: CompressedLayer[] = [];
  for (const { coded, stats } of tensors) {
    const bytes = stored.get(coded.tensor);
    if (!bytes) throw new Error(`no stored bytes of tensor ${coded.tensor}`);
    layers.push(layerReport(model.tensors[coded.tensor], coded, stats, bytes));
    await host.turn();
    throwIfCancelled(signal);
  }
  return layers;
}
