/** The layers that calibrated compression decides level by level, and what their levels restore to. */
import { matrixOf } from '../../calibrate/sources.ts';
import type { QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import { recipeForLayer } from '../../compress/recipe.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { GridWalk } from '../../compress/share/grid.ts';
import { isCompressible } from '../../model/dtype.ts';
import type { Geometry, Model, Tensor } from '../../model/model.ts';

export interface GoalLayer {
  readonly tensor: Tensor & { readonly geometry: Geometry };
  readonly weights: Float32Array | Float64Array;
}

/** The tensors that the recipe speaks of and that are matrices, or tables that are looked up. */
export function goalTensors(model: Model, recipe: Recipe): GoalLayer['tensor'][] {
  return model.tensors
    .map(asMatrix)
    .filter(
      (tensor): tensor is GoalLayer['tensor'] =>
        tensor.geometry !== undefined &&
        tensor.geometry.rows * tensor.geometry.cols * tensor.geometry.matrices ===
          tensor.parameters &&
        recipe.roles.includes(tensor.role) &&
        isCompressible(tensor.dtype) &&
        tensor.parameters >= recipe.minimumWeights &&
        recipeForLayer(recipe, tensor) !== undefined &&
        model.writer.whyNotReplaceable(tensor) === undefined,
    );
}

/** A table as calibrate/sources.ts sees it: each of a row's places is an output, with a scale of its own. */
function asMatrix(tensor: Tensor): Tensor {
  const geometry = matrixOf(tensor);
  return geometry === undefined ? tensor : { ...tensor, geometry };
}

/** undefined when the tensor holds values that are not finite, or only zeros: it stays as it is. */
export function goalLayer(model: Model, tensor: GoalLayer['tensor']): GoalLayer | undefined {
  const weights = new (tensor.dtype === 'float64' ? Float64Array : Float32Array)(tensor.parameters);
  model.reader.readValues(tensor, 0, weights);
  let power = 0;
  for (const w of weights) power += (w * w) / weights.length;
  return power > 0 && power < Infinity ? { tensor, weights } : undefined;
}

/** What the levels restore to, before they are rounded to the tensor's type. */
export function restoredValues({ grid, levels }: QuantizedLayer): Float64Array {
  const values = new Float64Array(levels.length);
  const walk = new GridWalk(grid);
  walk.seek(0);
  for (let i = 0; i < levels.length; i++) {
    values[i] = walk.scale * levels[i]!;
    walk.next();
  }
  return values;
}
