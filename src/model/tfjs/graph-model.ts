/**
 * The graph of a TensorFlow.js graph model: TensorFlow's nodes, whose constants are the weights of the
 * manifest. Source: graph.proto as JSON, and the operators that tfjs-converter fuses. Limits: functions are
 * not looked into.
 */
import { asArray, asObject, type JsonObject } from '../json.ts';
import type { Attribute, GraphNode, ModelGraph, ValueInfo } from '../graph.ts';
import type { Geometry, Role } from '../model.ts';
import type { PlainTensor } from '../plain/model.ts';

/** Operators that multiply by their second input. */
const weighted =
  /^(_?Fused)?(Conv2D|DepthwiseConv2dNative|MatMul|BatchMatMul(V2)?|Conv3D|Conv2DBackpropInput)$/;
const passing = /^(Identity|ReadVariableOp|Cast|Enter)$/;
const deepest = 64;

export function graphOfModel(
  topology: JsonObject,
  tensors: readonly PlainTensor[],
): { readonly graph: ModelGraph; readonly tensors: readonly PlainTensor[] } {
  const byName = new Map(tensors.map(({ name }, i) => [name, i]));
  const all = (asArray(topology['node']) ?? []).flatMap((entry) => {
    const node = asObject(entry);
    const { name, op } = node ?? {};
    if (typeof name !== 'string' || typeof op !== 'string') return [];
    const inputs = (asArray(node?.['input']) ?? []).filter((i) => typeof i === 'string');
    return [{ name, op, inputs: inputs.map(valueName).filter((i) => i !== '') }];
  });
  const passes = new Map(
    all.filter(({ op }) => passing.test(op)).map(({ name, inputs }) => [name, inputs[0] ?? '']),
  );
  const used = [...tensors];
  const known = new Set<number>();
  for (const { op, inputs } of all) {
    if (passing.test(op)) continue;
    inputs.forEach((given, index) => {
      let name = given;
      for (let hop = 0; hop < deepest && passes.has(name); hop++) name = passes.get(name)!;
      const i = byName.get(name);
      if (i === undefined) return;
      const role = roleOf(op, index);
      if (known.has(i) && role !== 'weight') return;
      known.add(i);
      used[i] = { ...tensors[i]!, op, role, ...(role === 'weight' && geometryOf(op, tensors[i]!)) };
    });
  }
  const read = new Set(all.flatMap(({ inputs }) => inputs));
  const value = (name: string): ValueInfo => ({ name, elemType: 0, shape: undefined });
  const isWeight = (name: string): boolean => byName.has(name);
  const graph: ModelGraph = {
    path: 'modelTopology',
    name: '',
    nodes: all
      .filter(({ op }) => op !== 'Const' && op !== 'Placeholder')
      .map(({ name, op, inputs }, n): GraphNode => ({
        ...{ path: `node[${n}]`, name, opType: op, domain: 'tensorflow', overload: '', inputs },
        ...{ outputs: [name], attributes: new Map<string, Attribute>() },
      })),
    inputs: all.filter(({ op }) => op === 'Placeholder').map(({ name }) => value(name)),
    outputs: all
      .filter(({ name }) => !read.has(name) && !isWeight(name))
      .map(({ name }) => value(name)),
    values: [],
    initializers: byName,
    sparseInitializers: new Map(),
  };
  return {
    graph,
    tensors: used.map((t, i) => (known.has(i) ? t : { ...t, op: '', role: 'other' })),
  };
}

/** `^name` waits for a node and takes nothing of it, `name:1` is its second output. */
function valueName(input: string): string {
  return input.startsWith('^') ? '' : input.replace(/:\d+$/, '');
}

function roleOf(op: string, input: number): Role {
  if (weighted.test(op) && input === 1) return 'weight';
  if (/^_?Fused/.test(op) && input === 2) return 'bias';
  if (op === 'BiasAdd' && input === 1) return 'bias';
  if (/^FusedBatchNorm/.test(op) && input > 0) return 'normalisation';
  if (/^(GatherV2|Gather|ResourceGather)$/.test(op)) return input === 0 ? 'embedding' : 'shape';
  if (
    /^(Reshape|Pad|PadV2|Transpose|Mean|StridedSlice|Resize\w+|Slice|Tile)$/.test(op) &&
    input > 0
  )
    return 'shape';
  return 'other';
}

function geometryOf(op: string, { shape }: PlainTensor): { geometry: Geometry } | undefined {
  const rank = shape.length;
  if (rank < 2 || shape.includes(0)) return undefined;
  const depthwise = op.includes('Depthwise');
  // the gradient of a convolution takes its kernel the other way round
  const backward = op.endsWith('BackpropInput');
  const rows = depthwise ? shape[rank - 1]! * shape[rank - 2]! : shape[rank - (backward ? 2 : 1)]!;
  if (backward) return undefined;
  const cols = shape.reduce((a, b) => a * b, 1) / rows;
  const kind = rank === 2 || op.includes('MatMul') ? 'fc' : 'conv';
  return { geometry: { kind, rows, cols, matrices: 1, transposed: true } };
}
