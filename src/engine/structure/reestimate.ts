/**
 * Means and variances of BatchNormalization after channels went, without labels: each is moved by as much as
 * the mean and the variance of its input have moved on the samples, so that what comes out has the mean and the
 * variance it had. One node after another in the order of the graph, each seen behind those that were set before
 * it. Not the samples' own statistics, which OBC (Frantar and Alistarh 2022) takes: they are of other inputs than
 * those the model was trained on, and a whole model would change for nothing.
 */
import type { Runs } from '../../calibrate/calibrate.ts';
import { memorySource, readBytes } from '../../model/bytes.ts';
import type { GraphNode } from '../../model/graph.ts';
import { ModelEdit } from '../../model/onnx/edit.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { withOutputs } from '../../model/onnx/with-outputs.ts';
import { tensorsByName } from '../../structure/follow.ts';
import { setTensor } from '../../structure/remove.ts';
import type { Runtime } from '../../train/runtime.ts';

/** Runs that each node is seen in, at most. */
const mostRuns = 48;

/** A model and its bytes. */
export interface Whole {
  readonly model: OnnxModel;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The slimmed model's bytes with moved statistics. Runs are those without a state that goes on.
 * @param positions those that stay of a tensor's one axis, by its name
 * @param turn called between runs
 */
export async function reestimate(
  original: Whole,
  slimmed: Whole,
  positions: (tensor: string, length: number) => Int32Array,
  runtime: Runtime,
  runs: Runs,
  turn: (done: number, of: number) => Promise<void>,
): Promise<Uint8Array<ArrayBuffer>> {
  const nodes = normalisations(original.model);
  if (nodes.length === 0) return slimmed.bytes;
  const before = await seenBy(original.bytes, nodes, original.model, runtime, runs, () =>
    turn(0, nodes.length),
  );
  const names = tensorsByName(original.model.graph);
  const left = tensorsByName(slimmed.model.graph);
  let { bytes } = slimmed;
  for (const [i, node] of nodes.entries()) {
    const [after] = await seenBy(bytes, [node], slimmed.model, runtime, runs, () =>
      turn(i, nodes.length),
    );
    if (!before[i].isFinite || !after.isFinite) continue;
    const [, , , mean, variance] = node.inputs;
    const [means, variances] = [mean, variance].map((name) =>
      valuesOf(original.model, names.get(name)!),
    );
    const kept = positions(mean, means.length);
    const [old, now] = [before[i].variance(), after.variance()];
    const scale = Float64Array.from(kept, (c, k) =>
      old[c] > 0 && now[k] > 0 ? now[k] / old[c] : 1,
    );
    const movedMeans = Float64Array.from(
      kept,
      (c, k) => after.mean[k] + (means[c] - before[i].mean[c]) * Math.sqrt(scale[k]),
    );
    const movedVariances = Float64Array.from(kept, (c, k) => variances[c] * scale[k]);
    const editor = new ModelEdit(memorySource('the model', bytes));
    const { tensors } = slimmed.model;
    setTensor(editor, tensors[left.get(mean)!], [kept.length], movedMeans);
    setTensor(editor, tensors[left.get(variance)!], [kept.length], movedVariances);
    const edited = editor.source();
    bytes = readBytes(edited, 0, edited.size) as Uint8Array<ArrayBuffer>;
  }
  return bytes;
}

/** Nodes whose statistics are constants of their own. */
function normalisations(model: OnnxModel): GraphNode[] {
  const tensors = tensorsByName(model.graph);
  return model.graph.nodes.filter(
    ({ opType, domain, inputs }) =>
      opType === 'BatchNormalization' &&
      domain === '' &&
      inputs.slice(3, 5).every((name) => isPlain(model, tensors.get(name))),
  );
}

/** What the inputs of these nodes are on the samples. */
async function seenBy(
  bytes: Uint8Array<ArrayBuffer>,
  nodes: readonly GraphNode[],
  model: OnnxModel,
  runtime: Runtime,
  runs: Runs,
  turn: () => Promise<void>,
): Promise<ChannelMoments[]> {
  const tensors = tensorsByName(model.graph);
  const seen = nodes.map(
    ({ inputs }) => new ChannelMoments(model.tensors[tensors.get(inputs[3])!].parameters),
  );
  const values = [...new Set(nodes.map(({ inputs }) => inputs[0]))];
  const session = await runtime.open(withOutputs(memorySource('the model', bytes), values));
  try {
    const step = Math.max(1, Math.floor(runs.count / mostRuns));
    for (let run = 0; run < runs.count; run += step) {
      await turn();
      const outputs = await session.run(runs.feeds(run));
      nodes.forEach(({ inputs }, i) => {
        const { data, dims } = outputs[inputs[0]];
        seen[i].add(data as Float32Array, dims);
      });
    }
  } finally {
    await session.close();
  }
  return seen;
}

function valuesOf(model: OnnxModel, id: number): Float64Array {
  const values = new Float64Array(model.tensors[id].parameters);
  model.reader.readValues(model.tensors[id], 0, values);
  return values;
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
