/** export: a model that stock runtimes run, stored smaller, checked by running it beside the original. */
import { host } from '#host';
import { memorySource, readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { ModelEdit } from '../../model/onnx/edit.ts';
import { openOnnx } from '../../model/onnx/open.ts';
import { exportFormats, type ExportName } from '../../export/formats.ts';
import type { Fidelity } from '../../fidelity/compare.ts';
import { decodeGraph } from '../../train/graph.ts';
import { measureBoth } from '../export/measure.ts';
import { sampledInputs } from '../fidelity/feeds.ts';
import { Variants } from '../fidelity/variants.ts';
import { openOnnxInput, sharedInput, type OpenedOnnx, type Runtime } from '../input.ts';
import { onnxKind } from '../output-kinds.ts';
import type { ExportInput, ExportResult } from '../protocol-export.ts';
import { executorsOf } from '../runtime/executor.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { oneOf } from '../shape.ts';
import { dataFiles, loadDataset } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forScoring } from '../train/reading.ts';
import { turns } from '../train/turns.ts';
import { defineJob } from './define.ts';
import { rewriteInput } from './inputs.ts';
import { monotone } from './progress.ts';

export const exportJob = defineJob<ExportInput, ExportResult>({
  input: {
    ...rewriteInput,
    to: oneOf<ExportName>({ fp16: true, int8: true, int4: true, codebook: true }),
  },
  run: async (input, { signal, onProgress, runtime }) => {
    const progress = monotone(onProgress);
    const turn = turns(signal);
    progress({ stage: 'open', layer: '', fraction: 0 });
    const opened = openOnnxInput(sharedInput(input.file));
    try {
      const inputs = [...opened.files, ...dataFiles(input.data)];
      const rule = { kind: onnxKind, overwrite: input.overwrite, inputs };
      host.files.place(input.out, rule);
      const original = wholeModel(opened.model);
      const source = memorySource(opened.path, original);
      const model = openOnnx(opened.path, source, noData);
      const editor = new ModelEdit(source);
      const layers = exportFormats[input.to].apply({ model, editor });
      await turn();
      const edited = editor.source();
      const exported = readBytes(edited, 0, edited.size);
      openOnnx(input.out, memorySource(input.out, exported), noData);
      progress({ stage: 'run both', layer: '', fraction: 0.2 });
      const executors = executorsOf(runtime);
      const measured = await measureBoth(model, original, exported, executors, input.seed, turn);
      progress({ stage: 'run the samples', layer: '', fraction: 0.5 });
      const sampled = input.data && (await onSamples(input, opened, exported, runtime, turn));
      progress({ stage: 'write', layer: '', fraction: 0.9 });
      host.files.checkSpace(input.out, exported.length, `the export of ${opened.path}`);
      const bytes = await host.files.write(input.out, rule, async (sink) => {
        await turn();
        sink.write(exported);
      });
      const unchanged = layers.every((layer) => layer.done === '');
      return {
        input: { path: opened.path, bytes: opened.source.size },
        output: { path: input.out, bytes },
        layers,
        ...measured,
        ...(sampled && { fidelity: sampled.fidelity }),
        notes: [
          ...(unchanged
            ? ['no layer could be stored in this form: the export is the original']
            : []),
          ...(sampled?.notes ?? []),
        ],
      };
    } finally {
      opened.close();
    }
  },
});

const noData = (): never => {
  throw new DeepCompressionError('not-found', 'external data of a model that holds them itself');
};

/** How many answers of the export are the original's. */
async function onSamples(
  input: ExportInput,
  opened: OpenedOnnx,
  exported: Uint8Array<ArrayBuffer>,
  runtime: Runtime,
  turn: () => Promise<void>,
): Promise<{ fidelity: Fidelity; notes: readonly string[] }> {
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
    const all = Uint32Array.from({ length: variants.feeding.groups }, (_, i) => i);
    const { feeding } = variants;
    const wanted = all.filter((g) => feeding.samplesOf(g).from < (input.samples ?? Infinity));
    const groups = await variants.prepare(wanted, () => {});
    const fidelity = await variants.fidelityOf(exported, groups);
    const left = wanted.length - groups.length;
    const few = `${left} of ${wanted.length} samples are left out: their outputs do not fit into memory`;
    return { fidelity, notes: [...(data.notes ?? []), ...(left > 0 ? [few] : [])] };
  } finally {
    await engine.close();
  }
}
