/** What a reproduction found, as the JSON that lies beside the samples and as what the tables print. */
import type { Accuracy } from '../../src/engine/protocol-accuracy.ts';
import type { CompressResult } from '../../src/engine/protocol-model.ts';
import type { RetrainResult } from '../../src/engine/protocol-train.ts';
import type { NetworkName } from './paper.ts';

/** One compressed file and the run that made it. */
export interface Point {
  readonly name: string;
  readonly file: string;
  readonly run: RetrainResult;
}

export interface Measured {
  readonly network: NetworkName;
  /** Path of the uncompressed model, and the run that trained it. */
  readonly model: string;
  readonly training: RetrainResult;
  /** `paper` first, then the curve from dense to sparse. */
  readonly points: readonly Point[];
  readonly chosen: Point;
}

/** Accuracy on the test digits, by file. */
export type Scores = ReadonlyMap<string, Accuracy>;

export interface Summary {
  readonly network: NetworkName;
  readonly runtime: string;
  /** Of the uncompressed model. */
  readonly original: {
    readonly bytes: number;
    readonly seconds: number;
    readonly heldOut: Accuracy | null;
    readonly test: Accuracy;
  };
  /** Name of the point that was chosen on the held-out digits. */
  readonly chosen: string;
  readonly points: readonly {
    readonly name: string;
    /** Whole files. */
    readonly bytes: number;
    readonly ratio: number;
    readonly seconds: number;
    /** Weights that are not zero (biases not counted), and their share. */
    readonly weightsLeft: number;
    readonly kept: number;
    readonly heldOut: Accuracy | null;
    readonly test: Accuracy;
    readonly layers: CompressResult['layers'];
  }[];
}

export function summary(measured: Measured, scores: Scores): Summary {
  const { network, model, training, points, chosen } = measured;
  return {
    network,
    runtime: training.runtime,
    original: {
      bytes: training.output.bytes,
      seconds: training.seconds,
      heldOut: training.after,
      test: scores.get(model)!,
    },
    chosen: chosen.name,
    points: points.map(({ name, file, run }) => {
      const { layers, ratio } = run.compressed!;
      const weights = layers.filter((l) => l.name.endsWith('.weight'));
      const all = weights.reduce((sum, l) => sum + l.weights, 0);
      const left = weights.reduce((sum, l) => sum + Math.round((1 - l.sparsity) * l.weights), 0);
      return {
        name,
        bytes: run.output.bytes,
        ratio,
        seconds: run.seconds,
        weightsLeft: left,
        kept: left / all,
        heldOut: run.after,
        test: scores.get(file)!,
        layers,
      };
    }),
  };
}
