/**
 * Formats beside ONNX, through the same jobs: what was written is read, compressed and restored, and all
 * that is not a coded tensor comes back byte for byte. Files are made on the spot from the descriptions
 * of the formats; those of test/fixtures/formats were written by PyTorch itself.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compareJob } from '../../src/engine/jobs/compare.ts';
import { compressJob } from '../../src/engine/jobs/compress.ts';
import { decompressJob } from '../../src/engine/jobs/decompress.ts';
import { inspectJob } from '../../src/engine/jobs/inspect.ts';
import { openInput } from '../../src/engine/input.ts';
import { ViewRoom } from '../../src/engine/view-room.ts';
import { flowOf } from '../../src/view/flow.ts';
import { crc32 } from '../../src/model/crc32.ts';
import { memorySource } from '../../src/model/bytes.ts';
import type { Model } from '../../src/model/model.ts';
import { zipEntries } from '../../src/model/zip/entries.ts';
import { plainSamples } from '../fixtures/plain-samples.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const root = temporaryFolder();
const context = {
  signal: new AbortController().signal,
  onProgress: () => {},
  onEvent: () => {},
  runtime: { workerFile: undefined },
  room: new ViewRoom(),
} as never;

function valuesOf(model: Model, name: string): number[] {
  const tensor = model.tensors.find((t) => t.name === name);
  assert.ok(tensor, name);
  const values = new Float32Array(tensor.parameters);
  model.reader.readValues(tensor, 0, values);
  // in pieces that begin anywhere
  const again = new Float32Array(Math.max(0, tensor.parameters - 5));
  model.reader.readValues(tensor, Math.min(5, tensor.parameters), again);
  assert.deepEqual([...again], [...values.subarray(5)]);
  return [...values];
}

/** Bytes that lie in no tensor of the set. */
function outside(model: Model, file: number, coded: ReadonlySet<string>): string {
  const layout = model.writer.layout(
    new Set(model.tensors.filter((t) => coded.has(t.name)).map((t) => t.id)),
  );
  const { source } = model.files[file];
  return layout[file]
    .filter((s) => s.kind === 'copy')
    .map((s) => {
      const bytes = new Uint8Array(s.length);
      source.readInto(bytes, s.offset);
      return Buffer.from(bytes).toString('hex');
    })
    .join('');
}

for (const sample of plainSamples())
  test(`${sample.name} is read, compressed and restored, with all else kept`, async () => {
    const home = join(root, sample.name);
    mkdirSync(join(home, 'back'), { recursive: true });
    const path = join(home, sample.name);
    writeFileSync(path, sample.bytes);
    for (const [name, bytes] of Object.entries(sample.companions))
      writeFileSync(join(home, name), bytes);
    const opened = openInput({ path });
    const { model } = opened;
    assert.deepEqual(
      model.tensors.map(({ name, shape }) => ({ name, shape })),
      sample.tensors.map(({ name, shape }) => ({ name, shape })),
    );
    for (const { name, values } of sample.tensors)
      assert.deepEqual(valuesOf(model, name), [...values]);
    assert.deepEqual(model.notes, []);

    const inspected = await inspectJob.run({ file: { path }, statistics: true }, context);
    assert.equal(inspected.model.format, model.format);
    const out = join(home, 'm.dcz');
    const input = {
      file: { path },
      out,
      overwrite: false,
      recipe: 'conservative',
      seed: 1,
      threads: 1,
    };
    const { layers, decodesExactly } = await compressJob.run(input, context);
    const coded = new Set(layers.map(({ name }) => name));
    assert.ok(decodesExactly && coded.has(sample.tensors[0].name));

    const back = join(home, 'back', sample.name);
    await decompressJob.run(
      { file: { path: out }, out: back, overwrite: false, threads: 1 },
      context,
    );
    const restored = openInput({ path: back });
    for (const [file] of model.files.entries())
      assert.equal(
        outside(restored.model, file, coded),
        outsideButChecksums(model, file, coded, restored.model),
      );
    for (const { name, values } of sample.tensors)
      if (!coded.has(name)) assert.deepEqual(valuesOf(restored.model, name), [...values]);
    const compared = await compareJob.run({ original: { path }, changed: { path: out } }, context);
    assert.deepEqual(compared.skipped, []);
    assert.equal(compared.layers.filter((l) => l.changed > 0).length, coded.size);
    checkArchive(back);
    opened.close();
    restored.close();
  });

/** A restored archive states other checksums; they are compared by `checkArchive`. */
function outsideButChecksums(
  model: Model,
  file: number,
  coded: ReadonlySet<string>,
  restored: Model,
): string {
  if (!model.writer.seals?.length) return outside(model, file, coded);
  assert.deepEqual(restored.writer.seals, model.writer.seals);
  return outside(restored, file, coded);
}

