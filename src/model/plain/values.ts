/**
 * Reads values of tensors that lie in a file as plain elements, in any piece. Strided views and
 * big-endian elements are read as well, a block at a time.
 */
import type { ByteSource } from '../bytes.ts';
import { bitsOf, blockTypes, isBlockType, type BlockType } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import { unpackBlock } from '../gguf/blocks.ts';
import type { ModelFile, Tensor, TensorReader } from '../model.ts';
import { blockBytes, checkNumeric, decodeBytes, type Numbers } from '../onnx/decode.ts';
import type { PlainPayload } from './model.ts';

export class PlainReader implements TensorReader {
  constructor(
    private readonly payloads: readonly PlainPayload[],
    private readonly files: readonly ModelFile[],
  ) {}

  readValues(tensor: Tensor, start: number, target: Numbers): void {
    const payload = this.payloads[tensor.id];
    if (start < 0 || start + target.length > tensor.parameters)
      throw new DeepCompressionError(
        'invalid-input',
        `values ${start} to ${start + target.length} of ${tensor.name}, which has ${tensor.parameters}`,
      );
    if (payload.unreadable !== undefined)
      throw new DeepCompressionError('unsupported', `${tensor.name}: ${payload.unreadable}`);
    checkNumeric(tensor.dtype, tensor.name);
    if (target.length === 0) return;
    const source = payload.source ?? this.files[payload.file].source;
    if (isBlockType(tensor.dtype)) readBlocks(source, tensor.dtype, payload, start, target);
    else if (payload.strides) readStrided(source, tensor, payload, start, target);
    else readDense(source, tensor, payload, start, target);
    if (payload.affine) scaleUp(target, payload.affine);
  }

  readBytes({ id }: Tensor, start: number, target: Uint8Array): void {
    const { file, offset } = this.payloads[id];
    this.files[file].source.readInto(target, offset + start);
  }
}

function readDense(
  source: ByteSource,
  { dtype }: Tensor,
  { offset, bigEndian }: PlainPayload,
  start: number,
  target: Numbers,
): void {
  const bits = bitsOf[dtype];
  const perBlock = (blockBytes * 8) / bits;
  for (let done = 0; done < target.length;) {
    const firstBit = (start + done) * bits;
    const skip = (firstBit % 8) / bits;
    const count = Math.min(target.length - done, perBlock - skip);
    const bytes = new Uint8Array(Math.ceil(((skip + count) * bits) / 8));
    source.readInto(bytes, offset + Math.floor(firstBit / 8));
    if (bigEndian) swap(bytes, bits / 8);
    decodeBytes(dtype, bytes, target.subarray(done, done + count), skip);
    done += count;
  }
}

/** Whole blocks around what is asked for, some thousand values at a time. */
function readBlocks(
  source: ByteSource,
  dtype: BlockType,
  { offset }: PlainPayload,
  start: number,
  target: Numbers,
): void {
  const [values, bytes] = blockTypes[dtype];
  const out = new Float32Array(values);
  const perRead = Math.floor(blockBytes / bytes);
  const end = start + target.length;
  for (let first = Math.floor(start / values); first * values < end; first += perRead) {
    const count = Math.min(perRead, Math.ceil(end / values) - first);
    const blocks = new Uint8Array(count * bytes);
    source.readInto(blocks, offset + first * bytes);
    for (let i = 0; i < count; i++) {
      unpackBlock(dtype, blocks.subarray(i * bytes, (i + 1) * bytes), out);
      const at = (first + i) * values;
      const from = Math.max(start, at);
      target.set(out.subarray(from - at, Math.min(end, at + values) - at), from - start);
    }
  }
}

/** Elements one by one, from the stretch of the file that a row of them spans. */
function readStrided(
  source: ByteSource,
  { dtype, shape }: Tensor,
  { offset, bigEndian, strides = [] }: PlainPayload,
  start: number,
  target: Numbers,
): void {
  const width = bitsOf[dtype] / 8;
  const bytes = new Uint8Array(8);
  const one = target.subarray(0, 1).slice();
  for (let i = 0; i < target.length; i++) {
    let rest = start + i;
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    source.readInto(bytes.subarray(0, width), offset + at * width);
    if (bigEndian) swap(bytes.subarray(0, width), width);
    decodeBytes(dtype, bytes, one);
    target[i] = one[0];
  }
}

/** Integers to what they stand for; the one that stands for zero gives exactly that. */
function scaleUp(target: Numbers, { scale, min }: NonNullable<PlainPayload['affine']>): void {
  const zero = Math.round(-min / scale);
  const exact = Math.abs(zero * scale + min) < 1e-6 * Math.abs(scale);
  for (let i = 0; i < target.length; i++)
    target[i] = exact && target[i] === zero ? 0 : Math.fround(target[i] * scale + min);
}

function swap(bytes: Uint8Array, width: number): void {
  for (let i = 0; width > 1 && i + width <= bytes.length; i += width)
    bytes.subarray(i, i + width).reverse();
}
