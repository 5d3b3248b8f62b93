/**
 * Which tensors of a model are trained: float32 weights, biases, embeddings and the scale and shift of
 * normalisation layers, where the main graph uses them and their bytes can be replaced. The running
 * statistics of BatchNormalization are no weights: training carries them along instead.
 */
import { recipeForLayer, type Recipe } from '../../compress/recipe.ts';
import type { LayerKind, Model, Tensor } from '../../model/model.ts';
import type { Graph } from '../../train/graph.ts';
import type { Parameter } from '../../train/methods/parameters.ts';
import type { Layer } from '../../train/methods/structure.ts';

const trainedRoles = new Set(['weight', 'bias', 'normalisation', 'embedding']);

export interface Trainable {
  readonly byName: ReadonlyMap<string, Tensor>;
  /** One line for each tensor that the recipe would compress but that cannot be trained. */
  readonly notes: readonly string[];
}

export function trainableTensors(model: Model, graph: Graph): Trainable {
  const statistics = new Set(
    graph.nodes
      .filter((n) => n.opType === 'BatchNormalization')
      .flatMap((n) => n.input.slice(3, 5)),
  );
  const byName = new Map<string, Tensor>();
  const notes: string[] = [];
  for (const tensor of model.tensors) {
    const { name, role, dtype } = tensor;
    if (!trainedRoles.has(role) || statistics.has(name) || byName.has(name)) continue;
    if (!graph.initializers.has(name)) continue;
    const why = dtype !== 'float32' ? `it is ${dtype}` : model.writer.whyNotReplaceable(tensor);
    if (why === undefined) byName.set(name, tensor);
    else if (role === 'weight') notes.push(`${name} is not trained: ${why}`);
  }
  return { byName, notes };
}

/** Kind of the layer that a tensor belongs to, a bias like the weights beside it. */
export function kindOfTensor(tensor: Tensor | undefined): LayerKind {
  if (!tensor) return 'other';
  if (tensor.geometry) return tensor.geometry.kind;
  if (tensor.op.startsWith('Conv')) return 'conv';
  if (tensor.op === 'Gemm' || tensor.op === 'MatMul') return 'fc';
  return ['LSTM', 'GRU', 'RNN'].includes(tensor.op) ? 'recurrent' : 'other';
}

/** Whether a sample uses the weights many times: at many positions, or steps of a sequence. */
export function isReused(tensor: Tensor): boolean {
  const kind = kindOfTensor(tensor);
  return kind === 'conv' || kind === 'recurrent' || tensor.op === 'MatMul';
}

/** The layers that the recipe compresses, of those under training. */
export function layersToCompress(
  parameters: readonly Parameter[],
  { byName }: Trainable,
  recipe: Recipe,
): Layer[] {
  return parameters.flatMap((parameter) => {
    const tensor = byName.get(parameter.name);
    if (!tensor || tensor.parameters < recipe.minimumWeights) return [];
    if (!recipe.roles.includes(tensor.role)) return [];
    const layer = recipeForLayer(recipe, tensor);
    return layer
      ? [{ parameter, tensor: { ...tensor, dtype: 'float32' as const }, recipe: layer }]
      : [];
  });
}
