/**
 * As what a tensor is coded: a float tensor as its values, one that is quantized already as its bytes, which
 * come back as they were.
 */
import { bytesFor, isCompressible, isQuantized, type CodedDType, type DType } from './dtype.ts';

/** Whether a type is coded at all. */
export function isCodable(dtype: DType): boolean {
  return isCompressible(dtype) || isQuantized(dtype);
}

export interface CodedAs {
  readonly dtype: CodedDType;
  /** Elements of that type. */
  readonly weights: number;
}

/** Of a tensor of a codable type. */
export function codedAs({ dtype, parameters }: CodedAsTensor): CodedAs {
  if (isCompressible(dtype)) return { dtype, weights: parameters };
  return { dtype: dtype === 'int8' ? dtype : 'uint8', weights: bytesFor(dtype, parameters) };
}

interface CodedAsTensor {
  readonly dtype: DType;
  readonly parameters: number;
}
