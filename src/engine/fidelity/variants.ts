/**
 * A model and changed versions of it on the same samples: how faithful each version is. The original runs
 * once, its outputs are kept; a version is the original with other values in some tensors, written anew,
 * so that weights in nested bodies and of any float type change like all others.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { memorySource } from '../../model/bytes.ts';
import { openOnnx, type OnnxModel } from '../../model/onnx/open.ts';
import { rewriteModel } from '../../model/onnx/rewrite.ts';
import { Comparison, kindsOf, type Fidelity, type SampleOutputs } from '../../fidelity/compare.ts';
import { decodeGraph } from '../../train/graph.ts';
import type { Dataset, Normalisation } from '../../train/dataset/dataset.ts';
import type { Runtime } from '../../train/runtime.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { describeOutputs } from './describe.ts';
import { feedingOf, type Feeding } from './feeds.ts';
import { runSamples } from './run-samples.ts';

/** Values of the original's outputs that are kept, at most (256 MiB). */
const keptValues = 2 ** 26;

export interface VariantsSetup {
  readonly runtime: Runtime;
  readonly model: OnnxModel;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  readonly turn: () => Promise<void>;
}

export class Variants {
  readonly #kept = new Map<number, SampleOutputs>();
  #kinds: ReturnType<typeof kindsOf> | undefined;
  #batch: number | undefined;

  private constructor(
    private readonly setup: VariantsSetup,
    private readonly bytes: Uint8Array<ArrayBuffer>,
    private readonly inner: OnnxModel,
    private readonly described: ReturnType<typeof describeOutputs>,
    readonly feeding: Feeding,
  ) {}

  /** @throws DeepCompressionError when the model cannot be fed with these samples */
  static open(setup: VariantsSetup): Variants {
    const bytes = wholeModel(setup.model);
    const graph = decodeGraph(bytes);
    const feeding = feedingOf(graph, setup.data, setup.normalisation);
    const described = describeOutputs(graph, new Set(feeding.states.map((s) => s.output)));
    const inner =
      setup.model.files.length === 1
        ? setup.model
        : openOnnx(setup.model.path, memorySource(setup.model.path, bytes), () => {
            throw new DeepCompressionError('not-found', 'external data of an embedded model');
          });
    return new Variants(setup, bytes, inner, described, feeding);
  }

  /** Runs the original on `groups`; answers are those that the memory for outputs has room for. */
  async prepare(groups: Uint32Array, progress: (fraction: number) => void): Promise<Uint32Array> {
    const first = groups.subarray(0, 1);
    await this.#runOriginal(first, () => {});
    const one = this.#kept.get(this.feeding.samplesOf(first[0]!).from)!;
    const values = Object.values(one).reduce((sum, { data }) => sum + data.length, 0);
    const { from, to } = this.feeding.samplesOf(first[0]!);
    const room = Math.max(1, Math.floor(keptValues / Math.max(1, values * (to - from))));
    const wanted = groups.subarray(0, room);
    await this.#runOriginal(wanted.subarray(1), progress);
    const samples = [...this.#kept.values()].slice(0, 64);
    this.#kinds ??= kindsOf(this.described, samples);
    return wanted;
  }

  /** Whether a loss is measured on what was prepared, by margins or movements, or answers are only counted. */
  get lossIsSmooth(): boolean {
    const answering = [...this.#kinds!.values()].find(({ kind }) => kind !== 'values');
    return !['map', 'ids'].includes(answering?.kind ?? 'values');
  }

  /** Samples in groups of them. */
  samplesIn(groups: Uint32Array): number {
    return groups.reduce((sum, group) => {
      const { from, to } = this.feeding.samplesOf(group);
      return sum + to - from;
    }, 0);
  }

  /** The model with other values in some tensors, by id, on groups that were prepared. */
  async fidelity(
    values: ReadonlyMap<number, Float32Array | Float64Array>,
    groups: Uint32Array,
  ): Promise<Fidelity> {
    return this.fidelityOf(values.size === 0 ? this.bytes : this.#written(values), groups);
  }

  /** Another model with the same inputs and outputs. */
  async fidelityOf(
    bytes: Uint8Array<ArrayBuffer>,
    groups: Uint32Array,
    progress?: (fraction: number) => void,
  ): Promise<Fidelity> {
    const { labels } = this.setup.data;
    const comparison = new Comparison(this.#kinds!);
    const { alikeOf } = this.feeding;
    await runSamples(bytes, this.#running(progress), groups, (sample, outputs) =>
      comparison.add(this.#kept.get(sample)!, outputs, labels?.[sample], alikeOf(sample)),
    );
    return comparison.result();
  }

  async #runOriginal(groups: Uint32Array, progress: (fraction: number) => void): Promise<void> {
    const run = (): Promise<void> =>
      runSamples(this.bytes, this.#running(progress), groups, (sample, outputs) =>
        this.#kept.set(sample, outputs),
      );
    try {
      await run();
    } catch (error) {
      const code = error instanceof DeepCompressionError ? error.code : '';
      if (groups.length === 1 || this.#batch === 1 || code === 'cancelled') throw error;
      this.#batch = 1; // models that say they take any batch and do not
      await run();
    }
  }

  #running(progress: (fraction: number) => void = () => {}) {
    const { setup, feeding, described } = this;
    return {
      runtime: setup.runtime,
      feeding,
      batch: this.#batch,
      outputs: described.map(({ name }) => name),
      turn: async (done: number, of: number): Promise<void> => {
        if (of > 0) progress(done / of);
        await setup.turn();
      },
    };
  }

  #written(values: ReadonlyMap<number, Float32Array | Float64Array>): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array[] = [];
    rewriteModel(this.inner, values, () => ({ write: (part) => void parts.push(part.slice()) }));
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
