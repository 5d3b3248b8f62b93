/**
 * Tensors that are quantized already are coded as their bytes, which come back as they were: what shares few
 * values already loses by being rounded again.
 */
import { codedAs } from '../model/coded-as.ts';
import { bitsOf, blockTypes, isBlockType, isQuantized } from '../model/dtype.ts';
import type { Role, Tensor } from '../model/model.ts';
import type { LayerJob } from './layer.ts';

/** Fewer bytes would not make up for a codebook of theirs. */
const leastBytes = 512;

const coded: ReadonlySet<Role> = new Set<Role>(['weight', 'embedding', 'other']);

/** Whether a tensor is coded as its bytes, whatever roles a recipe names: it loses nothing. */
export function isBytewise({ dtype, role, sparse, bytes }: Tensor): boolean {
  return isQuantized(dtype) && coded.has(role) && !sparse && bytes >= leastBytes;
}

/** The tensor as its bytes, in rows; blocks with a common scale lie in it as small kernels do. */
export function asBytes(tensor: Tensor): LayerJob['tensor'] {
  const { dtype, weights } = codedAs(tensor);
  return { ...tensor, dtype, parameters: weights, shape: byteShape(tensor, weights) };
}

function byteShape({ dtype, shape }: Tensor, bytes: number): readonly number[] {
  const last = shape.at(-1) ?? 1;
  if (isBlockType(dtype)) {
    const [values, size] = blockTypes[dtype];
    if (last % values === 0) return [bytes / ((last / values) * size), last / values, size];
  }
  const row = (last * bitsOf[dtype]) / 8;
  return Number.isInteger(row) ? [...shape.slice(0, -1), row] : [bytes];
}
