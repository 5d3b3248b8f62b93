/** agreement: how many answers of a changed model are the original's, on the same inputs. */
import { decodeGraph } from '../../train/graph.ts';
import { openInput, sharedInput } from '../input.ts';
import { sampledInputs } from '../fidelity/feeds.ts';
import { Variants } from '../fidelity/variants.ts';
import type { AgreementInput, AgreementResult } from '../protocol-fidelity.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { integerFrom, optional } from '../shape.ts';
import { loadDataset } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forScoring } from '../train/reading.ts';
import { turns } from '../train/turns.ts';
import { defineJob } from './define.ts';
import { dataInput, fileInput, normalisationInput } from './inputs.ts';
import { monotone, share } from './progress.ts';

export const agreementJob = defineJob<AgreementInput, AgreementResult>({
  input: {
    file: fileInput,
    against: fileInput,
    data: dataInput,
    normalisation: optional(normalisationInput),
    samples: optional(integerFrom(1)),
    threads: optional(integerFrom(1)),
  },
  run: async (input, { signal, onProgress, runtime }) => {
    const start = performance.now();
    const progress = monotone(onProgress);
    progress({ stage: 'open', layer: '', fraction: 0 });
    const changed = openInput(sharedInput(input.file));
    try {
      const original = openInput(sharedInput(input.against));
      const engine = trainingRuntime(runtime, input.threads);
      try {
        const turn = turns(signal);
        const graph = decodeGraph(wholeModel(original.model));
        const { data } = await loadDataset(input.data, {
          ...{ inputs: sampledInputs(graph), prefer: forScoring },
          turn,
          onRead: (line) => progress({ stage: 'read', layer: line, fraction: 0 }),
        });
        const normalisation = normalisationOf(
          input.normalisation,
          changed.dcz?.recipe ?? original.dcz?.recipe,
        );
        const variants = Variants.open({
          ...{ runtime: engine, model: original.model, data, normalisation, turn },
        });
        const all = Uint32Array.from({ length: variants.feeding.groups }, (_, i) => i);
        const wanted = all.filter(
          (g) => variants.feeding.samplesOf(g).from < (input.samples ?? Infinity),
        );
        const first = share(progress, 0, 0.5);
        const groups = await variants.prepare(wanted, (fraction) =>
          first({ stage: 'run the original', layer: '', fraction }),
        );
        const second = share(progress, 0.5, 1);
        const fidelity = await variants.fidelityOf(wholeModel(changed.model), groups, (fraction) =>
          second({ stage: 'evaluate', layer: '', fraction }),
        );
        const left = wanted.length - groups.length;
        const few = `${left} of ${wanted.length} samples are left out: their outputs do not fit into memory`;
        return {
          fidelity,
          seconds: (performance.now() - start) / 1000,
          runtime: engine.name,
          notes: [...(data.notes ?? []), ...(left > 0 ? [few] : [])],
        };
      } finally {
        await engine.close();
        original.close();
      }
    } finally {
      changed.close();
    }
  },
});
