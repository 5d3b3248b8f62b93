/**
 * Calibration of an opened model on a data set: reads the samples, runs the model on the executor, says how
 * far it is, and what the moments do not know, one line each.
 */
import { calibrate } from '../../calibrate/calibrate.ts';
import { calibrationNotes } from '../../calibrate/notes.ts';
import type { Calibration } from '../../compress/moments.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { unnormalised, type Normalisation } from '../../train/dataset/dataset.ts';
import type { OnProgress } from '../jobs/progress.ts';
import type { DataInput } from '../protocol-train.ts';
import type { Executor } from '../runtime/executor.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { turns } from '../train/turns.ts';
import { readRuns } from './runs.ts';

/** Samples that are enough for most models, and soon seen. */
export const mostSamples = 512;

export interface CalibrateModel {
  readonly model: OnnxModel;
  readonly data: DataInput;
  readonly normalisation?: Normalisation;
  /** Samples used at most, spread over all; `mostSamples` when absent. */
  readonly samples?: number;
  readonly seed: number;
  readonly executor: Executor;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export interface ModelCalibration {
  readonly calibration: Calibration;
  /** Runs of the model, a sample or a step each. */
  readonly runs: number;
  /** onnxruntime-web or onnxruntime-node. */
  readonly runtime: string;
  readonly notes: readonly string[];
}

/**
 * @throws DeepCompressionError `unsupported` for a model that ONNX Runtime does not run here,
 *   `invalid-input` for samples that do not fit it, `cancelled`
 */
export async function calibrateModel(input: CalibrateModel): Promise<ModelCalibration> {
  const { model, executor, onProgress, signal } = input;
  const report = (layer: string, fraction: number): void =>
    onProgress({ stage: 'calibrate', layer, fraction });
  const turn = turns(signal);
  report('', 0);
  const { runs, notes } = await readRuns(model, input.data, {
    normalisation: input.normalisation ?? unnormalised,
    most: input.samples ?? mostSamples,
    turn,
    onRead: (line) => report(line, 0),
  });
  const calibrated = await calibrate({
    ...{ model, bytes: wholeModel(model), runtime: executor, runs, seed: input.seed, turn },
    onProgress: (done, of) => report('', done / of),
  });
  return {
    ...{ calibration: calibrated.calibration, runs: runs.count, runtime: executor.name },
    notes: [...notes, ...calibrationNotes(model, calibrated, runs.count)],
  };
}
