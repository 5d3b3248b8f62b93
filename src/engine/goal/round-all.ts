/** All layers of a model at one slope, on whatever threads their quantizers are. */
import type { Calibration } from '../../compress/moments.ts';
import type { QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import type { LayerImportance } from './importance.ts';
import type { GoalLayer } from './layers.ts';
import type { Quantizers } from './quantizers.ts';

/** Bits a weight of layers where none is felt. */
const bitsOfUnfelt = 4;

/** All rows of a table count alike: samples look up some of them, and the others are as good as those. */
export async function takeLayers(
  quantizers: Quantizers,
  layers: readonly GoalLayer[],
  calibration: Calibration,
): Promise<void> {
  await Promise.all(
    layers.map((layer) => {
      const { id, role } = layer.tensor;
      return quantizers.add(layer, role === 'embedding' ? undefined : calibration.get(id));
    }),
  );
}

/**
 * Layers that are not felt have as many bits a weight as the others.
 * @param onLayer told the share that is done, and a layer
 */
export async function roundAll(
  quantizers: Quantizers,
  importance: readonly LayerImportance[],
  lambda: number,
  onLayer: (done: number, layer: string) => void,
): Promise<Map<number, QuantizedLayer>> {
  let done = 0;
  const rounded = new Map<number, QuantizedLayer>();
  const take = ({ layer }: LayerImportance, result: QuantizedLayer): void => {
    rounded.set(layer.tensor.id, result);
    onLayer(++done / importance.length, layer.tensor.name);
  };
  const felt = importance.filter((i) => i.felt);
  await Promise.all(
    felt.map(async (i) =>
      take(i, await quantizers.quantize(i.layer.tensor.id, lambda, i.importance)),
    ),
  );
  const weights = felt.reduce((sum, { layer }) => sum + layer.tensor.parameters, 0);
  const bits = [...rounded.values()].reduce((sum, layer) => sum + layer.bits, 0);
  const mean = weights > 0 ? bits / weights : bitsOfUnfelt;
  await Promise.all(
    importance
      .filter((i) => !i.felt)
      .map(async (i) => {
        const near = await quantizers.near(i.layer.tensor.id, { least: 0.97 * mean, most: mean });
        take(i, near.rounded);
      }),
  );
  return rounded;
}
