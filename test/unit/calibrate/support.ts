/** Calibrations of small models, and the error of outputs that second moments predict. */
import { calibrate, type Calibrated } from '../../../src/calibrate/calibrate.ts';
import type { Moments } from '../../../src/compress/moments.ts';
import { memorySource } from '../../../src/model/bytes.ts';
import type { Geometry, Tensor } from '../../../src/model/model.ts';
import { openOnnx, type OnnxModel } from '../../../src/model/onnx/open.ts';
import { rewriteModel } from '../../../src/model/onnx/rewrite.ts';
import { memorySink } from '../../../src/model/bytes.ts';
import type { Feeds, HostTensor, Runtime } from '../../../src/train/runtime.ts';
import { nodeRuntime } from '../train/runtimes.ts';

export const float = (dims: readonly number[], random: () => number): HostTensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 2 * random() - 0.8),
});

export function opened(bytes: Uint8Array): OnnxModel {
  return openOnnx('model.onnx', memorySource('model.onnx', bytes), () => {
    throw new Error('no external data here');
  });
}

export function calibrated(
  bytes: Uint8Array<ArrayBuffer>,
  feeds: readonly Feeds[],
  runtime: Runtime = nodeRuntime,
): Promise<Calibrated> {
  return calibrate({
    ...{ model: opened(bytes), bytes, runtime, seed: 1, turn: () => Promise.resolve() },
    runs: {
      ...{ count: feeds.length, states: [], continues: () => false },
      feeds: (run) => feeds[run]!,
    },
  });
}

export const tensorNamed = ({ tensors }: OnnxModel, name: string): Tensor =>
  tensors.find((t) => t.name === name)!;

/** Where the matrix element lies in the tensor, by the definition of `Geometry`. */
export function flatIndex(g: Geometry, matrix: number, row: number, column: number): number {
  const base = matrix * g.rows * g.cols;
  return base + (g.transposed ? column * g.rows + row : row * g.cols + column);
}

/** Sum over all rows of all matrices of d^T H d: the mean squared change of one vector's outputs. */
export function predicted(moments: Moments, geometry: Geometry, change: Float32Array): number {
  const { columns, block, second, setOf } = moments;
  const blocks = Math.ceil(columns / block);
  let sum = 0;
  for (let m = 0; m < geometry.matrices; m++)
    for (let r = 0; r < geometry.rows; r++)
      for (let i = 0; i < columns; i++)
        for (let j = 0; j < columns; j++) {
          const b = Math.floor(i / block);
          if (Math.floor(j / block) !== b) continue;
          const at = ((setOf[m]! * blocks + b) * block + (i % block)) * block + (j % block);
          const di = change[flatIndex(geometry, m, r, i)]!;
          sum += di * second[at]! * change[flatIndex(geometry, m, r, j)]!;
        }
  return sum;
}

/** The model with `change` added to a tensor. */
export function changed(model: OnnxModel, tensor: Tensor, change: Float32Array) {
  const values = new Float32Array(tensor.parameters);
  model.reader.readValues(tensor, 0, values);
  for (let i = 0; i < values.length; i++) values[i]! += change[i]!;
  const sink = memorySink();
  rewriteModel(model, new Map([[tensor.id, values]]), () => sink);
  return { bytes: sink.take(), values };
}

/** Sum of squared differences of the first output over all feeds. */
export async function outputChange(
  before: Uint8Array<ArrayBuffer>,
  after: Uint8Array<ArrayBuffer>,
  feeds: readonly Feeds[],
  output = 'y',
): Promise<number> {
  const sessions = [await nodeRuntime.open(before), await nodeRuntime.open(after)];
  let sum = 0;
  for (const feed of feeds) {
    const [a, b] = await Promise.all(sessions.map(async (s) => (await s.run(feed))[output]!.data));
    for (let i = 0; i < a!.length; i++) sum += (Number(a![i]) - Number(b![i])) ** 2;
  }
  for (const session of sessions) await session.close();
  return sum;
}
