/**
 * Which tensors of a model are trained: float32 weights, biases, embeddings and the scale and shift of
 * normalisation layers, where the main graph uses them and their bytes can be replaced. The running
 * statistics of BatchNormalization are no weights: training carries them along instead.
 */
import { recipeForLayer } from '../../compress/recipe.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { LayerKind, Tensor } from '../../model/model.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Graph } from '../../train/graph.ts';
import type { Parameter } from '../../train/methods/parameters.ts';
import type { Layer } from '../../train/methods/structure.ts';

const integers = /^u?int|^float[48]/;
const trainedRoles = new Set(['weight', 'bias', 'normalisation', 'embedding']);

export interface Trainable {
  readonly byName: ReadonlyMap<string, Tensor>;
  /** One line for each tensor that the recipe would compress but that cannot be trained. */
  readonly notes: readonly string[];
  /** Types of the weights that are whole numbers or narrow floats already. */
  readonly quantized: readonly string[];
}

export function trainableTensors(model: OnnxModel, graph: Graph): Trainable {
  const main = mainTensors(model);
  const statistics = new Set(
    graph.nodes
      .filter((n) => n.opType === 'BatchNormalization')
      .flatMap((n) => n.input.slice(3, 5)),
  );
  const byName = new Map<string, Tensor>();
  const notes: string[] = [];
  const quantized = new Set<string>();
  for (const tensor of model.tensors) {
    const { name, role, dtype } = tensor;
    if (!trainedRoles.has(role)) continue;
    const isMain = main.get(name) === tensor;
    if (isMain && (statistics.has(name) || !graph.initializers.has(name))) continue;
    const why = !isMain
      ? 'it lies in the body of a function or of an If, Loop or Scan'
      : dtype !== 'float32'
        ? `it is ${dtype}`
        : model.writer.whyNotReplaceable(tensor);
    if (why === undefined) byName.set(name, tensor);
    else if (role === 'weight') {
      notes.push(`${name} is not trained: ${why}`);
      if (integers.test(dtype)) quantized.add(dtype);
    }
  }
  return { byName, notes, quantized: [...quantized] };
}

/** @throws DeepCompressionError `unsupported` where training would change no weight */
export function checkHasWeights({ byName, quantized }: Trainable): void {
  if (quantized.length === 0 || [...byName.values()].some(({ role }) => role === 'weight')) return;
  throw new DeepCompressionError(
    'unsupported',
    `nothing can be trained: all weights are quantized already (${quantized.join(', ')}): retrain the float32 model that this one was made from`,
  );
}

/** The tensors of the main graph by the names that its nodes know them by; bodies may use a name again. */
export function mainTensors({ graph, tensors }: OnnxModel): Map<string, Tensor> {
  const found = new Map([...graph.initializers].map(([name, id]) => [name, tensors[id]]));
  for (const { opType, attributes, outputs } of graph.nodes) {
    if (opType !== 'Constant') continue;
    const [attribute] = attributes.values();
    const id = attribute?.tensors?.[0];
    if (id !== undefined) found.set(outputs[0] ?? '', tensors[id]);
  }
  return found;
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
