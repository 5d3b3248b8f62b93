/**
 * use: how a model is loaded in other programs. Where the model leaves dimensions open, it is run on
 * made-up inputs to find some that it takes.
 */
import { host } from '#host';
import { DeepCompressionError } from '../../model/errors.ts';
import type { ValueInfo } from '../../model/graph.ts';
import { hasOpenShape, makeFeeds, modelInputs, typeNames } from '../activations/sample.ts';
import { workingFeeds } from '../export/measure.ts';
import { openOnnxInput, sharedInput, type OpenedOnnx, type Runtime } from '../input.ts';
import type { UsedValue, UseInput, UseResult } from '../protocol-use.ts';
import { executorsOf } from '../runtime/executor.ts';
import { integerFrom } from '../shape.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { snippetsOf } from '../use/snippets.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';

export const useJob = defineJob<UseInput, UseResult>({
  input: { file: fileInput, seed: integerFrom(0) },
  run: async ({ file, seed }, { onProgress, runtime }) => {
    onProgress({ stage: 'open', layer: '', fraction: 0 });
    const opened = openOnnxInput(sharedInput(file));
    try {
      const { graph } = opened.model;
      const notes: string[] = [];
      const wanted = modelInputs(graph);
      const unknown = wanted.find(({ elemType }) => typeNames[elemType] === undefined);
      if (unknown)
        throw new DeepCompressionError(
          'unsupported',
          `${opened.path}: input ${unknown.name} takes no tensor of numbers, so that no snippet can make one up`,
        );
      const dims = await dimensions(opened, seed, runtime, notes);
      const inputs = wanted.map((value, i) => ({ ...usedValue(value), dims: dims[i] }));
      const outputs = graph.outputs.map(usedValue);
      return {
        input: { path: opened.path, bytes: opened.source.size },
        inputs,
        outputs,
        snippets: snippetsOf({
          file: host.paths.basename(opened.path),
          compressed: opened.dcz !== undefined,
          external: (opened.dcz?.files.length ?? opened.files.length) > 1,
          inputs,
          outputs,
        }),
        notes,
      };
    } finally {
      opened.close();
    }
  },
});

function usedValue({ name, elemType, shape }: ValueInfo): UsedValue {
  return { name, type: typeNames[elemType] ?? '', shape };
}

/** Dimensions of every input, with which the model runs. */
async function dimensions(
  opened: OpenedOnnx,
  seed: number,
  runtime: Runtime,
  notes: string[],
): Promise<(readonly number[])[]> {
  const inputs = modelInputs(opened.model.graph);
  const of = (feeds: Readonly<Record<string, { readonly dims: readonly number[] }>>) =>
    inputs.map(({ name }) => feeds[name].dims);
  if (!hasOpenShape(inputs)) return of(makeFeeds(inputs, undefined, 1, seed).feeds);
  try {
    const [executor] = executorsOf(runtime);
    const bytes = wholeModel(opened.model);
    return of((await workingFeeds(executor, opened.model, bytes, seed)).feeds);
  } catch (error) {
    if (!(error instanceof DeepCompressionError)) throw error;
    notes.push(`open dimensions are 1 in the snippets: put in yours (${error.message})`);
    return of(makeFeeds(inputs, undefined, 1, seed).feeds);
  }
}
