/**
 * The activations a layer is simulated with are the model's own: its simulated output is what ONNX
 * Runtime (the native one) computes for that layer of the compressed model.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { encode } from 'fast-png';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { LayerSimulator } from '../../../src/eie/run.ts';
import { makeMachine, type Machine } from '../../../src/eie/machine.ts';
import { eie } from '../../../src/engine/simulate/eie/eie.ts';
import { withOutputs } from '../../../src/model/onnx/with-outputs.ts';
import { memorySource } from '../../../src/model/bytes.ts';
import { prepareLayers } from '../../../src/engine/simulate/prepare.ts';
import { prepareModel } from '../../../src/engine/simulate/prepare-model.ts';
import type { PreparedLayer } from '../../../src/engine/simulate/prepared.ts';
import { parseSample } from '../../../src/engine/activations/sample.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { unnormalised } from '../../../src/train/dataset/dataset.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { openNpz } from '../../../src/train/dataset/npz.ts';
import { layersModel, noise, npy, npz } from './eie-models.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const ortFolder = 'node_modules/onnxruntime-web/dist';
const jobs = allJobs({ workerFile: undefined, ortFolder });
const never = new AbortController().signal;
const none = (): void => {};
const onnx = join(folder, 'layers.onnx');
const dcz = join(folder, 'layers.dcz');
const image = noise(6 * 12 * 11, 20, 0.4);
const sequence = noise(7 * 20, 21, 0.2);
const sample = {
  name: 'sample.npz',
  arrays: parseSample(
    npz({ image: npy([1, 6, 12, 11], image), sequence: npy([7, 1, 20], sequence) }),
    'sample.npz',
    ['image', 'sequence'],
  ),
  normalisation: unnormalised,
  channelsLast: false,
};

const shares = {
  'shared values': { method: 'kmeans', bits: 4 },
  'levels of a grid': { method: 'grid', bits: 4 },
};

async function compressed(share: object = shares['shared values']): Promise<void> {
  writeFileSync(onnx, layersModel());
  const prune = share === shares['shared values'] && { method: 'threshold', quality: 0.5 };
  const recipe = { name: 'all', minimumWeights: 0, share, ...(prune && { prune }) };
  const input = { file: { path: onnx }, out: dcz, overwrite: true, recipe, seed: 1, threads: 1 };
  await jobs.compress(input, never, none);
}

/** Outputs and inner values of the restored model under native ONNX Runtime. */
async function nativeValues(names: readonly string[]): Promise<Record<string, Tensor>> {
  const restored = join(folder, 'restored.onnx');
  await jobs.decompress(
    { file: { path: dcz }, out: restored, overwrite: true, threads: 1 },
    never,
    none,
  );
  const bytes = withOutputs(memorySource(restored, readFileSync(restored)), names);
  const session = await InferenceSession.create(bytes);
  return (await session.run({
    image: new Tensor('float32', image, [1, 6, 12, 11]),
    sequence: new Tensor('float32', sequence, [7, 1, 20]),
  })) as Record<string, Tensor>;
}

const simulated = (l: PreparedLayer<Machine>): Float32Array =>
  new LayerSimulator(l.layer).run(makeMachine({ ...l.asks, pes: 4 })).output;
const position = (l: PreparedLayer<Machine>): number =>
  Number(/ (\d+) of \d+/.exec(l.activations.note)?.[1] ?? 1) - 1;

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < expected.length; i++)
    assert.ok(
      Math.abs(actual[i] - expected[i]) < 1e-5,
      `${what}[${i}]: ${actual[i]} is not ${expected[i]}`,
    );
}

for (const [what, share] of Object.entries(shares))
  test(`every layer of a model with ${what} is simulated with the activations that the model gives it`, async () => {
    await compressed(share);
    await checkLayers();
  });

