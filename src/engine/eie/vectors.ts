/**
 * From the value a layer multiplies to the one vector that is simulated. A convolution multiplies one
 * vector an output position, a fully connected layer one a row, a recurrent one one a step: the
 * vector is the one whose number of non-zeros is nearest the mean over up to `mostVectors` of them,
 * spread evenly, so that its statistics stand for the layer.
 */
import { im2colVector, type ConvWindow } from '../../eie/im2col.ts';
import type { OnnxNode } from '../../model/onnx/graph.ts';
import type { Geometry } from '../../model/model.ts';
import type { VectorLayout } from './uses.ts';

/** A value of the graph as floats. */
export interface Value {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** The vectors that one matrix multiplies. */
export interface Vectors {
  readonly count: number;
  readonly length: number;
  /** What one of them is called: `output position`, `row`, `step`. */
  readonly unit: string;
  fill(index: number, target: Float32Array): void;
}

export interface ChosenVector {
  readonly values: Float32Array;
  readonly density: number;
  readonly meanDensity: number | null;
  readonly note: string;
}

const mostVectors = 256;
const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);

/**
 * The vectors of matrix `part` (a group or direction; -1: all groups side by side).
 * Returns a reason when the value does not fit the geometry.
 */
export function vectorsOf(
  value: Value,
  layout: VectorLayout,
  node: OnnxNode,
  geometry: Geometry,
  part: number,
): Vectors | string {
  const { dims, data } = value;
  const mismatch = `its input of ${dims.join(' x ')} does not fit its ${geometry.rows} x ${geometry.cols} weights`;
  if (product(dims) !== data.length || data.length === 0) return 'its input is empty';
  if (layout === 'conv' || layout === 'conv-transpose')
    return convolution(value, layout, node, geometry, part) ?? mismatch;
  const { cols } = geometry;
  if (layout === 'hidden') {
    // [steps, directions, batch, hidden]; with layout 1 [batch, steps, directions, hidden]
    const [first = 0, second = 0, third = 0, hidden] = dims;
    if (dims.length !== 4 || hidden !== cols) return mismatch;
    const batchFirst = (node.attributes.get('layout')?.i ?? 0) !== 0;
    const directions = batchFirst ? third : second;
    const places = batchFirst ? first * second : first * third;
    if (part >= directions) return mismatch;
    return {
      count: places,
      length: cols,
      unit: 'step',
      fill(i, target) {
        const row = batchFirst
          ? i * directions + part
          : (Math.floor(i / third) * directions + part) * third + (i % third);
        target.set(data.subarray(row * cols, (row + 1) * cols));
      },
    };
  }
  if (geometry.kind !== 'recurrent' && geometry.matrices > 1)
    return 'it multiplies one matrix an item of the batch';
  if (layout === 'last') {
    if (dims.at(-1) !== cols) return mismatch;
    return {
      count: data.length / cols,
      length: cols,
      unit: geometry.kind === 'recurrent' ? 'step' : 'row',
      fill: (i, target) => target.set(data.subarray(i * cols, (i + 1) * cols)),
    };
  }
  const across = dims.at(-1) ?? 1;
  if (dims.at(-2) !== cols) return mismatch;
  return {
    count: data.length / cols,
    length: cols,
    unit: 'column',
    fill(i, target) {
      const at = Math.floor(i / across) * cols * across + (i % across);
      for (let c = 0; c < cols; c++) target[c] = data[at + c * across];
    },
  };
}

function convolution(
  { dims, data }: Value,
  layout: VectorLayout,
  node: OnnxNode,
  geometry: Geometry,
  part: number,
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
  const window: ConvWindow = {
    kernel,
    strides,
    dilations,
    padsBegin: begin,
    groups,
    outputSpatial,
  };
  const input = { shape: dims, values: data };
  const all = part < 0;
  return {
    count: dims[0] * product(outputSpatial),
    length: all ? length * groups : length,
    unit: plain ? 'input position' : 'output position',
    fill(i, target) {
      if (!all) return im2colVector(input, window, part, i, target);
      for (let g = 0; g < groups; g++)
        im2colVector(input, window, g, i, target.subarray(g * length, (g + 1) * length));
    },
  };
}

/** Operators.md, Conv: `pads`, or what `auto_pad` asks for. */
function padding(
  node: OnnxNode,
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

/** See the header. */
export function chooseVector(vectors: Vectors): ChosenVector {
  const { count, length, unit } = vectors;
  const looked = Math.min(count, mostVectors);
  const at = (k: number): number => Math.floor(((2 * k + 1) * count) / (2 * looked));
  const values = new Float32Array(length);
  const nonzeros = Int32Array.from({ length: looked }, (_, k) => {
    vectors.fill(at(k), values);
    let n = 0;
    for (let i = 0; i < length; i++) if (values[i] !== 0) n++;
    return n;
  });
  const mean = nonzeros.reduce((a, b) => a + b, 0) / looked;
  let best = 0;
  for (let k = 1; k < looked; k++)
    if (Math.abs(nonzeros[k] - mean) < Math.abs(nonzeros[best] - mean)) best = k;
  vectors.fill(at(best), values);
  return {
    values,
    density: nonzeros[best] / length,
    meanDensity: count > 1 ? mean / length : null,
    note:
      count > 1
        ? `${unit} ${at(best) + 1} of ${count}: its share of non-zeros is nearest the mean of ${looked} of them`
        : '',
  };
}
