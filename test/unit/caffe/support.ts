/** Shared by the tests of the importer: a source in memory, a one-line error check, a model run. */
import assert from 'node:assert/strict';
import * as ort from 'onnxruntime-node';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import type { ErrorCode } from '../../../src/model/errors.ts';
import type { ByteSource } from '../../../src/model/bytes.ts';

export function memory(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    readInto(target, offset) {
      if (offset + target.length > bytes.length)
        throw new DeepCompressionError('io', `${name}: range is not there`);
      target.set(bytes.subarray(offset, offset + target.length));
    },
  };
}

export function refuses(code: ErrorCode, pattern: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof DeepCompressionError, `not our error: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    assert.ok(!/[\r\n]/.test(error.message), 'one line');
    return true;
  });
}

/** Runs a one-input model on float32 data; the outputs by name. */
export async function runModel(
  onnx: Uint8Array,
  data: Float32Array,
  dims: readonly number[],
): Promise<Record<string, Float32Array>> {
  const session = await ort.InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  const feed = { [session.inputNames[0]!]: new ort.Tensor('float32', data, dims) };
  const result = await session.run(feed);
  await session.release();
  return Object.fromEntries(
    Object.entries(result).map(([name, tensor]) => [name, tensor.data as Float32Array]),
  );
}
