/**
 * Weights that are quantized already are coded as their bytes by every recipe: they shrink, come back byte for
 * byte, and are shown by the values they stand for.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compareJob } from '../../../src/engine/jobs/compare.ts';
import { compressJob } from '../../../src/engine/jobs/compress.ts';
import { decompressJob } from '../../../src/engine/jobs/decompress.ts';
import { reportJob } from '../../../src/engine/jobs/report.ts';
import type { CompressResult } from '../../../src/engine/protocol-model.ts';
import { isOnnx } from '../../../src/model/onnx/open.ts';
import { openInput } from '../../../src/engine/input.ts';
import { ViewRoom } from '../../../src/engine/view-room.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { decodeIndependently } from '../../conformance/independent-decoder.ts';
import { graph, model, node, value, type TensorInit } from '../../fixtures/onnx-writer.ts';
import { gguf } from '../../fixtures/plain-formats.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const context = {
  signal: new AbortController().signal,
  onProgress: () => {},
  onEvent: () => {},
  runtime: { workerFile: undefined },
  room: new ViewRoom(),
} as never;

const random = mulberry32(18);
/** About normal, rounded, within `most`. */
function levels(count: number, deviation: number, most: number): number[] {
  return Array.from({ length: count }, () => {
    const sum = random() + random() + random() + random() - 2;
    return Math.max(-most, Math.min(most - 1, Math.round(sum * 1.73 * deviation)));
  });
}
const nibbles = (values: readonly number[]): number[] =>
  Array.from(
    { length: values.length / 2 },
    (_, i) => (values[2 * i] & 15) | ((values[2 * i + 1] & 15) << 4),
  );
const raw = (
  name: string,
  dataType: number,
  dims: readonly number[],
  bytes: readonly number[],
): TensorInit => ({ name, dataType, dims: dims.map(BigInt), rawData: Uint8Array.from(bytes) });
const scale = { name: 's', dataType: 1, dims: [], floatData: [0.01] };

/** Every kind of quantized weight that ONNX models have. */
function quantizedModel(): Uint8Array {
  const nodes = [
    node('DequantizeLinear', ['table', 's', 'z8'], ['t']),
    node('Gather', ['t', 'ids'], ['a']),
    node('DequantizeLinear', ['w8', 's', 'z8'], ['w']),
    node('MatMul', ['a', 'w'], ['b']),
    node('DequantizeLinear', ['wu8', 's', 'zu8'], ['wu']),
    node('MatMul', ['b', 'wu'], ['c']),
    node('DequantizeLinear', ['w4', 's'], ['w4f']),
    node('MatMul', ['c', 'w4f'], ['d']),
    node('DequantizeLinear', ['one', 's'], ['onef']),
    node('MatMul', ['d', 'onef'], ['e']),
    node('com.microsoft:MatMulNBits', ['e', 'bits', 'sb'], ['y'], {
      K: 64,
      N: 64,
      bits: 4,
      block_size: 32,
    }),
  ];
  const initializers = [
    raw('table', 3, [64, 64], levels(4096, 25, 128)),
    raw('w8', 3, [64, 64], levels(4096, 20, 128)),
    raw(
      'wu8',
      2,
      [64, 64],
      levels(4096, 12, 100).map((v) => v + 121),
    ),
    raw('w4', 22, [64, 64], nibbles(levels(4096, 1.2, 8))),
    { name: 'one', dataType: 3, dims: [64n, 64n], int32Data: levels(4096, 10, 128) },
    raw('bits', 2, [64, 2, 16], nibbles(levels(4096, 1.5, 8).map((v) => v + 8))),
    { name: 'sb', dataType: 1, dims: [128n], floatData: Array<number>(128).fill(0.1) },
    raw('z8', 3, [], [0]),
    raw('zu8', 2, [], [121]),
    scale,
  ];
  return model(graph(nodes, { initializers, inputs: [value('ids', [4])] }));
}

const quantized = ['table', 'w8', 'wu8', 'w4', 'one', 'bits'];

async function compressed(path: string, recipe: string): Promise<[CompressResult, string]> {
  const out = `${path}.${recipe}.dcz`;
  const options = { out, overwrite: true, recipe, seed: 1, threads: 1 };
  return [await compressJob.run({ file: { path }, ...options }, context), out];
}

