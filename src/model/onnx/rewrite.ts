/**
 * Copies a model, with new values for some tensors: every other byte is streamed through unchanged.
 */
import type { ByteSink, ByteSource } from '../bytes.ts';
import { encodedWidth, encodeValues } from '../encode.ts';
import { DeepCompressionError } from '../errors.ts';
import type { Model } from '../model.ts';

const copyBlock = 8 << 20;

/** Streams `length` bytes of `source` from `offset` on into `sink`. */
export function copyBytes(
  source: ByteSource,
  offset: number,
  length: number,
  sink: ByteSink,
): void {
  const block = new Uint8Array(Math.min(length, copyBlock));
  for (let done = 0; done < length; done += block.length) {
    const part = block.subarray(0, Math.min(block.length, length - done));
    source.readInto(part, offset + done);
    sink.write(part);
  }
}

/**
 * Writes every file of `model`, file i to `sinkFor(i)`. `values`: by tensor id, as many as the tensor
 * has, rounded to its dtype. With none the files come out byte-identical.
 * @throws DeepCompressionError `invalid-input` for a tensor that cannot be replaced or a wrong count.
 */
export function rewriteModel(
  model: Model,
  values: ReadonlyMap<number, Float32Array | Float64Array>,
  sinkFor: (fileIndex: number) => ByteSink,
): void {
  for (const [id, array] of values) {
    const tensor = model.tensors[id];
    if (tensor !== undefined && tensor.parameters !== array.length) {
      throw new DeepCompressionError(
        'invalid-input',
        `${tensor.name} takes ${tensor.parameters} values, not ${array.length}`,
      );
    }
  }
  model.writer.layout(new Set(values.keys())).forEach((segments, i) => {
    const sink = sinkFor(i);
    for (const segment of segments) {
      if (segment.kind === 'literal') sink.write(segment.bytes);
      else if (segment.kind === 'copy') {
        copyBytes(model.files[i].source, segment.offset, segment.length, sink);
      } else {
        const array = values.get(segment.tensor);
        if (array === undefined) throw new Error('a hole that was not asked for');
        const { encoding } = segment;
        if (encoding === 'int8' || encoding === 'uint8')
          throw new Error('new values for a quantized tensor');
        const step = copyBlock / encodedWidth(encoding);
        for (let at = 0; at < array.length; at += step) {
          sink.write(encodeValues(array.subarray(at, at + step), encoding));
        }
      }
    }
  });
}