async function checkLayers(): Promise<void> {
  const { layers, skipped } = await prepareModel(
    eie,
    { path: dcz },
    { label: dcz, sample, density: undefined, seed: 1, ortFolder },
    none,
  );
  const v = await nativeValues(['c', 'd', 'g', 'r', 'h']);
  const find = (name: string): PreparedLayer<Machine> => {
    const found = layers.find((l) => l.layer.name === name);
    assert.ok(found, `${name} (there are ${layers.map((l) => l.layer.name).join(', ')})`);
    assert.equal(found.activations.from, 'sample', found.activations.note);
    return found;
  };
  assert.deepEqual(skipped, []);

  const [, , oh, ow] = v['c'].dims;
  const plane = oh * ow;
  const restoredBias = (name: string): Float32Array => biases[name];
  const biases = await biasesOf();
  for (const g of [0, 1]) {
    const conv = find(`conv.w [group ${g}]`);
    assert.equal(conv.runsPerInference, plane);
    assert.equal(conv.asks.detect, 'nonzero');
    const out = simulated(conv);
    const c = v['c'].data as Float32Array;
    const expected = Float32Array.from(out, (_, k) => {
      const channel = 32 * g + k;
      return c[channel * plane + position(conv)] - restoredBias('conv.b')[channel];
    });
    close(out, expected, `conv group ${g}`);
  }

  const depthwise = find('depthwise.w [64 groups]');
  assert.equal(depthwise.asks.detect, 'positive');
  assert.deepEqual([depthwise.layer.matrix.rows, depthwise.layer.matrix.cols], [64, 576]);
  const d = v['d'].data as Float32Array;
  const at = position(depthwise);
  close(
    simulated(depthwise),
    Float32Array.from({ length: 64 }, (_, k) => d[k * plane + at]),
    'depthwise',
  );

  const up = find('up.w');
  const u = (await nativeValues(['u']))['u'];
  const [, , uh, uw] = u.dims;
  const place = position(up);
  const [y0, x0] = [2 * Math.floor(place / ow), 2 * (place % ow)];
  close(
    simulated(up),
    Float32Array.from({ length: 80 }, (_, k) => {
      const [channel, ky, kx] = [k >> 2, (k >> 1) & 1, k & 1];
      return (u.data as Float32Array)[(channel * uh + y0 + ky) * uw + x0 + kx];
    }),
    'transposed convolution',
  );

  const gemm = find('gemm.w');
  assert.equal(gemm.runsPerInference, 1);
  const g = v['g'].data as Float32Array;
  close(
    simulated(gemm),
    g.map((x, k) => x - restoredBias('gemm.b')[k]),
    'gemm',
  );
  const matmul = find('matmul.w');
  assert.equal(matmul.asks.detect, 'positive');
  close(simulated(matmul), v['scores'].data as Float32Array, 'matmul');

  const w = find('lstm.w');
  const r = find('lstm.r');
  assert.deepEqual([w.layer.matrix.rows, w.layer.matrix.cols, w.runsPerInference], [96, 20, 7]);
  assert.deepEqual([r.layer.matrix.rows, r.layer.matrix.cols, r.runsPerInference], [96, 24, 7]);
  assert.equal(r.asks.detect, 'nonzero');
  const step = position(w);
  close(w.layer.activations, sequence.subarray(20 * step, 20 * (step + 1)), 'lstm input');
  const hidden = position(r);
  const y = v['y'].data as Float32Array;
  close(r.layer.activations, y.subarray(24 * hidden, 24 * (hidden + 1)), 'lstm state');
}

test('a grid of more levels than codes can name is left out in one line that says what to do', async () => {
  await compressed({ method: 'grid', bits: 12 });
  const options = { label: dcz, sample, density: undefined, seed: 1, ortFolder };
  await assert.rejects(
    prepareModel(eie, { path: dcz }, options, none),
    /: no layer of it can run on EIE \(.*: it has \d{3,4} different levels and .* at most 256; compress it with the preset eie\)$/,
  );
});

async function biasesOf(): Promise<Record<string, Float32Array>> {
  const { openInput } = await import('../../../src/engine/input.ts');
  const opened = openInput({ path: dcz });
  const entries = opened.model.tensors.map((t): [string, Float32Array] => {
    const values = new Float32Array(t.parameters);
    opened.model.reader.readValues(t, 0, values);
    return [t.name, values];
  });
  opened.close();
  return Object.fromEntries(entries);
}

test('without a sample the random input is stated, open shapes are guessed, and the seed decides', async () => {
  const file = { label: 'open.onnx', bytes: layersModel('height') };
  const run = (seed: number) =>
    jobs.simulate({ source: { kind: 'model', file }, seed }, never, none);
  const first = await run(3);
  assert.ok(
    first.notes.some((n) => /random input \(seed 3\): image \(1 x 6 x 224 x 11\)/.test(n)),
    first.notes.join('\n'),
  );
  assert.ok(first.layers.every((l) => l.activations.from === 'random-input'));
  const again = await run(3);
  const other = await run(4);
  const shas = (r: typeof first): string[] => r.layers.map((l) => l.outputSha256);
  assert.deepEqual(shas(again), shas(first));
  assert.notDeepEqual(shas(other), shas(first));
});

