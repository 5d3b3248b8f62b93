/**
 * From a compressed tensor to the matrices that a machine multiplies by: fully connected layers as they are;
 * convolutions as one matrix a group (rows = output channels, columns = input channels x kernel,
 * which multiplies one im2col vector per output position); recurrent layers with their gates stacked
 * into one matrix a direction, as the EIE paper's NT-LSTM.
 *
 * Weights are decoded block by block; only the non-zeros are kept.
 */
import { blockWeights, type CodedTensor } from '../compress/coded.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { Geometry, LayerKind } from '../model/model.ts';
import { fromFlat, type SparseCodes } from './sparse.ts';
import { gridLevels, type CodeLimit } from './grid-levels.ts';

export interface LayerMatrix {
  /** The tensor's name, and the part of it where there are several: `conv1 [group 2]`. */
  readonly name: string;
  readonly kind: LayerKind;
  readonly matrix: SparseCodes;
  /** Rounded to float32 where the tensor's type is wider; of a grid its levels (grid-levels.ts). */
  readonly codebook: Float32Array;
  /** Of a grid: what the sum of each row is multiplied by. */
  readonly rowScales?: Float32Array;
  /** Of a grid with column scales: what the activation of each column is multiplied by. */
  readonly columnScales?: Float32Array;
  /** Position among the tensor's matrices: group, direction, or batch item. */
  readonly part: number;
}

/** Non-zero positions (flat index, ascending) and codes of a tensor; grows with what is there. */
function collectNonzeros(
  tensor: CodedTensor,
  decode: (block: number, codes: Uint16Array) => void,
): { flat: Int32Array; code: Uint16Array } {
  const block = new Uint16Array(Math.min(blockWeights, tensor.weights));
  let flat = new Int32Array(1 << 16);
  let code = new Uint16Array(1 << 16);
  let n = 0;
  for (let b = 0, start = 0; start < tensor.weights; b++, start += blockWeights) {
    const length = Math.min(blockWeights, tensor.weights - start);
    decode(b, block);
    if (n + length > flat.length) {
      const room = Math.max(n + length, 2 * flat.length);
      const [oldFlat, oldCode] = [flat, code];
      flat = new Int32Array(room);
      code = new Uint16Array(room);
      flat.set(oldFlat.subarray(0, n));
      code.set(oldCode.subarray(0, n));
    }
    for (let i = 0; i < length; i++) {
      if (block[i] === 0) continue;
      flat[n] = start + i;
      code[n++] = block[i];
    }
  }
  return { flat: flat.subarray(0, n), code: code.subarray(0, n) };
}

/** First index in ascending `values` whose value is at least `bound`. */
function lowerBound(values: Int32Array, bound: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function partName(name: string, geometry: Geometry, matrices: number, part: number): string {
  if (matrices === 1) return name;
  const { gates, kind } = geometry;
  if (kind === 'conv') return `${name} [group ${part}]`;
  if (kind !== 'recurrent') return `${name} [${part}]`;
  if (matrices !== geometry.matrices || !gates) return `${name} [direction ${part}]`;
  const gate = gates[part % gates.length];
  return geometry.matrices === gates.length
    ? `${name} [gate ${gate}]`
    : `${name} [direction ${Math.floor(part / gates.length)}, gate ${gate}]`;
}

/**
 * The matrices of `tensor`. `decode(block, codes)` fills one code per weight of a block
 * (compress/code/decode-block.ts).
 * @throws DeepCompressionError `unsupported` when the geometry does not describe the tensor, or it
 *   has 2^31 weights or more, or more levels of a grid than a code can stand for.
 */
export function matricesOf(
  name: string,
  tensor: CodedTensor,
  geometry: Geometry,
  decode: (block: number, codes: Uint16Array) => void,
  machine: CodeLimit,
): LayerMatrix[] {
  const stack =
    geometry.kind === 'recurrent' && !geometry.transposed ? (geometry.gates?.length ?? 1) : 1;
  const rows = geometry.rows * stack;
  const { cols } = geometry;
  const matrices = geometry.matrices / stack;
  const unsupported = (why: string): never => {
    throw new DeepCompressionError('unsupported', `${name}: ${why}`);
  };
  if (tensor.weights > 0x7fffffff) unsupported('2^31 weights or more cannot be simulated');
  if (
    !Number.isInteger(matrices) ||
    matrices * rows * cols !== tensor.weights ||
    tensor.weights < 1
  )
    unsupported(
      `${geometry.matrices} matrices of ${geometry.rows} x ${cols} are not its ${tensor.weights} weights`,
    );
  const { flat, code } = collectNonzeros(tensor, decode);
  const { grid } = tensor;
  const levels = grid && gridLevels({ ...tensor, grid }, geometry, code, machine);
  if (typeof levels === 'string') return unsupported(levels);
  const { codebook, rowScales, columnScales } = levels ?? {
    codebook: Float32Array.from(tensor.codebook),
  };
  const size = rows * cols;
  const list: LayerMatrix[] = [];
  for (let part = 0, from = 0; part < matrices; part++) {
    const to = lowerBound(flat, (part + 1) * size);
    const own = flat.slice(from, to);
    for (let i = 0; i < own.length; i++) own[i] -= part * size;
    list.push({
      name: partName(name, geometry, matrices, part),
      kind: geometry.kind,
      matrix: fromFlat(own, code.slice(from, to), rows, cols, geometry.transposed),
      codebook,
      ...(rowScales && { rowScales: rowScales.subarray(part * rows, (part + 1) * rows) }),
      ...(columnScales && { columnScales: columnScales.subarray(part * cols, (part + 1) * cols) }),
      part,
    });
    from = to;
  }
  return list;
}
