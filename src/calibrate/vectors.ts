/**
 * The vectors that the matrices of a layer multiply, found in the value the layer is given: a
 * convolution multiplies one at every output position, a fully connected layer one a row, a recurrent one
 * one a step. A layer of several matrices (groups, directions, items of a batch) multiplies a vector with
 * each of them at every position. Sources: the operators' specifications (ONNX Operators).
 */
import { widenFloat16 } from '../model/half.ts';
import type { Geometry } from '../model/model.ts';
import type { GraphNode } from '../model/graph.ts';
import type { HostTensor } from '../train/runtime.ts';
import { windowsOf } from './im2col.ts';
import type { VectorLayout } from './uses.ts';

/** A value of the graph as floats. */
export interface Value {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export interface Vectors {
  readonly count: number;
  /** Vectors at one position: 1 where all matrices multiply the same. */
  readonly sets: number;
  /** Length of one vector. */
  readonly columns: number;
  /** What a position is called: `output position`, `row`, `step`. */
  readonly unit: string;
  /** Writes the sets x columns values of one position. */
  fill(position: number, target: Float32Array): void;
}

const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);

/** An output as float32; undefined for what is not numbers. */
export function asFloats({ type, data }: HostTensor): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  if (type === 'float16' && data instanceof Uint16Array) {
    const target = new Float32Array(data.length);
    widenFloat16(data, target);
    return target;
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return Float32Array.from(data, Number);
  return ArrayBuffer.isView(data) ? Float32Array.from(data) : undefined;
}

/**
 * The vectors, or why the value does not fit the geometry.
 * @param before hidden states before the first step: those of layout `hidden` are then the ones that
 *   each step starts from, not the ones it ends with; undefined data stand for zeros
 */
export function vectorsOf(
  value: Value,
  layout: VectorLayout,
  node: GraphNode,
  geometry: Geometry,
  before?: { readonly data: Float32Array | undefined },
): Vectors | string {
  const { dims, data } = value;
  if (product(dims) !== data.length || data.length === 0) return 'its input is empty';
  const vectors =
    layout === 'conv' || layout === 'conv-transpose'
      ? convolution(value, layout, node, geometry)
      : layout === 'hidden'
        ? hidden(value, node, geometry.cols, before)
        : matrixProduct(value, layout === 'second-last', geometry);
  return (
    vectors ??
    `its input of ${dims.join(' x ')} does not fit its ${geometry.rows} x ${geometry.cols} weights`
  );
}

/** Hidden states [steps, directions, batch, hidden]; with layout 1 [batch, steps, directions, hidden]. */
function hidden(
  { dims, data }: Value,
  { attributes }: GraphNode,
  columns: number,
  before: { readonly data: Float32Array | undefined } | undefined,
): Vectors | undefined {
  if (dims.length !== 4 || dims[3] !== columns) return undefined;
  const batchFirst = (attributes.get('layout')?.i ?? 0) !== 0;
  const [batch, steps, directions] = batchFirst ? dims : [dims[2], dims[0], dims[1]];
  const initial = before?.data;
  if (initial && initial.length !== directions * batch * columns) return undefined;
  const backward = (d: number): boolean => d === 1 || attributes.get('direction')?.s === 'reverse';
  const shift = before ? 1 : 0;
  return {
    ...{ count: batch * steps, sets: directions, columns, unit: 'step' },
    fill(position, target) {
      const b = batchFirst ? Math.floor(position / steps) : position % batch;
      const step = batchFirst ? position % steps : Math.floor(position / batch);
      for (let d = 0; d < directions; d++) {
        const s = backward(d) ? step + shift : step - shift;
        const goal = d * columns;
        const inside = s >= 0 && s < steps;
        const source = inside ? data : initial;
        if (!source) {
          target.fill(0, goal, goal + columns);
          continue;
        }
        const row = inside
          ? batchFirst
            ? (b * steps + s) * directions + d
            : (s * directions + d) * batch + b
          : batchFirst
            ? b * directions + d
            : d * batch + b;
        for (let c = 0; c < columns; c++) target[goal + c] = source[row * columns + c];
      }
    },
  };
}

