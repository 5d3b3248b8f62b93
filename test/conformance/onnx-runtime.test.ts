/** What we write, onnxruntime runs: rewritten layers of every storage give the expected outputs. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { layerModel, ramp, type Form } from '../fixtures/onnx-writer.ts';
import { open, rewritten, tensorOf } from '../unit/model/support.ts';

async function run(model: Uint8Array, shape: readonly number[]): Promise<number[]> {
  const session = await InferenceSession.create(model);
  const x = new Tensor(
    'float32',
    Float32Array.from(
      ramp(
        shape.reduce((a, b) => a * b, 1),
        0,
      ),
    ),
    shape,
  );
  const { y } = await session.run({ x });
  await session.release();
  return [...(y.data as Float32Array)];
}

const layers = [
  ['Gemm', [2, 8]],
  ['MatMul', [2, 8]],
  ['Conv', [1, 2, 5, 5]],
  ['LSTM', [5, 1, 3]],
] as const;
const forms: readonly Form[] = ['raw', 'data', 'unpacked', 'chunks'];

for (const [op, shape] of layers) {
  test(`${op}: new weights put into any storage compute what a fresh model with them does`, async () => {
    const count = tensorOf(open(layerModel(op)), 'w').parameters;
    const values = ramp(count, 0.25);
    const expected = await run(layerModel(op, { values }), shape);
    assert.notDeepEqual(await run(layerModel(op), shape), expected);
    for (const form of forms) {
      const opened = open(layerModel(op, { form }));
      const edits = new Map([[tensorOf(opened, 'w').id, Float32Array.from(values)]]);
      assert.deepEqual(await run(rewritten(opened, edits)[0], shape), expected, form);
    }
  });
}
