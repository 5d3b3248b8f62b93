/**
 * How many samples calibration needs: the second moments of a layer with n inputs have full rank from n
 * vectors on, and directions of the input that no vector had are only damped (compress/rate/curvature.ts),
 * not measured.
 */
import type { Calibration } from '../../compress/moments.ts';
import type { Tensor } from '../../model/model.ts';

/**
 * A line for the layers that saw fewer vectors than they have inputs; none where all saw enough.
 * @param samples that calibrated
 * @param share of all samples that calibrates at the end
 */
export function enoughSamples(
  tensors: readonly Tensor[],
  calibration: Calibration,
  samples: number,
  share: number,
): string[] {
  let few = 0;
  let worst: { readonly name: string; readonly seen: number; readonly inputs: number } | undefined;
  for (const { id, name } of tensors) {
    const moments = calibration.get(id);
    if (!moments) continue;
    const inputs = moments.block;
    const seen = moments.count.reduce((a, b) => Math.min(a, b));
    if (seen === 0 || seen >= inputs) continue;
    few++;
    if (!worst || inputs / seen > worst.inputs / worst.seen) worst = { name, seen, inputs };
  }
  if (!worst) return [];
  const { name, seen, inputs } = worst;
  const wanted = Math.ceil((samples * inputs) / seen / share);
  return [
    `${few} of ${tensors.length} layers saw fewer input vectors than they have inputs when they were first calibrated (${name}: ${seen} for ${inputs}); about ${wanted} samples are enough for all`,
  ];
}