/**
 * Rows of the value, or with `across` its columns; where the weights are several matrices and the value
 * has one for each, those at the same place in each.
 */
function matrixProduct(
  { dims, data }: Value,
  across: boolean,
  { kind, matrices, cols }: Geometry,
): Vectors | undefined {
  const vector = dims.length === 1;
  const height = vector ? 1 : dims[dims.length - 2];
  const width = dims[dims.length - 1];
  const flip = across && !vector;
  if ((flip ? height : width) !== cols) return undefined;
  const items = product(dims.slice(0, -2));
  const shared = kind === 'recurrent' || matrices === 1 || items === 1;
  const sets = shared ? 1 : matrices;
  if (items % sets !== 0) return undefined;
  const places = flip ? width : height;
  const stride = flip ? width : 1;
  const unit = kind === 'recurrent' ? 'step' : flip ? 'column' : 'row';
  return {
    ...{ count: (items / sets) * places, sets, columns: cols, unit },
    fill(position, target) {
      const item = Math.floor(position / places) * sets;
      const place = (position % places) * (flip ? 1 : width);
      for (let s = 0, goal = 0; s < sets; s++) {
        const from = (item + s) * height * width + place;
        for (let c = 0; c < cols; c++, goal++) target[goal] = data[from + c * stride];
      }
    },
  };
}

function convolution(
  { dims, data }: Value,
  layout: VectorLayout,
  node: GraphNode,
  geometry: Geometry,
): Vectors | undefined {
  const spatial = dims.slice(2);
  const groups = geometry.groups ?? 1;
  const ones = spatial.map(() => 1);
  const plain = layout === 'conv-transpose';
  const kernel = plain ? ones : (geometry.kernel ?? []);
  const strides = plain ? ones : (geometry.strides ?? ones);
  const dilations = plain ? ones : (geometry.dilations ?? ones);
  const length = ((dims[1] ?? 0) / groups) * product(kernel);
  if (kernel.length !== spatial.length || length !== geometry.cols) return undefined;
  const reach = kernel.map((k, d) => (k - 1) * dilations[d] + 1);
  const { begin, end } = plain
    ? { begin: spatial.map(() => 0), end: spatial.map(() => 0) }
    : padding(node, spatial, reach, strides);
  const outputSpatial = spatial.map(
    (size, d) => Math.floor((size + begin[d] + end[d] - reach[d]) / strides[d]) + 1,
  );
  if (outputSpatial.some((n) => n < 1)) return undefined;
  const window = { kernel, strides, dilations, padsBegin: begin, outputSpatial };
  const { count, fill } = windowsOf(dims, data, window);
  const unit = plain ? 'input position' : 'output position';
  return { count, sets: groups, columns: length, unit, fill };
}

/** Operators.md, Conv: `pads`, or what `auto_pad` asks for. */
function padding(
  node: GraphNode,
  spatial: readonly number[],
  reach: readonly number[],
  strides: readonly number[],
): { begin: number[]; end: number[] } {
  const auto = node.attributes.get('auto_pad')?.s ?? 'NOTSET';
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const total = spatial.map((size, d) =>
      Math.max(0, (Math.ceil(size / strides[d]) - 1) * strides[d] + reach[d] - size),
    );
    const less = total.map((t) => Math.floor(t / 2));
    const more = total.map((t) => Math.ceil(t / 2));
    return auto === 'SAME_UPPER' ? { begin: less, end: more } : { begin: more, end: less };
  }
  const pads = auto === 'VALID' ? undefined : node.attributes.get('pads')?.ints;
  const zeros = spatial.map(() => 0);
  if (pads?.length !== 2 * spatial.length) return { begin: zeros, end: zeros };
  return { begin: pads.slice(0, spatial.length), end: pads.slice(spatial.length) };
}
