/** What layers of a Keras model use their weights for, and their graph: a node a layer. */
import type { Attribute, GraphNode, ModelGraph } from '../graph.ts';
import type { Geometry, Role } from '../model.ts';
import type { PlainTensor } from '../plain/model.ts';
import { guessUse } from '../plain/roles.ts';
import type { KerasModel, LayerCall } from './calls.ts';

const float32 = 1;

/** Weights of each layer by their own names (`kernel`), as positions in the list of tensors. */
export function weightsByLayer(
  tensors: readonly { readonly name: string }[],
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const layers = new Map<string, Map<string, number>>();
  tensors.forEach(({ name }, i) => {
    const parts = name.split('/');
    const weight = parts.pop()!.replace(/:0$/, '');
    // cells stand between a recurrent layer and its weights, a model before a layer
    for (const layer of parts) {
      const own = layers.get(layer) ?? new Map<string, number>();
      if (!own.has(weight)) own.set(weight, i);
      layers.set(layer, own);
    }
  });
  return layers;
}

export function layersGraph(
  model: KerasModel,
  tensors: readonly PlainTensor[],
): { readonly graph: ModelGraph; readonly tensors: readonly PlainTensor[] } {
  const byLayer = weightsByLayer(tensors);
  const used = [...tensors];
  const nodes = model.calls.map((call, n): GraphNode => {
    const own = [...(byLayer.get(call.layer) ?? [])];
    for (const [weight, i] of own)
      used[i] = { ...tensors[i]!, ...useOf(call, weight, tensors[i]!) };
    return {
      path: `layers[${n}]`,
      name: call.output,
      opType: call.className,
      domain: 'keras',
      overload: '',
      inputs: [...call.inputs, ...own.map(([, i]) => tensors[i]!.name)],
      outputs: [call.output],
      attributes: new Map<string, Attribute>(),
    };
  });
  const graph: ModelGraph = {
    path: 'modelTopology',
    name: model.name,
    nodes,
    inputs: model.inputs.map(({ name, shape }) => ({
      name,
      elemType: float32,
      shape: ['N', ...shape.map((size) => size ?? '')],
    })),
    outputs: model.outputs.map((name) => ({ name, elemType: float32, shape: undefined })),
    values: [],
    initializers: new Map(tensors.map(({ name }, i) => [name, i])),
    sparseInitializers: new Map(),
  };
  return { graph, tensors: used };
}

const roles: Readonly<Record<string, Role>> = {
  ...{ bias: 'bias', beta: 'normalisation', gamma: 'normalisation', embeddings: 'embedding' },
  ...{ moving_mean: 'normalisation', moving_variance: 'normalisation' },
};

function useOf(
  { className }: LayerCall,
  weight: string,
  { name, dtype, shape }: PlainTensor,
): { readonly op: string; readonly role: Role; readonly geometry?: Geometry } {
  const op = className;
  const role = roles[weight];
  if (role) return { op, role };
  if (!/kernel$/.test(weight) || shape.length < 2) {
    const guess = guessUse(name, dtype, shape, 'outputs last');
    return { op, role: guess.role === 'weight' ? 'other' : guess.role };
  }
  const size = shape.reduce((a, b) => a * b, 1);
  const last = shape.length - 1;
  if (weight === 'depthwise_kernel') {
    // height x width x channels x multiplier: one output for each of the last two
    const rows = shape[last]! * shape[last - 1]!;
    const geometry = {
      kind: 'conv',
      rows,
      cols: size / rows,
      matrices: 1,
      transposed: true,
    } as const;
    return size === 0 ? { op, role: 'weight' } : { op, role: 'weight', geometry };
  }
  const transposedConv = /^Conv\dDTranspose$/.test(className);
  const recurrent = /LSTM|GRU|RNN/.test(className);
  // height x width x outputs x inputs
  const rows = transposedConv ? shape[last - 1]! : shape[last]!;
  if (size === 0 || transposedConv) return { op, role: 'weight' };
  const kind = recurrent ? 'recurrent' : shape.length === 2 ? 'fc' : 'conv';
  return {
    ...{ op, role: 'weight' },
    geometry: { kind, rows, cols: size / rows, matrices: 1, transposed: true },
  };
}
