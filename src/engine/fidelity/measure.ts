/**
 * What a change of a model did to its outputs: measured on samples where there are some, else estimated on
 * made-up inputs.
 */
import { verdictOf } from '../../fidelity/verdict.ts';
import type { Fidelity } from '../../fidelity/compare.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { Normalisation } from '../../train/dataset/dataset.ts';
import { decodeGraph } from '../../train/graph.ts';
import type { Runtime } from '../../train/runtime.ts';
import { share, type OnProgress } from '../jobs/progress.ts';
import type { MeasuredOutputs } from '../protocol-model.ts';
import type { DataInput } from '../protocol-train.ts';
import { loadDataset } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { forScoring } from '../train/reading.ts';
import { sampledInputs } from './feeds.ts';
import { estimateFidelity } from './made-up.ts';
import { Variants } from './variants.ts';

export interface Versions {
  readonly original: OnnxModel;
  readonly changed: OnnxModel;
  readonly runtime: Runtime;
  readonly turn: () => Promise<void>;
}

export interface SampledVersions extends Versions {
  readonly data: DataInput;
  readonly normalisation: Normalisation;
  /** Only the first so many; all when absent. */
  readonly samples?: number;
  readonly progress: OnProgress;
}

export interface Agreement {
  readonly fidelity: Fidelity;
  readonly notes: readonly string[];
}

/** How many answers of `changed` are the original's. @throws DeepCompressionError of data and models */
export async function agreementOn(versions: SampledVersions): Promise<Agreement> {
  const { original, changed, runtime, turn, normalisation, progress } = versions;
  const graph = decodeGraph(wholeModel(original));
  const { data } = await loadDataset(versions.data, {
    ...{ inputs: sampledInputs(graph), prefer: forScoring },
    turn,
    onRead: (line) => progress({ stage: 'read', layer: line, fraction: 0 }),
  });
  const variants = Variants.open({ runtime, model: original, data, normalisation, turn });
  const all = Uint32Array.from({ length: variants.feeding.groups }, (_, i) => i);
  const wanted = all.filter(
    (group) => variants.feeding.samplesOf(group).from < (versions.samples ?? Infinity),
  );
  const first = share(progress, 0, 0.5);
  const groups = await variants.prepare(wanted, (fraction) =>
    first({ stage: 'run the original', layer: '', fraction }),
  );
  const second = share(progress, 0.5, 1);
  const fidelity = await variants.fidelityOf(wholeModel(changed), groups, (fraction) =>
    second({ stage: 'evaluate', layer: '', fraction }),
  );
  const left = wanted.length - groups.length;
  const few = `${left} of ${wanted.length} samples are left out: their outputs do not fit into memory`;
  return { fidelity, notes: [...(data.notes ?? []), ...(left > 0 ? [few] : [])] };
}

/** The same with a verdict, for the result of a compression. */
export async function measuredOn(versions: SampledVersions): Promise<MeasuredOutputs> {
  const { fidelity } = await agreementOn(versions);
  const on = 'samples';
  return { fidelity: { ...fidelity, on, verdict: verdictOf(fidelity, on) } };
}

export async function estimatedOutputs(
  versions: Versions & { readonly seed: number },
): Promise<MeasuredOutputs> {
  const estimate = await estimateFidelity(versions);
  if ('why' in estimate) return { notMeasured: estimate.why };
  const on = 'made-up inputs';
  const { fidelity } = estimate;
  return { fidelity: { ...fidelity, on, verdict: verdictOf(fidelity, on) } };
}
