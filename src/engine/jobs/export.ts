/** export: a model that stock runtimes run, stored smaller, checked by running it beside the original. */
import { host } from '#host';
import { memorySource } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { openOnnx } from '../../model/onnx/open.ts';
import { DataFile } from '../../export/data-file.ts';
import { exportFormats, type ExportFormat, type ExportName } from '../../export/formats.ts';
import { exportWith } from '../export/apply.ts';
import { measureBoth } from '../export/measure.ts';
import { openSamples, type ExportSamples } from '../export/samples.ts';
import { openOnnxInput, sharedInput } from '../input.ts';
import { onnxKind } from '../output-kinds.ts';
import type { ExportInput, ExportResult } from '../protocol-export.ts';
import { executorsOf } from '../runtime/executor.ts';
import { flag, number, oneOf, optional } from '../shape.ts';
import { openWhole } from '../structure/analyse.ts';
import { dataFiles } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { turns } from '../train/turns.ts';
import { defineJob } from './define.ts';
import { rewriteInput } from './inputs.ts';
import { monotone } from './progress.ts';

export const exportJob = defineJob<ExportInput, ExportResult>({
  input: {
    ...rewriteInput,
    to: oneOf<ExportName>({
      fp16: true,
      int8: true,
      'int8-qdq': true,
      int4: true,
      'matmul-nbits': true,
      codebook: true,
      external: true,
    }),
    fold: optional(flag),
    percentile: optional(number),
  },
  run: async (input, { signal, onProgress, runtime }) => {
    const progress = monotone(onProgress);
    const turn = turns(signal);
    progress({ stage: 'open', layer: '', fraction: 0 });
    const form: ExportFormat = exportFormats[input.to];
    checkAsked(input, form);
    const opened = openOnnxInput(sharedInput(input.file));
    let samples: ExportSamples | undefined;
    try {
      const inputs = [...opened.files, ...dataFiles(input.data)];
      const rule = { kind: onnxKind, overwrite: input.overwrite, inputs };
      host.files.place(input.out, rule);
      const data = new DataFile(`${host.paths.basename(input.out)}.data`);
      const [dataFile] =
        input.to === 'external' ? host.files.dataPlaces(input.out, [data.location]) : [];
      const original = wholeModel(opened.model);
      const executors = executorsOf(runtime);
      samples = input.data && (await openSamples(input, opened, runtime, form, turn));
      const work = { original, path: opened.path, form, data, executor: executors[0], turn };
      const { bytes, layers, notes } = await exportWith(input, work, samples?.calibrating);
      const weights = dataBytes(data);
      openOnnx(input.out, memorySource(input.out, bytes), () =>
        memorySource(data.location, weights),
      );
      progress({ stage: 'run both', layer: '', fraction: 0.2 });
      const externals = data.size > 0 ? [{ path: data.location, data: weights }] : [];
      const model = openWhole(opened.path, original);
      const measured = await measureBoth(
        ...([model, original, bytes, executors, input.seed, turn] as const),
        { externals, sample: samples?.first },
      );
      progress({ stage: 'run the samples', layer: '', fraction: 0.5 });
      // what lies outside is what it was: the samples would see no difference
      const sampled = externals.length === 0 ? await samples?.compare(bytes) : undefined;
      progress({ stage: 'write', layer: '', fraction: 0.9 });
      const total = bytes.length + data.size;
      host.files.checkSpace(input.out, total, `the export of ${opened.path}`);
      const locations = externals.map(({ path }) => path);
      await host.files.writeSet(input.out, locations, rule, async (sink, file) => {
        await turn();
        if (file === 0) sink.write(bytes);
        else data.write(sink);
      });
      const unchanged = layers.every((layer) => layer.done === '');
      return {
        input: {
          path: opened.path,
          bytes: opened.dcz
            ? opened.source.size
            : opened.model.files.reduce((sum, { source }) => sum + source.size, 0),
        },
        output: { path: input.out, bytes: total },
        ...(externals.length > 0 && { dataFile }),
        layers,
        ...measured,
        ...(sampled && { fidelity: sampled.fidelity }),
        notes: [
          ...(unchanged
            ? ['no layer could be stored in this form: the export is the original']
            : []),
          ...notes,
          ...(sampled?.notes ?? []),
        ],
      };
    } finally {
      await samples?.close();
      opened.close();
    }
  },
});

function checkAsked({ to, data, percentile }: ExportInput, form: ExportFormat): void {
  if (form.ranges && !data)
    throw new DeepCompressionError(
      'invalid-input',
      `${to} takes the ranges of activations from sample inputs: give --data`,
    );
  if (percentile !== undefined && !form.ranges)
    throw new DeepCompressionError('invalid-input', `${to} has no ranges to cut at a percentile`);
  if (percentile !== undefined && !(percentile > 50 && percentile <= 100))
    throw new DeepCompressionError(
      'invalid-input',
      `a percentile is above 50 and at most 100, not ${percentile}`,
    );
}

function dataBytes(data: DataFile): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.size);
  let at = 0;
  data.write({
    write(part) {
      bytes.set(part, at);
      at += part.length;
    },
  });
  return bytes;
}
