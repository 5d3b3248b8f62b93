/**
 * From codes to payload bytes, little-endian in the tensor's dtype: every code becomes its shared
 * value, which is exact in that dtype, or its level of a grid times the scale, which is rounded once.
 */
import type { CodedDType } from '../../model/dtype.ts';
import { toBfloat16, toFloat16 } from '../../model/half.ts';
import { GridWalk, type Grid } from '../share/grid.ts';

/** Bytes of one value. */
export function bytesOf(dtype: CodedDType): number {
  if (dtype === 'float64') return 8;
  if (dtype === 'float32') return 4;
  return dtype === 'int8' || dtype === 'uint8' ? 1 : 2;
}

/** `value` rounded to `dtype` (nearest, ties to even), as its little-endian bytes. */
function valueBytes(value: number, dtype: CodedDType): Uint8Array {
  const bytes = new Uint8Array(bytesOf(dtype));
  const view = new DataView(bytes.buffer);
  if (dtype === 'float32') view.setFloat32(0, value, true);
  else if (dtype === 'float64') view.setFloat64(0, value, true);
  else if (bytes.length === 1) view.setUint8(0, dtype === 'int8' ? value : value + 128);
  else view.setUint16(0, dtype === 'float16' ? toFloat16(value) : toBfloat16(value), true);
  return bytes;
}

/** What gives a code its value. */
export interface CodeValues {
  readonly codebook: Float64Array;
  readonly dtype: CodedDType;
  readonly grid?: Grid;
}

/** Turns codes into payload bytes, again and again for one tensor. */
export class Restorer {
  readonly dtype: CodedDType;
  readonly #tensor: CodeValues;
  readonly #table: Uint8Array<ArrayBuffer>;

  constructor(tensor: CodeValues) {
    this.dtype = tensor.dtype;
    this.#tensor = tensor;
    if (tensor.grid !== undefined) {
      this.#table = new Uint8Array(0);
      return;
    }
    const width = bytesOf(tensor.dtype);
    this.#table = new Uint8Array(tensor.codebook.length * width);
    tensor.codebook.forEach((v, c) => this.#table.set(valueBytes(v, tensor.dtype), c * width));
  }

  /**
   * Fills `target` with one value for each of the first target.length / width `codes`, which lie at
   * flat index `start` of the tensor.
   */
  restore(codes: Uint16Array, target: Uint8Array, start: number): void {
    const width = bytesOf(this.dtype);
    const n = target.length / width;
    const { grid } = this.#tensor;
    if (grid !== undefined) return this.#levels(grid, codes, target, n, start);
    if (width === 1 || target.byteOffset % Math.min(width, 4) !== 0)
      return this.#bytewise(codes, target, n, width);
    if (width === 2) {
      const table = new Uint16Array(this.#table.buffer);
      const out = new Uint16Array(target.buffer, target.byteOffset, n);
      for (let i = 0; i < n; i++) out[i] = table[codes[i]];
    } else if (width === 4) {
      const table = new Int32Array(this.#table.buffer);
      const out = new Int32Array(target.buffer, target.byteOffset, n);
      for (let i = 0; i < n; i++) out[i] = table[codes[i]];
    } else {
      const table = new Int32Array(this.#table.buffer);
      const out = new Int32Array(target.buffer, target.byteOffset, 2 * n);
      for (let i = 0; i < n; i++) {
        const at = 2 * codes[i];
        out[2 * i] = table[at];
        out[2 * i + 1] = table[at + 1];
      }
    }
  }

  #levels(grid: Grid, codes: Uint16Array, target: Uint8Array, n: number, start: number): void {
    const { codebook } = this.#tensor;
    const view = new DataView(target.buffer, target.byteOffset, target.length);
    const walk = new GridWalk(grid);
    walk.seek(start);
    for (let i = 0; i < n; i++) {
      const value = codebook[codes[i]] * walk.scale;
      if (this.dtype === 'float32') view.setFloat32(4 * i, value, true);
      else if (this.dtype === 'float64') view.setFloat64(8 * i, value, true);
      else
        view.setUint16(
          2 * i,
          this.dtype === 'float16' ? toFloat16(value) : toBfloat16(value),
          true,
        );
      walk.next();
    }
  }

  #bytewise(codes: Uint16Array, target: Uint8Array, n: number, width: number): void {
    for (let i = 0; i < n; i++) {
      const at = codes[i] * width;
      for (let b = 0; b < width; b++) target[i * width + b] = this.#table[at + b];
    }
  }
}
