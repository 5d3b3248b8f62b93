/** sensitivity: how accuracy falls when single layers are pruned or share fewer values, untrained. */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Model } from '../../model/model.ts';
import { decodeGraph } from '../../train/graph.ts';
import { chooseOutput } from '../../train/methods/output.ts';
import { predictionKind } from '../../train/methods/predict.ts';
import { bindSamples } from '../../train/methods/samples.ts';
import { kindsOf, scan, type ScannedTensor } from '../../train/methods/sensitivity.ts';
import { openInput, openOnnxInput, sharedInput } from '../input.ts';
import type { CentroidInit, SensitivityResult } from '../protocol-accuracy.ts';
import type { SensitivityInput } from '../protocol-train.ts';
import { filledText, integerFrom, listOf, number, oneOf, optional } from '../shape.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { loadDataset } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forChoosing } from '../train/reading.ts';
import { checkRecordPath, writeRecord } from '../train/record.ts';
import { scoreBatch } from '../train/training.ts';
import { trainableTensors, type Trainable } from '../train/trainable.ts';
import { turns } from '../train/turns.ts';
import { defineJob } from './define.ts';
import { dataInput, fileInput, normalisationInput, outputPath } from './inputs.ts';
import { monotone } from './progress.ts';

const usualSparsities = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
const usualBits = [1, 2, 3, 4, 5, 6, 7, 8];

export const sensitivityJob = defineJob<SensitivityInput, SensitivityResult>({
  input: {
    file: fileInput,
    data: dataInput,
    output: optional(filledText),
    normalisation: optional(normalisationInput),
    samples: optional(integerFrom(1)),
    sparsities: optional(listOf(number)),
    bits: optional(listOf(integerFrom(1))),
    inits: optional(listOf(oneOf<CentroidInit>({ linear: true, density: true, random: true }))),
    seed: optional(integerFrom(0)),
    only: optional(listOf(integerFrom(0))),
    into: optional(outputPath),
    threads: optional(integerFrom(1)),
  },
  pieces: { divide, join },
  run: async (input, { signal, onProgress, runtime }) => {
    const start = performance.now();
    const progress = monotone(onProgress);
    const { sparsities = usualSparsities, bits = usualBits, inits = ['linear'] } = input;
    for (const s of sparsities) if (!(s >= 0 && s < 1)) throw outOf('sparsities', '0 to below 1');
    for (const b of bits) if (!(b >= 1 && b <= 8)) throw outOf('bits', '1 to 8');
    progress({ stage: 'open', layer: '', fraction: 0 });
    const opened = openOnnxInput(sharedInput(input.file));
    const engine = trainingRuntime(runtime, input.threads);
    try {
      const { model } = opened;
      if (input.into !== undefined) checkInto(input.into, model);
      const graph = decodeGraph(wholeModel(model));
      const output = chooseOutput(graph, input.output);
      const { data, taken } = await loadDataset(input.data, {
        ...{ inputs: graph.inputs, prefer: forChoosing },
        turn: turns(signal),
        onRead: (line) => progress({ stage: 'read', layer: line, fraction: 0 }),
      });
      const samples = bindSamples(
        graph.inputs,
        data,
        normalisationOf(input.normalisation, opened.dcz?.recipe),
      );
      const trainable = trainableTensors(model, graph);
      const tensors = scannedTensors(trainable, opened.path);
      const count = Math.min(data.samples, input.samples ?? data.samples);
      const found = await scan(
        engine,
        graph,
        {
          ...{ samples, output: output.name, batch: scoreBatch },
          kind: predictionKind(graph, output.name),
        },
        tensors,
        {
          sparsities,
          bits,
          inits,
          order: Uint32Array.from({ length: count }, (_, i) => i),
          seed: input.seed ?? 1,
          ...(input.only && { only: input.only }),
        },
        {
          turn: turns(signal),
          onScore: (layer, done, all) => progress({ stage: 'scan', layer, fraction: done / all }),
        },
      );
      const result: SensitivityResult = {
        baseline: found.baseline,
        layers: found.layers.map(({ tensor, pruned, shared }) => ({
          name: tensor.name,
          op: tensor.op,
          kind: tensor.geometry?.kind ?? 'other',
          shape: tensor.shape,
          weights: tensor.parameters,
          pruned,
          shared,
        })),
        kinds: found.kinds,
        seconds: (performance.now() - start) / 1000,
        ...{ runtime: engine.name, taken, scored: output },
        notes: trainable.notes.map((note) => note.replace('not trained', 'not scanned')),
      };
      if (input.into !== undefined) await writeRecord(input.into, { sensitivity: result });
      return result;
    } finally {
      await engine.close();
      opened.close();
    }
  },
});

/** A layer or a kind each. */
function divide({ into: _, ...input }: SensitivityInput): SensitivityInput[] {
  const opened = openOnnxInput(sharedInput(input.file));
  try {
    const trainable = trainableTensors(opened.model, decodeGraph(wholeModel(opened.model)));
    const tensors = scannedTensors(trainable, opened.path);
    const units = tensors.length + kindsOf(tensors).length;
    return Array.from({ length: units }, (_, unit) => ({ ...input, only: [unit] }));
  } finally {
    opened.close();
  }
}

async function join(
  { into }: SensitivityInput,
  results: readonly SensitivityResult[],
): Promise<SensitivityResult> {
  const result = {
    ...results[0],
    layers: results.flatMap(({ layers }) => layers),
    kinds: results.flatMap(({ kinds }) => kinds),
    seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
  };
  if (into !== undefined) await writeRecord(into, { sensitivity: result });
  return result;
}

/** @throws DeepCompressionError `unsupported` where there are none */
function scannedTensors({ byName }: Trainable, path: string): ScannedTensor[] {
  const tensors = [...byName.values()]
    .filter((t) => t.role === 'weight' && t.parameters > 1)
    .map((t): ScannedTensor => ({ ...t, dtype: 'float32' }));
  if (tensors.length > 0) return tensors;
  throw new DeepCompressionError('unsupported', `${path}: no float32 weights to scan`);
}

/** Refuses a .dcz that was made from another model, before anything is scanned for it. */
function checkInto(path: string, model: Model): void {
  const { dcz, model: restored, close } = openInput({ path });
  try {
    if (!dcz) throw new DeepCompressionError('invalid-input', `${path}: not a .dcz file`);
    const named = new Map(model.tensors.map((t) => [t.name, t.shape.join()]));
    if (!restored.tensors.every((t) => named.get(t.name) === t.shape.join()))
      throw new DeepCompressionError('invalid-input', `${path} was not made from ${model.path}`);
  } finally {
    close();
  }
  checkRecordPath(path);
}

function outOf(key: string, range: string): DeepCompressionError {
  return new DeepCompressionError('invalid-input', `${key} must be numbers from ${range}`);
}
