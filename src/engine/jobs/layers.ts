/** The rows of a report, from a plan or from a container, in the order of the model's tensors. */
import type { CodedTensor } from '../../compress/coded.ts';
import { layerReport, type StoredLayerBytes } from '../../compress/report.ts';
import type { LayerStatistics } from '../../compress/statistics.ts';
import type { Model } from '../../model/model.ts';
import type { CompressedLayer } from '../protocol.ts';

export function layersOf(
  model: Model,
  tensors: readonly { readonly coded: CodedTensor; readonly stats: LayerStatistics }[],
  stored: ReadonlyMap<number, StoredLayerBytes>,
): CompressedLayer[] {
  return tensors.map(({ coded, stats }) => {
    const bytes = stored.get(coded.tensor);
    if (!bytes) throw new Error(`no stored bytes of tensor ${coded.tensor}`);
    return layerReport(model.tensors[coded.tensor], coded, stats, bytes);
  });
}
