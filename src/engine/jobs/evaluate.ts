/** evaluate: accuracy and loss of a model, or of what a .dcz restores, on labelled data. */
import { decodeGraph } from '../../train/graph.ts';
import { chooseOutput, withOutput } from '../../train/methods/output.ts';
import { openPredictor, predictionKind } from '../../train/methods/predict.ts';
import { bindSamples } from '../../train/methods/samples.ts';
import { openOnnxInput, sharedInput } from '../input.ts';
import type { EvaluateInput, EvaluateResult } from '../protocol-train.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { filledText, integerFrom, optional } from '../shape.ts';
import { loadDataset } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forScoring } from '../train/reading.ts';
import { scoreBatch } from '../train/training.ts';
import { turns } from '../train/turns.ts';
import { defineJob } from './define.ts';
import { dataInput, fileInput, normalisationInput } from './inputs.ts';
import { monotone } from './progress.ts';

export const evaluateJob = defineJob<EvaluateInput, EvaluateResult>({
  input: {
    file: fileInput,
    data: dataInput,
    output: optional(filledText),
    normalisation: optional(normalisationInput),
    batch: optional(integerFrom(1)),
    samples: optional(integerFrom(1)),
    threads: optional(integerFrom(1)),
  },
  run: async (input, { signal, onProgress, runtime }) => {
    const progress = monotone(onProgress);
    progress({ stage: 'open', layer: '', fraction: 0 });
    const opened = openOnnxInput(sharedInput(input.file));
    const engine = trainingRuntime(runtime, input.threads);
    try {
      const bytes = wholeModel(opened.model);
      const graph = decodeGraph(bytes);
      const turn = turns(signal);
      const output = chooseOutput(graph, input.output);
      const { data, taken } = await loadDataset(input.data, {
        ...{ inputs: graph.inputs, prefer: forScoring },
        turn,
        onRead: (line) => progress({ stage: 'read', layer: line, fraction: 0 }),
      });
      const normalisation = normalisationOf(input.normalisation, opened.dcz?.recipe);
      const samples = bindSamples(graph.inputs, data, normalisation);
      const predictor = await openPredictor(engine, withOutput(bytes, graph, output), {
        samples,
        kind: predictionKind(graph, output.name),
        output: output.name,
        batch: input.batch ?? scoreBatch,
      });
      try {
        const count = Math.min(data.samples, input.samples ?? data.samples);
        const order = Uint32Array.from({ length: count }, (_, i) => i);
        const start = performance.now();
        const score = await predictor.score(order, {}, async (done, of) => {
          progress({ stage: 'evaluate', layer: '', fraction: done / of });
          await turn();
        });
        const seconds = (performance.now() - start) / 1000;
        return {
          ...score,
          ...{ seconds, runtime: engine.name, normalisation, taken, scored: output },
          notes: data.notes ?? [],
        };
      } finally {
        await predictor.close();
      }
    } finally {
      await engine.close();
      opened.close();
    }
  },
});