/** Every checksum that an archive states is that of its content. */
function checkArchive(path: string): void {
  const bytes = new Uint8Array(readFileSync(path));
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return;
  const view = new DataView(bytes.buffer);
  for (const { name, offset, bytes: length, checksums } of zipEntries(
    path,
    memorySource(path, bytes),
  ))
    for (const at of checksums)
      assert.equal(view.getUint32(at, true), crc32(bytes.subarray(offset, offset + length)), name);
}

/** Sums and first values that PyTorch 1.13 had when it wrote the files. */
const sums: Readonly<Record<string, readonly [number, number]>> = {
  'conv.weight': [0.09023270127363503, 0.1717544049024582],
  'conv.bias': [0.2249302640557289, 0.29270392656326294],
  'bn.running_var': [4, 1],
  'bn.num_batches_tracked': [0, 0],
  'fc.weight': [1.2733879119623452, 0.16353633999824524],
  'fc.bias': [-0.41141480451915413, -0.08497118949890137],
};

test('files that PyTorch wrote hold what it had, in every form it writes, and nothing of them is executed', () => {
  for (const [file, prefix] of [
    ['state-dict.pt', ''],
    ['legacy.pth', ''],
    ['checkpoint.pth', 'model.'],
    ['script.pt', ''],
  ] as const) {
    const { model, close } = openInput({ path: join('test/fixtures/formats', file) });
    for (const [name, [sum, first]] of Object.entries(sums)) {
      const tensor = model.tensors.find((t) => t.name === prefix + name);
      assert.ok(tensor, `${file} ${name}`);
      const values = new Float64Array(tensor.parameters);
      model.reader.readValues(tensor, 0, values);
      assert.ok(Math.abs(values.reduce((a, b) => a + b, 0) - sum) < 1e-9, `${file} ${name}`);
      assert.equal(values[0], first);
    }
    if (file === 'script.pt') assert.match(model.notes[0]!, /nothing in it was executed; it would/);
    if (file === 'checkpoint.pth') {
      const why = (name: string): string | undefined =>
        model.writer.whyNotReplaceable(model.tensors.find((t) => t.name === name)!);
      assert.match(why('tied')!, /model\.fc\.weight under another name/);
      assert.match(why('view')!, /a view that skips values/);
      assert.equal(why('model.fc.weight'), undefined);
      assert.deepEqual(valuesOf(model, 'half'), [0, 1, 2, 3, 4, 5]);
    }
    close();
  }
});

test('arrays in column order and with the highest byte first are read as NumPy reads them', () => {
  const { model, close } = openInput({ path: 'test/fixtures/formats/a.npz' });
  const counted = (length: number): number[] => Array.from({ length }, (_, i) => i);
  assert.deepEqual(valuesOf(model, 'w'), counted(12));
  assert.deepEqual(valuesOf(model, 'f'), counted(12));
  assert.deepEqual(valuesOf(model, 'b'), counted(3));
  close();
});

/** A model of @mediapipe/hands: float16 weights that DEQUANTIZE widens. */
const hands = 'node_modules/@mediapipe/hands/hand_landmark_lite.tflite';

test('a TensorFlow Lite model of MediaPipe has its graph and geometry, and is compressed and restored', async () => {
  const { model, close } = openInput({ path: hands });
  const weights = model.tensors.filter((t) => t.role === 'weight');
  assert.equal(weights.length, 51);
  assert.ok(weights.reduce((sum, t) => sum + t.bytes, 0) > 0.96 * model.files[0].source.size);
  const first = weights.find((t) => t.op === 'CONV_2D')!;
  assert.deepEqual(first.geometry, {
    ...{ kind: 'conv', matrices: 1, transposed: false },
    ...{ rows: first.shape[0], cols: first.parameters / first.shape[0] },
  });
  const flow = flowOf(model);
  const named = new Set(flow.nodes.map(({ op }) => op));
  for (const op of ['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED', 'ADD'])
    assert.ok(named.has(op), op);
  assert.equal(
    flow.nodes.filter(({ kind }) => kind === 'output').length,
    model.graph?.outputs.length,
  );

  const out = join(root, 'hands.dcz');
  const back = join(root, 'hands.tflite');
  const input = {
    file: { path: hands },
    out,
    overwrite: false,
    recipe: 'conservative',
    seed: 1,
    threads: 1,
  };
  const { layers, ratio } = await compressJob.run(input, context);
  assert.ok(ratio > 1.9, `${ratio}`);
  await decompressJob.run(
    { file: { path: out }, out: back, overwrite: false, threads: 1 },
    context,
  );
  const restored = openInput({ path: back });
  const coded = new Set(layers.map(({ name }) => name));
  assert.equal(outside(restored.model, 0, coded), outside(model, 0, coded));
  restored.close();
  close();
});
