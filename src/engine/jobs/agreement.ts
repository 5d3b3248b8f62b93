/** agreement: how many answers of a changed model are the original's, on the same inputs. */
import { openOnnxInput, sharedInput } from '../input.ts';
import { agreementOn } from '../fidelity/measure.ts';
import type { AgreementInput, AgreementResult } from '../protocol-fidelity.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { integerFrom, optional } from '../shape.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { turns } from '../train/turns.ts';
import { defineJob } from './define.ts';
import { dataInput, fileInput, normalisationInput } from './inputs.ts';
import { monotone } from './progress.ts';

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
    const changed = openOnnxInput(sharedInput(input.file));
    try {
      const original = openOnnxInput(sharedInput(input.against));
      const engine = trainingRuntime(runtime, input.threads);
      try {
        const turn = turns(signal);
        const agreement = await agreementOn({
          ...{ original: original.model, changed: changed.model, runtime: engine, turn, progress },
          data: input.data,
          normalisation: normalisationOf(
            input.normalisation,
            changed.dcz?.recipe ?? original.dcz?.recipe,
          ),
          ...(input.samples !== undefined && { samples: input.samples }),
        });
        return {
          ...agreement,
          seconds: (performance.now() - start) / 1000,
          runtime: engine.name,
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