test('quantized weights of ONNX are coded losslessly by every recipe', async () => {
  const path = join(folder, 'q.onnx');
  writeFileSync(path, quantizedModel());
  for (const recipe of ['deep-compression', 'keep', 'aggressive']) {
    const [result, out] = await compressed(path, recipe);
    assert.deepEqual(
      result.layers.map(({ name }) => name),
      quantized,
    );
    assert.deepEqual(
      result.notCoded.map(({ name }) => name),
      ['sb'],
    );
    for (const { name, bytes, rmse } of result.layers) {
      assert.equal(rmse, 0, name);
      assert.ok(
        bytes.total < 0.93 * (/^(w4|bits)$/.test(name) ? 2048 : 4096),
        `${name} ${bytes.total}`,
      );
    }
    const report = await reportJob.run({ file: { path: out } }, context);
    assert.deepEqual(report.layers, result.layers);
    const back = `${out}.onnx`;
    await decompressJob.run(
      { file: { path: out }, out: back, overwrite: true, threads: 1 },
      context,
    );
    assert.deepEqual(
      new Uint8Array(readFileSync(back)),
      decodeIndependently(readFileSync(out)).files[0]!.bytes,
    );
    const { totals } = await compareJob.run(
      { original: { path }, changed: { path: out } },
      context,
    );
    assert.equal(totals.differing, 0);
    assert.equal(totals.layers, 10);
  }
});

test('all bytes of a model come back whose quantized weights lie as bytes', async () => {
  const path = join(folder, 'blocks.gguf');
  const blocks = new Uint8Array(34 * 8 * 16);
  for (let at = 0; at < blocks.length; at += 34)
    blocks.set([0x11, 0x2c, ...levels(32, 30, 128).map((v) => v & 255)], at);
  writeFileSync(
    path,
    gguf([{ name: 'blk.0.ffn.weight', shape: [16, 256], type: 8, bytes: blocks }]),
  );
  const [result, out] = await compressed(path, 'safe');
  assert.deepEqual(
    result.layers.map(({ name }) => name),
    ['blk.0.ffn.weight'],
  );
  assert.ok(result.layers[0]!.bytes.total < 0.9 * blocks.length);
  await decompressJob.run(
    { file: { path: out }, out: `${path}.back`, overwrite: true, threads: 1 },
    context,
  );
  assert.deepEqual(readFileSync(`${path}.back`), readFileSync(path));
});

test('a quantized table that is looked up is an embedding, and skip is said', async () => {
  const path = join(folder, 'q.onnx');
  const opened = openInput({ path });
  assert.ok(isOnnx(opened.model));
  assert.equal(opened.model.tensors.find(({ name }) => name === 'table')?.role, 'embedding');
  opened.close();
  const recipe = { name: 'r', layers: { '*': { skip: true } } };
  const out = join(folder, 'skip.dcz');
  const input = { file: { path }, out, overwrite: true, recipe, seed: 1, threads: 1 };
  const result = await compressJob.run(input, context);
  assert.deepEqual(result.layers, []);
  for (const { name, reason } of result.notCoded)
    if (quantized.includes(name)) assert.equal(reason, 'the recipe says skip');
  assert.equal(result.notCoded.filter(({ name }) => quantized.includes(name)).length, 6);
});

test('a quantized layer of a .dcz shows the values of the model, less their zero point', async () => {
  const room = new ViewRoom();
  const never = { signal: new AbortController().signal, onFraction: () => {} };
  const { model } = room.open({ path: join(folder, 'q.onnx') });
  const coded = room.open({ path: join(folder, 'q.onnx.keep.dcz') }).model;
  for (const { layer, name } of model.overview().layers) {
    const summary = coded.overview().layers[layer]!.coded;
    assert.equal(summary?.bytewise ?? false, quantized.includes(name), name);
    const bins = { scale: 'linear', bins: 9 } as const;
    assert.deepEqual(
      await coded.histogram({ layer }, bins, never),
      await model.histogram({ layer }, bins, never),
    );
  }
  await assert.rejects(coded.huffman(0, 'values', never), /not compressed/);
});