test('a density is drawn at random instead, and so is that of a model that cannot run', async () => {
  const file = { label: 'layers.onnx', bytes: layersModel() };
  const half = await jobs.simulate(
    { source: { kind: 'model', file }, seed: 1, density: 0.5 },
    never,
    none,
  );
  for (const l of half.layers) {
    assert.equal(l.activations.from, 'density');
    assert.ok(Math.abs(l.activations.density - 0.5) < 0.03, l.name);
  }
  const broken = allJobs({ workerFile: undefined, ortFolder: join(folder, 'nowhere') });
  const source = { kind: 'model' as const, file: { label: 'b.onnx', bytes: brokenModel() } };
  const fallback = await broken.simulate({ source, seed: 1 }, never, none);
  assert.ok(fallback.notes.some((n) => /drawn at random: ONNX Runtime does not/.test(n)));
  assert.ok(fallback.layers.every((l) => l.activations.from === 'density'));
});

/** A model whose operator no runtime knows. */
function brokenModel(): Uint8Array<ArrayBuffer> {
  const bytes = layersModel();
  const text = Buffer.from(bytes).toString('latin1');
  const at = text.indexOf('GlobalAveragePool');
  bytes.set(new TextEncoder().encode('GlobalAverageFool'), at);
  return bytes;
}

test('a sample that does not fit is one line that says what does not', async () => {
  const path = join(folder, 'bad.npz');
  const cases: [Uint8Array, RegExp][] = [
    [
      npz({ image: npy([1, 5, 12, 11], noise(660, 1)) }),
      /1 x 5 x 12 x 11 does not fit input image/,
    ],
    [
      npz({ a: npy([2], noise(2, 1)), b: npy([2], noise(2, 1)) }),
      /holds a, b, .*inputs are image, sequence/,
    ],
    [
      npz({ image: npy([1, 6, 12, 11], noise(792, 1).fill(NaN, 5, 6)) }),
      /element 5 of image is not a finite/,
    ],
    [new TextEncoder().encode('hello, this is text'), /a table without rows/],
    [npy([1, 6, 12, 11], noise(792, 1)).subarray(0, 500), /ends early/],
  ];
  for (const [bytes, line] of cases) {
    writeFileSync(path, bytes);
    const file = { label: 'layers.onnx', bytes: layersModel() };
    const input = { source: { kind: 'model' as const, file }, seed: 1, input: { path } };
    await assert.rejects(jobs.simulate(input, never, none), (error: unknown) => {
      assert.ok(error instanceof DeepCompressionError, String(error));
      assert.match(error.message, line);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  }
});

test('a sample of any data set is normalised as the retrained .dcz states', async () => {
  const file = { path: join('media', 'samples', 'lenet-300-100.dcz') };
  const digits = join('media', 'samples', 'mnist-test-digits.npz');
  const pixels = openNpz(readFileSync(digits), digits).array('x').data.slice(0, 784) as Uint8Array;
  const at = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  mkdirSync(join(folder, 'pictures', '7'), { recursive: true });
  at(
    join('pictures', '7', 'a.png'),
    encode({ width: 28, height: 28, channels: 1, depth: 8, data: pixels }),
  );
  const { openInput } = await import('../../../src/engine/input.ts');
  const opened = openInput(file);
  const { scale } = (opened.dcz!.recipe as { train: { normalisation: { scale: number } } }).train
    .normalisation;
  opened.close();
  assert.ok(scale > 0 && scale < 1);
  const wanted = Float32Array.from(pixels, (p) => p * scale);
  const alone = new Uint8Array([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28, ...pixels]);
  for (const path of [
    digits,
    at('digit.npy', npy([1, 28, 28], Float32Array.from(pixels))),
    at('digit.idx', alone),
    at('digit.csv', `${[...pixels].join()},7\n`),
    join(folder, 'pictures'),
  ]) {
    const { layers, notes } = await prepareLayers(
      eie,
      { source: { kind: 'model', file }, input: { path }, seed: 1 },
      { workerFile: undefined, ortFolder },
      1,
      never,
      none,
    );
    assert.deepEqual(layers[0].layer.activations, wanted, path);
    assert.ok(
      notes.some((n) => n.startsWith(`values of ${path} became (value x ${scale} - 0) / 1`)),
      notes.join('\n'),
    );
  }
});
