/**
 * Removes channels from a model through the structural editor: the indices of every tensor where they lie,
 * the dimensions that values are said to have, and what nodes say of them (groups, shapes, parts, cuts).
 */
import type { DType } from '../model/dtype.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { encodeValues } from '../model/encode.ts';
import { isCompressible } from '../model/dtype.ts';
import type { ModelEdit } from '../model/onnx/edit.ts';
import type { NewTensor } from '../model/onnx/edit-parts.ts';
import type { Tensor } from '../model/model.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import { placeOf } from '../export/weights.ts';
import { whole, type Slots } from './coupling.ts';
import type { Followed } from './follow.ts';
import type { Axes, Kept } from './rule.ts';

/** New values of whole tensors, before anything is cut from them. */
export type NewValues = ReadonlyMap<number, Float64Array>;

/** What is left when `gone` channels are removed. */
export function keptAfter({ coupling }: Followed, gone: ReadonlySet<number>): Kept {
  const stays = (slot: number): boolean => slot === whole || !gone.has(coupling.channelOf(slot));
  return {
    positions: (slots) => Int32Array.from(slots.keys()).filter((i) => stays(slots[i])),
    count: (slots) => slots.reduce((sum, slot) => sum + (stays(slot) ? 1 : 0), 0),
  };
}

/**
 * @param model the model that `editor` was opened on, all of it in one file
 * @param gone channels, none of them fixed, and not all of any axis
 * @throws DeepCompressionError `unsupported` for a tensor that cannot be cut
 */
export function removeChannels(
  model: OnnxModel,
  editor: ModelEdit,
  followed: Followed,
  gone: ReadonlySet<number>,
  values: NewValues = new Map(),
): void {
  const kept = keptAfter(followed, gone);
  // what a repair rewrites is read before tensors change
  const changes = followed.repairs.flatMap(({ node, change }) => {
    const made = change(kept);
    return made ? [{ node: editor.nodeAt(node.path), change: made }] : [];
  });
  for (const [name, value] of followed.values) {
    const id = followed.tensors.get(name);
    if (id !== undefined && (values.has(id) || isCut(value.axes, kept)))
      cutTensor(model, editor, id, value.axes, kept, values.get(id));
  }
  for (const { node, change } of changes) {
    for (const [name, value] of Object.entries(change.attributes ?? {}))
      node.setAttribute(
        name,
        value === null
          ? undefined
          : typeof value === 'number'
            ? { int: value }
            : { ints: [...value] },
      );
    const inputs = node.inputs;
    for (const [index, { shape, values: numbers }] of Object.entries(change.inputs ?? {})) {
      const name = editor.freshName(`${node.outputs[0]}_${node.opType}_${index}`);
      const data = new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer);
      editor.graph.setInitializer(name, { dtype: 'int64', shape, data });
      while (inputs.length <= Number(index)) inputs.push('');
      inputs[Number(index)] = name;
    }
    if (change.inputs) node.inputs = inputs;
  }
  for (const value of editor.graph.values) {
    const axes = followed.values.get(value.name)?.axes;
    const { shape, dtype } = value;
    if (!axes || shape?.length !== axes.length || !isCut(axes, kept)) continue;
    const dims = shape.map((d, i) => (axes[i] && typeof d === 'number' ? kept.count(axes[i]) : d));
    value.setType(dtype, dims);
  }
}

function isCut(axes: Axes, kept: Kept): boolean {
  return axes.some((slots) => slots && kept.count(slots) < slots.length);
}

function cutTensor(
  model: OnnxModel,
  editor: ModelEdit,
  id: number,
  axes: Axes,
  kept: Kept,
  values: Float64Array | undefined,
): void {
  const tensor = model.tensors[id];
  const all = values ?? new Float64Array(tensor.parameters);
  if (!values) model.reader.readValues(tensor, 0, all);
  const cut = sliced(all, tensor.shape, axes, kept);
  setTensor(editor, tensor, cut.shape, cut.values);
}

/**
 * Gives a tensor other values, rounded to its type, wherever it is held.
 * @throws DeepCompressionError `unsupported` where that is not possible
 */
export function setTensor(
  editor: ModelEdit,
  tensor: Tensor,
  shape: readonly number[],
  values: Float64Array,
): void {
  const place = placeOf(editor, tensor);
  if (typeof place === 'string')
    throw new DeepCompressionError('unsupported', `${tensor.name} cannot be changed: ${place}`);
  const made = { dtype: tensor.dtype, shape, data: encoded(values, tensor.dtype) } as NewTensor;
  if (place.constant) place.constant.setAttribute('value', { tensor: made });
  else place.graph.setInitializer(tensor.name, made);
}

/** The values at the indices that stay, row-major. */
export function sliced(
  values: Float64Array,
  shape: readonly number[],
  axes: Axes,
  kept: Kept,
): { readonly shape: readonly number[]; readonly values: Float64Array } {
  let current = values;
  let dims = [...shape];
  axes.forEach((slots: Slots | undefined, axis) => {
    if (!slots) return;
    const positions = kept.positions(slots);
    if (positions.length === slots.length) return;
    const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    const outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
    const next = new Float64Array(outer * positions.length * inner);
    let to = 0;
    for (let o = 0; o < outer; o++)
      for (const position of positions) {
        const from = (o * dims[axis] + position) * inner;
        next.set(current.subarray(from, from + inner), to);
        to += inner;
      }
    current = next;
    dims = dims.map((d, i) => (i === axis ? positions.length : d));
  });
  return { shape: dims, values: current };
}

function encoded(values: Float64Array, dtype: DType): Uint8Array {
  if (isCompressible(dtype)) return encodeValues(values, dtype);
  if (dtype === 'int32') return new Uint8Array(Int32Array.from(values).buffer);
  return dtype === 'int8' ? new Uint8Array(Int8Array.from(values).buffer) : Uint8Array.from(values);
}
