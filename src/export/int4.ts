/**
 * int4: matrices as whole numbers of 4 bits with a scale for every 32 values along the inputs, read by the
 * runtime's MatMulNBits, which multiplies by them as they are. The value of the largest magnitude of a
 * block becomes -8 (as in ggml's Q4_0). Source: ONNX Runtime, docs/ContribOperators.md, MatMulNBits.
 * Limits: weights that MatMul alone reads; others are left alone.
 */
import type { Model, Tensor } from '../model/model.ts';
import type { ModelEdit } from '../model/onnx/edit.ts';
import type { GraphEdit, NodeEdit } from '../model/onnx/edit-graph.ts';
import {
  bytesOf,
  placeOf,
  removeWeight,
  type ExportContext,
  type ExportedLayer,
} from './weights.ts';

const block = 32;
const zero = 8;

export function toInt4({ model, editor }: ExportContext): ExportedLayer[] {
  const readers = readersOf(editor.graph);
  const layers = model.tensors
    .filter(({ role }) => role === 'weight' || role === 'embedding')
    .map((tensor): ExportedLayer => {
      const { name, shape, parameters } = tensor;
      const why = store(tensor, model, editor, readers.get(name) ?? []);
      const done = why === '' ? `int4, blocks of ${block}, MatMulNBits` : '';
      return { name, shape, parameters, done, why };
    });
  if (layers.some((layer) => layer.done !== '')) editor.setOpset('com.microsoft', 1);
  return layers;
}

/** Says why a weight was left alone; '': it is stored. */
function store(
  tensor: Tensor,
  model: Model,
  editor: ModelEdit,
  users: readonly NodeEdit[],
): string {
  const { name, shape } = tensor;
  if (tensor.dtype !== 'float32') return `its values are ${tensor.dtype}, not float32`;
  if (shape.length !== 2 || users.length === 0 || !users.every((node) => multiplies(node, name)))
    return 'MatMulNBits takes the place of MatMul by a matrix only';
  if (shape[0] < block) return `it has fewer than ${block} inputs`;
  const place = placeOf(editor, tensor);
  if (typeof place === 'string') return place;
  const values = new Float32Array(tensor.parameters);
  model.reader.readValues(tensor, 0, values);
  if (!values.every(Number.isFinite)) return 'it holds values that are not finite';
  const [inputs, outputs] = shape;
  const { levels, scales } = quantize(values, inputs, outputs);
  const blocks = Math.ceil(inputs / block);
  const names = [editor.freshName(`${name}_quantized`), editor.freshName(`${name}_scale`)];
  const levelShape = [outputs, blocks, block / 2];
  place.graph.setInitializer(names[0], { dtype: 'uint8', shape: levelShape, data: levels });
  const data = bytesOf(scales);
  place.graph.setInitializer(names[1], { dtype: 'float32', shape: [outputs * blocks], data });
  for (const node of users) {
    node.inputs = [node.inputs[0], ...names];
    node.opType = 'MatMulNBits';
    node.domain = 'com.microsoft';
    const attributes = { K: inputs, N: outputs, bits: 4, block_size: block };
    for (const [key, int] of Object.entries(attributes)) node.setAttribute(key, { int });
  }
  removeWeight(place, name);
  return '';
}

/** Nodes of a graph and of its bodies by the names they read. */
function readersOf(graph: GraphEdit): Map<string, NodeEdit[]> {
  const readers = new Map<string, NodeEdit[]>();
  const walk = (g: GraphEdit): void => {
    for (const node of g.nodes) {
      for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
      node.bodies.forEach(walk);
    }
  };
  walk(graph);
  return readers;
}

function multiplies(node: NodeEdit, name: string): boolean {
  const { inputs } = node;
  return node.opType === 'MatMul' && node.domain === '' && inputs[1] === name && inputs[0] !== name;
}

/** Levels of each output's blocks of inputs, two a byte, the lower half first; the matrix is inputs x outputs. */
function quantize(
  values: Float32Array,
  inputs: number,
  outputs: number,
): { levels: Uint8Array; scales: Float32Array<ArrayBuffer> } {
  const blocks = Math.ceil(inputs / block);
  const levels = new Uint8Array((outputs * blocks * block) / 2).fill(zero * 17);
  const scales = new Float32Array(outputs * blocks);
  for (let n = 0; n < outputs; n++)
    for (let b = 0; b < blocks; b++) {
      const end = Math.min(inputs, (b + 1) * block);
      let extreme = 0;
      for (let k = b * block; k < end; k++) {
        const value = values[k * outputs + n];
        if (Math.abs(value) > Math.abs(extreme)) extreme = value;
      }
      const scale = Math.fround(extreme / -zero);
      scales[n * blocks + b] = scale;
      if (scale === 0) continue;
      for (let k = b * block; k < end; k++) {
        const level = Math.max(0, Math.min(15, Math.round(values[k * outputs + n] / scale) + zero));
        const at = ((n * blocks + b) * block + (k - b * block)) >> 1;
        levels[at] = k % 2 === 0 ? (levels[at] & 0xf0) | level : (levels[at] & 0x0f) | (level << 4);
      }
    }
  return { levels, scales };
}
