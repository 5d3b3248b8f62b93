/**
 * Real models through the gradient compiler: every weight gets a gradient, and the gradient predicts
 * how the loss changes when all weights move along a random direction. The loss is float32, so the
 * comparison is with a difference quotient at a step that balances rounding against curvature.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { memorySource } from '../../src/model/bytes.ts';
import { importHan } from '../../src/model/caffe/import.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { compileTraining } from '../../src/train/compile.ts';
import type { CompileOptions, TrainingGraph } from '../../src/train/compile.ts';
import { decodeGraph } from '../../src/train/graph.ts';
import type { HostTensor } from '../../src/train/runtime.ts';
import { nodeRuntime } from '../unit/train/runtimes.ts';

const ocr = join('node_modules', '@gutenye', 'ocr-models', 'assets');
const squeezenet = join(process.env['DC_SHARED'] ?? join('..', 'shared'), 'data', 'squeezenet');

/** Float tensors with at least one axis: all that a gradient can reach. */
function floatTensors(bytes: Uint8Array): string[] {
  return [...decodeGraph(bytes).initializers]
    .filter(([, t]) => t.dataType === 1 && t.dims.length > 0)
    .map(([name]) => name);
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Strokes on a light ground with some noise, in [-range, range]: something to see for a text model. */
function image(shape: readonly number[], range: number, random: () => number): HostTensor {
  const [h = 1, w = 1] = shape.slice(-2);
  const data = Float32Array.from({ length: count(shape) }, (_, i) => {
    const [x, y] = [i % w, Math.floor(i / w) % h];
    const stroke = y % 32 > 8 && y % 32 < 26 && x % 8 < 3 && Math.floor(x / 8) % 5 !== 0;
    return range * ((stroke ? -0.8 : 0.8) + 0.4 * (random() - 0.5));
  });
  return { type: 'float32', dims: shape, data };
}

async function checkDirection(
  graph: TrainingGraph,
  classes: number,
  step: number,
  seed: number,
  range = 1,
): Promise<{ predicted: number; measured: number }> {
  const random = mulberry32(seed);
  const floats = (shape: readonly number[], low: number, high: number): HostTensor => ({
    type: 'float32',
    dims: shape,
    data: Float32Array.from({ length: count(shape) }, () => low + random() * (high - low)),
  });
  const feeds: Record<string, HostTensor> = {};
  for (const { name, shape } of graph.inputs) feeds[name] = image(shape as number[], range, random);
  if (graph.target) feeds[graph.target] = floats(graph.predictionShape, 0, 1);
  if (graph.labels) {
    const positions = count(graph.predictionShape) / classes;
    const labels = BigInt64Array.from({ length: positions }, () =>
      BigInt(Math.floor(random() * classes)),
    );
    feeds[graph.labels] = { type: 'int64', dims: [positions], data: labels };
  }
  // a direction proportional to each tensor's own size
  const directions = graph.parameters.map(({ values }) => {
    const size = Math.sqrt(values.reduce((s, v) => s + v * v, 0) / values.length) || 0.1;
    return Float32Array.from(values, () => (random() * 2 - 1) * size);
  });
  const session = await nodeRuntime.open(graph.model);
  const run = (factor: number): Promise<Record<string, HostTensor>> => {
    graph.parameters.forEach(({ name, shape, values }, i) => {
      const data = values.map((v, j) => v + factor * directions[i]![j]!);
      feeds[name] = { type: 'float32', dims: shape, data };
    });
    return session.run(feeds);
  };
  if (graph.target) {
    // a target near the prediction: the loss is then small and float32 resolves its changes
    const { data, dims } = (await run(0))[graph.prediction]!;
    const near = Float32Array.from(data as Float32Array, (v) => v * (1 + 0.5 * random()));
    feeds[graph.target] = { type: 'float32', dims, data: near };
  }
  const at = await run(0);
  let predicted = 0;
  graph.parameters.forEach(({ gradient }, i) => {
    const g = at[gradient]!.data as Float32Array;
    for (let j = 0; j < g.length; j++) predicted += g[j]! * directions[i]![j]!;
  });
  const loss = async (factor: number): Promise<number> =>
    Number((await run(factor))[graph.loss]!.data[0]);
  const measured = ((await loss(step)) - (await loss(-step))) / (2 * step);
  await session.close();
  return { predicted, measured };
}

const options = {
  batch: 2,
  batchNorm: 'frozen',
  dropout: false,
  freezeUnsupported: false,
} as const;

const models: readonly [string, Omit<CompileOptions, 'trainable'>, number][] = [
  [
    'ch_ppocr_mobile_v2.0_cls_infer.onnx',
    { ...options, inputShapes: { x: [2, 3, 48, 96] }, loss: { kind: 'cross-entropy' } },
    2,
  ],
  [
    'ch_PP-OCRv4_rec_infer.onnx',
    { ...options, inputShapes: { x: [2, 3, 48, 48] }, loss: { kind: 'cross-entropy' } },
    6625,
  ],
  [
    'ch_PP-OCRv4_det_infer.onnx',
    { ...options, inputShapes: { x: [1, 3, 64, 64] }, loss: { kind: 'mse' } },
    1,
  ],
];

for (const [file, settings, classes] of models)
  test(`${file}: every weight has a gradient that predicts the change of the loss`, async (t) => {
    const bytes = new Uint8Array(readFileSync(join(ocr, file)));
    const graph = await compileTraining(
      bytes,
      { ...settings, trainable: floatTensors(bytes), freezeUnsupported: true },
      nodeRuntime,
    );
    assert.deepEqual(graph.stoppedAt, []);
    t.diagnostic(`${graph.parameters.length} tensors, untrained: ${graph.untrained.length}`);
    for (const { name, shape } of graph.parameters) assert.ok(count(shape) > 0, name);
    const { predicted, measured } = await checkDirection(graph, classes, 1e-4, 1);
    t.diagnostic(`predicted ${predicted}, measured ${measured}`);
    assert.ok(
      Math.abs(predicted - measured) < 0.015 * Math.abs(measured),
      `${predicted} against ${measured}`,
    );
  });

test("Han's SqueezeNet: gradients of all 52 tensors predict the change of the loss", async (t) => {
  if (!existsSync(squeezenet)) {
    t.skip(`${squeezenet} is absent`);
    return;
  }
  const net = readFileSync(join(squeezenet, 'compressed_SqueezeNet.net'));
  const prototxt = readFileSync(join(squeezenet, 'SqueezeNet_deploy.prototxt'), 'utf8');
  const { onnx } = importHan(memorySource('net', net), prototxt);
  const graph = await compileTraining(
    onnx,
    { ...options, batch: 1, loss: { kind: 'cross-entropy' }, trainable: floatTensors(onnx) },
    nodeRuntime,
  );
  assert.equal(graph.parameters.length, 52);
  const { predicted, measured } = await checkDirection(graph, 1000, 1e-4, 2, 128);
  t.diagnostic(`predicted ${predicted}, measured ${measured}`);
  assert.ok(
    Math.abs(predicted - measured) < 0.015 * Math.abs(measured),
    `${predicted} against ${measured}`,
  );
});
