/** The samples of an export: those that ranges are taken from, and those on which answers are compared. */
import type { Runs } from '../../calibrate/calibrate.ts';
import type { ExportFormat } from '../../export/formats.ts';
import type { Fidelity } from '../../fidelity/compare.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { shuffled } from '../../train/dataset/dataset.ts';
import { decodeGraph } from '../../train/graph.ts';
import { sampledInputs } from '../fidelity/feeds.ts';
import { Variants } from '../fidelity/variants.ts';
import { runsOf } from '../goal/runs.ts';
import type { OpenedOnnx, Runtime } from '../input.ts';
import type { ExportInput } from '../protocol-export.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { loadDataset } from '../train/data.ts';
import type { Feeds } from '../../train/runtime.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forScoring } from '../train/reading.ts';

/** Samples that report where ranges are taken from the others, of all, and those that give ranges at most. */
const reporting = 1 / 4;
const mostCalibrating = 256;
const leastSamples = 4;

export interface ExportSamples {
  /** Samples that ranges are taken from; none of them is compared. */
  readonly calibrating: Runs;
  /** The first of those that are compared. */
  readonly first: Feeds;
  /** How many answers of an export are the original's. */
  compare(
    exported: Uint8Array<ArrayBuffer>,
  ): Promise<{ readonly fidelity: Fidelity; readonly notes: readonly string[] }>;
  close(): Promise<void>;
}

/** @throws DeepCompressionError `invalid-input` for samples that do not fit the model or are too few */
export async function openSamples(
  input: ExportInput,
  opened: OpenedOnnx,
  runtime: Runtime,
  form: ExportFormat,
  turn: () => Promise<void>,
): Promise<ExportSamples> {
  const engine = trainingRuntime(runtime, input.threads);
  try {
    const graph = decodeGraph(wholeModel(opened.model));
    const { data } = await loadDataset(input.data!, {
      ...{ inputs: sampledInputs(graph), prefer: forScoring, turn },
      onRead: () => {},
    });
    const normalisation = normalisationOf(input.normalisation, opened.dcz?.recipe);
    const variants = Variants.open({
      ...{ runtime: engine, model: opened.model, data, normalisation, turn },
    });
    const { feeding } = variants;
    const all = Uint32Array.from({ length: feeding.groups }, (_, i) => i);
    const given = all.filter((g) => feeding.samplesOf(g).from < (input.samples ?? Infinity));
    const order = form.ranges ? shuffled(given.length, input.seed).map((i) => given[i]) : given;
    if (form.ranges && order.length < leastSamples)
      throw new DeepCompressionError(
        'invalid-input',
        `${data.name}: ${order.length} samples are too few to take ranges from and to report on: give at least ${leastSamples}, better 100`,
      );
    const held = form.ranges ? Math.max(1, Math.round(order.length * reporting)) : order.length;
    return {
      first: runsOf(feeding, order.slice(0, 1)).feeds(0),
      calibrating: runsOf(feeding, order.slice(held, held + mostCalibrating)),
      async compare(exported) {
        const wanted = order.slice(0, held);
        const groups = await variants.prepare(wanted, () => {});
        const fidelity = await variants.fidelityOf(exported, groups);
        const left = wanted.length - groups.length;
        const few = `${left} of ${wanted.length} samples are left out: their outputs do not fit into memory`;
        return { fidelity, notes: [...(data.notes ?? []), ...(left > 0 ? [few] : [])] };
      },
      close: () => engine.close(),
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
