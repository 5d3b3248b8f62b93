/** Operators that pick values: the gradient puts them back where they came from, zeros elsewhere. */
import { intAttribute, stringAttribute } from '../../model/proto-attributes.ts';
import type { Emitter } from '../emitter.ts';
import { intOf, stringOf } from '../graph.ts';
import { noRuleFor, positiveAxis } from './rule.ts';
import type { Rules } from './rule.ts';

/** Start and end as ONNX clamps them, for a step of either sign. */
function sliceIndices(start: number, end: number, step: number, size: number): number[] {
  const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  const picked: number[] = [];
  if (step > 0) {
    const stop = clamp(to, 0, size);
    for (let i = clamp(from, 0, size); i < stop; i += step) picked.push(i);
  } else {
    const stop = clamp(to, -1, size - 1);
    for (let i = clamp(from, -1, size - 1); i > stop; i += step) picked.push(i);
  }
  return picked;
}

/** Adjoint of picking distinct `indices` along an axis: gather from dY and one row of zeros. */
function putBack(
  emit: Emitter,
  dy: string,
  indices: readonly number[],
  axis: number,
  size: number,
  yShape: readonly number[],
): string {
  const row = emit.zeros(yShape.map((n, i) => (i === axis ? 1 : n)));
  const source = new Array<number>(size).fill(indices.length);
  indices.forEach((index, i) => (source[index] = i));
  const padded = emit.concat([dy, row], axis);
  return emit.op('Gather', [padded, emit.ints(source)], [intAttribute('axis', axis)]);
}

export const indexingRules: Rules = {
  Slice({ node, emit, dy, shape, constants }) {
    const xShape = shape(node.input[0]!);
    const now = [...shape(node.output[0]!)];
    const starts = constants(1);
    const ends = constants(2);
    const axes = node.input[3] ? constants(3) : starts.map((_, i) => i);
    const steps = node.input[4] ? constants(4) : starts.map(() => 1);
    const begin = xShape.map(() => 0);
    const end = xShape.map(() => 0);
    let gradient = dy;
    axes.forEach((given, i) => {
      const axis = positiveAxis(given, xShape.length);
      const size = xShape[axis]!;
      const picked = sliceIndices(starts[i]!, ends[i]!, steps[i]!, size);
      if (steps[i] === 1 && picked.length > 0) {
        begin[axis] = picked[0]!;
        end[axis] = size - 1 - picked.at(-1)!;
      } else {
        gradient = putBack(emit, gradient, picked, axis, size, now);
        now[axis] = size;
      }
    });
    return [emit.pad(gradient, [...begin, ...end])];
  },

  /** Indices may repeat (an embedding's do): scatter with addition, along the first axis. */
  Gather({ node, emit, dy, shape }) {
    const [data = '', indices = ''] = node.input;
    const xShape = shape(data);
    const axis = positiveAxis(intOf(node, 'axis', 0), xShape.length);
    const picked = shape(indices).length;
    // bring the gathered axis (of X) and the axes of the indices (of dY) to the front
    const rank = shape(node.output[0]!).length;
    const front = Array.from({ length: picked }, (_, i) => axis + i);
    const others = Array.from({ length: rank }, (_, i) => i).filter((i) => !front.includes(i));
    const updates = emit.transpose(dy, [...front, ...others]);
    const perm = [axis, ...xShape.map((_, i) => i).filter((i) => i !== axis)];
    const zeros = emit.zeros(perm.map((i) => xShape[i]!));
    const whole = emit.op('Cast', [indices], [intAttribute('to', 7)]);
    const list = emit.reshape(whole, [...shape(indices), 1]);
    const sum = emit.op('ScatterND', [zeros, list, updates], [stringAttribute('reduction', 'add')]);
    const inverse = new Array<number>(perm.length);
    perm.forEach((from, i) => (inverse[from] = i));
    return [emit.transpose(sum, inverse)];
  },

  GatherElements({ node, emit, dy, shape }) {
    const [data = '', indices = ''] = node.input;
    return [
      emit.op(
        'ScatterElements',
        [emit.zeros(shape(data)), indices, dy],
        [intAttribute('axis', intOf(node, 'axis', 0)), stringAttribute('reduction', 'add')],
      ),
    ];
  },

  /** Nearest neighbour: every output cell names one input cell, so each axis is a 0/1 matrix. */
  Resize({ node, emit, dy, shape, constants }) {
    if (stringOf(node, 'mode', 'nearest') !== 'nearest')
      throw noRuleFor(node, `for mode ${stringOf(node, 'mode', '')}`);
    const xShape = shape(node.input[0]!);
    const yShape = shape(node.output[0]!);
    const rank = xShape.length;
    const scales = node.input[2] ? constants(2) : [];
    let gradient = dy;
    const now = [...yShape];
    for (let axis = 0; axis < rank; axis++) {
      const [from, to] = [xShape[axis]!, yShape[axis]!];
      if (from === to) continue;
      if (node.attribute.some(({ name }) => name === 'axes'))
        throw noRuleFor(node, 'with an axes attribute');
      const scale = scales.length === rank ? scales[axis]! : to / from;
      const matrix = new Float32Array(from * to);
      for (let o = 0; o < to; o++) matrix[nearest(node, o, scale, from, to) * to + o] = 1;
      // [.., to, ..] with the axis last, times [to, from], and back
      const last = [...now.keys()].filter((i) => i !== axis);
      const perm = [...last, axis];
      const transposed = emit.transpose(gradient, perm);
      const weights = emit.transpose(emit.floats([from, to], matrix), [1, 0]);
      const inverse = new Array<number>(rank);
      perm.forEach((p, i) => (inverse[p] = i));
      gradient = emit.transpose(emit.op('MatMul', [transposed, weights]), inverse);
      now[axis] = from;
    }
    return [gradient];
  },
};

/** Input cell that output cell `o` copies (Resize of opset 11 and later). */
function nearest(
  node: Parameters<typeof stringOf>[0],
  o: number,
  scale: number,
  from: number,
  to: number,
): number {
  const mode = stringOf(node, 'coordinate_transformation_mode', 'half_pixel');
  const position = ((): number => {
    switch (mode) {
      case 'half_pixel':
        return (o + 0.5) / scale - 0.5;
      case 'pytorch_half_pixel':
        return to > 1 ? (o + 0.5) / scale - 0.5 : 0;
      case 'align_corners':
        return to > 1 ? (o * (from - 1)) / (to - 1) : 0;
      case 'asymmetric':
        return o / scale;
      default:
        throw noRuleFor(node, `for ${mode}`);
    }
  })();
  const rounding = stringOf(node, 'nearest_mode', 'round_prefer_floor');
  const cell =
    rounding === 'floor'
      ? Math.floor(position)
      : rounding === 'ceil'
        ? Math.ceil(position)
        : rounding === 'round_prefer_ceil'
          ? Math.floor(position + 0.5)
          : Math.ceil(position - 0.5);
  return Math.min(Math.max(cell, 0), from - 1);
}
