/** Element types of ONNX (TensorProto.DataType up to opset 23 / IR 11, and the later 2-bit types). */
const table = [
  // code, name, bits per element
  [0, 'undefined', 0],
  [1, 'float32', 32],
  [2, 'uint8', 8],
  [3, 'int8', 8],
  [4, 'uint16', 16],
  [5, 'int16', 16],
  [6, 'int32', 32],
  [7, 'int64', 64],
  [8, 'string', 0],
  [9, 'bool', 8],
  [10, 'float16', 16],
  [11, 'float64', 64],
  [12, 'uint32', 32],
  [13, 'uint64', 64],
  [14, 'complex64', 64],
  [15, 'complex128', 128],
  [16, 'bfloat16', 16],
  [17, 'float8e4m3fn', 8],
  [18, 'float8e4m3fnuz', 8],
  [19, 'float8e5m2', 8],
  [20, 'float8e5m2fnuz', 8],
  [21, 'uint4', 4],
  [22, 'int4', 4],
  [23, 'float4e2m1', 4],
  [24, 'float8e8m0', 8],
  [25, 'uint2', 2],
  [26, 'int2', 2],
] as const;

/** Blocks of values with common scales, as GGUF has them: [values, bytes] of one block. */
export const blockTypes = {
  q4_0: [32, 18],
  q4_1: [32, 20],
  q5_0: [32, 22],
  q5_1: [32, 24],
  q8_0: [32, 34],
  q8_1: [32, 36],
  q2_k: [256, 84],
  q3_k: [256, 110],
  q4_k: [256, 144],
  q5_k: [256, 176],
  q6_k: [256, 210],
  q8_k: [256, 292],
} as const;

export type BlockType = keyof typeof blockTypes;
export type DType = (typeof table)[number][1] | BlockType;

export function isBlockType(dtype: DType): dtype is BlockType {
  return dtype in blockTypes;
}

/**
 * Bits per element, scales included; 0 where there is no fixed width (string). Marked so that a bundle
 * without a reader of it, the decoder's, leaves the tables out.
 */
export const bitsOf: Readonly<Record<DType, number>> = /* @__PURE__ */ (() =>
  Object.fromEntries([
    ...table.map(([, name, bits]) => [name, bits]),
    ...Object.entries(blockTypes).map(([name, [values, bytes]]) => [name, (8 * bytes) / values]),
  ]) as Record<DType, number>)();

/** Bytes that so many elements take, densely packed. */
export function bytesFor(dtype: DType, elements: number): number {
  return Math.ceil((elements * bitsOf[dtype]) / 8);
}

/** Whether values are real numbers. */
export function isNumeric(dtype: DType): boolean {
  return bitsOf[dtype] > 0 && dtype !== 'complex64' && dtype !== 'complex128';
}

/** Whether values are real numbers with a fraction. */
export function isFloat(dtype: DType): boolean {
  return dtype.startsWith('float') || dtype === 'bfloat16' || isBlockType(dtype);
}

/** Name of a TensorProto.DataType code, or undefined for a code no ONNX release defines. */
export function dtypeFromCode(code: number): DType | undefined {
  return table.find(([c]) => c === code)?.[1];
}

/** TensorProto.DataType code of a type; 0 for one that ONNX does not have. */
export function codeOfDType(dtype: DType): number {
  return table.find(([, name]) => name === dtype)?.[0] ?? 0;
}

/** The floats whose values the engine can replace. */
export type CompressibleDType = 'float32' | 'float16' | 'bfloat16' | 'float64';

/**
 * What a coded payload consists of: floats, or the bytes of a tensor that is quantized already. `uint8` are
 * counted from 128, the middle of a byte, about which packed and unsigned weights lie.
 */
export type CodedDType = CompressibleDType | 'int8' | 'uint8';

const quantized = /^(u?int[248]|float[48]e.*)$/;

/** Integers of at most a byte. */
export function isSmallInteger(dtype: DType): boolean {
  return /^u?int[248]$/.test(dtype);
}

/** Whether numbers of few bits stand for others through a scale: of weights, those quantized already. */
export function isQuantized(dtype: DType): boolean {
  return quantized.test(dtype) || isBlockType(dtype);
}

export function isCompressible(dtype: DType): dtype is CompressibleDType {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';
}
