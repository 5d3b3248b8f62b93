import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { codeLengths, streamBits } from '../../../src/compress/code/code-lengths.ts';
import { compressModel } from '../../../src/compress/pipeline.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import { runTask } from '../../../src/compress/tasks.ts';
import { fakeModel, inlineRunner, sourceOf, type FakeTensor } from './model.ts';

const folder = join(process.env['DC_SHARED'] ?? '../shared', 'data', 'squeezenet');

/** The layers of Song Han's published file: code and 4-bit gap streams over 256 shared values. */
function publishedLayers(): FakeTensor[] {
  const file = readFileSync(join(folder, 'compressed_SqueezeNet.net'));
  const { layers } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
    layers: { name: string; shape: number[] }[];
  };
  let at = 4 * layers.length;
  return layers.map(({ name, shape }, i) => {
    const entries = file.readUInt32LE(4 * i);
    const codes = at + 1024 + 4 * shape[0];
    const gaps = codes + entries;
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    let position = -1;
    for (let e = 0; e < entries; e++) {
      const pair = file[gaps + (e >> 1)];
      position += (e & 1 ? pair >> 4 : pair & 15) + 1;
      const code = file[codes + e];
      if (code !== 0) values[position] = file.readFloatLE(at + 4 * code);
    }
    at = gaps + ((entries + 1) >> 1);
    return { name, shape, values, kind: 'conv' };
  });
}

test('keep beats the order-0 entropy of a published network, and gives every weight back', async (t) => {
  if (!existsSync(join(folder, 'compressed_SqueezeNet.net'))) {
    return t.skip('no ../shared/data/squeezenet here');
  }
  const layers = publishedLayers();
  const model = fakeModel(layers);
  const plan = await compressModel(
    model,
    parseRecipe('keep'),
    0,
    inlineRunner(model),
    undefined,
    () => undefined,
  );
  assert.equal(plan.left.size, 0);
  assert.equal(plan.tensors.length, layers.length);
  let bytes = 0;
  let entropy = 0;
  let huffman = 0;
  for (const { coded, stats, assignment } of plan.tensors) {
    const { blocks, ...coding } = coded;
    blocks.forEach((block, b) => {
      bytes += block.values.length + block.gaps.length;
      const task = { kind: 'verify', block: b, assignment, coding, coded: block } as const;
      const result = runTask(sourceOf(model, coded.tensor), task);
      assert.ok(result.kind === 'verify' && result.difference === -1);
    });
    for (const n of stats.codeCounts) {
      if (n > 0) entropy += (n * Math.log2(coded.weights / n)) / 8;
    }
    huffman += streamBits(stats.codeCounts, codeLengths(stats.codeCounts)) / 8;
  }
  t.diagnostic(`${bytes} bytes, order-0 entropy ${Math.round(entropy)}`);
  assert.ok(bytes < entropy, `${bytes} of ${entropy}`);
  assert.ok(bytes < 0.95 * huffman);
});
