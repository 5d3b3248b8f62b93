/**
 * Means and variances of BatchNormalization from what its inputs are now, without labels: one node after
 * another in the order of the graph, each seen behind those that were set before it. Source: OBC (Frantar and
 * Alistarh 2022), which resets them after pruning.
 */
import { memorySource, readBytes } from '../../model/bytes.ts';
import { ModelEdit } from '../../model/onnx/edit.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { withOutputs } from '../../model/onnx/with-outputs.ts';
import { tensorsByName } from '../../structure/follow.ts';
import { setTensor } from '../../structure/remove.ts';
import type { Runs } from '../../calibrate/calibrate.ts';
import type { Runtime } from '../../train/runtime.ts';

/** Runs that each node is seen in, at most. */
const mostRuns = 48;

/**
 * The model's bytes with new statistics. Runs are those without a state that goes on.
 * @param turn called between runs
 */
export async function reestimate(
  model: OnnxModel,
  bytes: Uint8Array<ArrayBuffer>,
  runtime: Runtime,
  runs: Runs,
  turn: (done: number, of: number) => Promise<void>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { nodes } = model.graph;
  const tensors = tensorsByName(model.graph);
  const own = nodes.filter(
    ({ opType, domain, inputs }) =>
      opType === 'BatchNormalization' &&
      domain === '' &&
      inputs.slice(3, 5).every((name) => isPlain(model, tensors.get(name))),
  );
  const step = Math.max(1, Math.floor(runs.count / mostRuns));
  let current = bytes;
  for (const [done, { inputs }] of own.entries()) {
    const [value, , , mean, variance] = inputs;
    const seen = new ChannelMoments(model.tensors[tensors.get(mean)!].parameters);
    const session = await runtime.open(withOutputs(memorySource('the model', current), [value]));
    try {
      for (let run = 0; run < runs.count; run += step) {
        await turn(done, own.length);
        const { [value]: found } = await session.run(runs.feeds(run));
        seen.add(found.data as Float32Array, found.dims);
      }
    } finally {
      await session.close();
    }
    if (!seen.isFinite) continue;
    const editor = new ModelEdit(memorySource('the model', current));
    const shape = [seen.mean.length];
    setTensor(editor, model.tensors[tensors.get(mean)!], shape, seen.mean);
    setTensor(editor, model.tensors[tensors.get(variance)!], shape, seen.variance());
    const edited = editor.source();
    current = readBytes(edited, 0, edited.size) as Uint8Array<ArrayBuffer>;
  }
  return current;
}

function isPlain({ tensors }: OnnxModel, id: number | undefined): boolean {
  return id !== undefined && tensors[id].dtype === 'float32';
}

/** Mean and variance along axis 1, batches merged after Chan, Golub and LeVeque (1979). */
class ChannelMoments {
  readonly mean: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(channels: number) {
    this.mean = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
  }

  add(data: Float32Array, dims: readonly number[]): void {
    const channels = this.mean.length;
    const inner = dims.slice(2).reduce((a, b) => a * b, 1);
    const count = dims[0] * inner;
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      let squares = 0;
      for (let n = 0; n < dims[0]; n++)
        for (let i = (n * channels + c) * inner, end = i + inner; i < end; i++) sum += data[i];
      const mean = sum / count;
      for (let n = 0; n < dims[0]; n++)
        for (let i = (n * channels + c) * inner, end = i + inner; i < end; i++)
          squares += (data[i] - mean) ** 2;
      const delta = mean - this.mean[c];
      const share = count / (this.#count + count);
      this.mean[c] += delta * share;
      this.#squares[c] += squares + delta * delta * this.#count * share;
    }
    this.#count += count;
  }

  variance(): Float64Array {
    return this.#squares.map((sum) => sum / this.#count);
  }

  get isFinite(): boolean {
    return this.#count > 0 && [...this.mean, ...this.#squares].every(Number.isFinite);
  }
}
