/**
 * matmul-nbits: matrices as whole numbers of 4 bits with a scale for every 32 values along the inputs
 * (int4-blocks.ts), read by ONNX Runtime's own MatMulNBits, which multiplies by them as they are. Other
 * runtimes do not have it. Source: ONNX Runtime, docs/ContribOperators.md, MatMulNBits.
 * Limits: weights that MatMul alone reads; others are left alone.
 */
import type { Model, Tensor } from '../model/model.ts';
import type { ModelEdit } from '../model/onnx/edit.ts';
import type { NodeEdit } from '../model/onnx/edit-graph.ts';
import { block, blocksOf } from './int4-blocks.ts';
import { readersOf } from './readers.ts';
import {
  bytesOf,
  placeOf,
  removeWeight,
  type ExportContext,
  type ExportedLayer,
} from './weights.ts';

/** What stands for zero where levels have no sign. */
const zero = 8;

export function toMatMulNBits({ model, editor }: ExportContext): ExportedLayer[] {
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
  const { levels, scales } = packed(values, inputs, outputs);
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

function multiplies(node: NodeEdit, name: string): boolean {
  const { inputs } = node;
  return node.opType === 'MatMul' && node.domain === '' && inputs[1] === name && inputs[0] !== name;
}

/** Levels of each output's blocks of inputs, two a byte, the lower half first, and its scales, block by block. */
function packed(
  values: Float32Array,
  inputs: number,
  outputs: number,
): { levels: Uint8Array; scales: Float32Array<ArrayBuffer> } {
  const made = blocksOf(values, [inputs, outputs], 0);
  const blocks = Math.ceil(inputs / block);
  const levels = new Uint8Array((outputs * blocks * block) / 2).fill(zero * 17);
  const scales = new Float32Array(outputs * blocks);
  for (let n = 0; n < outputs; n++) {
    for (let b = 0; b < blocks; b++) scales[n * blocks + b] = made.scales[b * outputs + n];
    for (let k = 0; k < inputs; k++) {
      const level = made.levels[k * outputs + n] + zero;
      const at = (n * blocks * block + k) >> 1;
      levels[at] = k % 2 === 0 ? (levels[at] & 0xf0) | level : (levels[at] & 0x0f) | (level << 4);
    }
  }
  return { levels, scales };
}
