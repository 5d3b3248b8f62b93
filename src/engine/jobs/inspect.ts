/**
 * inspect: what a model holds, and the statistics of every numeric tensor, read in parallel blocks.
 * A .dcz is inspected as the model it restores.
 */
import { host } from '#host';
import { blockWeights } from '../../compress/coded.ts';
import { isNumeric } from '../../model/dtype.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import type { Model, Tensor } from '../../model/model.ts';
import { isOnnx } from '../../model/onnx/open.ts';
import { ahead } from '../ahead.ts';
import { DistinctCounter, type DistinctPart } from '../../measure/distinct.ts';
import { openInput, sharedInput, type Opened } from '../input.ts';
import { merged, noStatistics, spreadOf } from '../../measure/statistics.ts';
import { startCrew, type Crew } from '../pool.ts';
import type { InspectedLayer, InspectInput, InspectResult } from '../protocol-model.ts';
import { flag, integerFrom, optional } from '../shape.ts';
import { distinctKind, type BlockStatistics } from '../workbench.ts';
import { crewSize } from './crew-size.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';
import { monotone } from './progress.ts';

type Statistics = Pick<InspectedLayer, 'zeros' | 'distinct' | 'min' | 'max' | 'mean' | 'std'>;

const unknown: Statistics = {
  zeros: null,
  distinct: null,
  min: null,
  max: null,
  mean: null,
  std: null,
};

export const inspectJob = defineJob<InspectInput, InspectResult>({
  input: { file: fileInput, statistics: flag, threads: optional(integerFrom(1)) },
  run: async (input, { signal, onProgress, runtime }) => {
    const shared = sharedInput(input.file);
    const opened = openInput(shared);
    try {
      throwIfCancelled(signal);
      const { model } = opened;
      if (!input.statistics) return inspected(opened, () => unknown);
      const wanted = input.threads ?? Math.min(8, host.cores());
      const crew = startCrew(shared, {
        workerFile: runtime.workerFile,
        threads: crewSize(wanted, total(model)),
        signal,
      });
      try {
        const statistics = await allStatistics(model, crew, monotone(onProgress));
        return inspected(opened, (tensor) => statistics[tensor.id]);
      } finally {
        await crew.dispose();
      }
    } finally {
      opened.close();
    }
  },
});

function inspected(opened: Opened, statistics: (tensor: Tensor) => Statistics): InspectResult {
  const { model, source, dcz, path } = opened;
  return {
    model: {
      path,
      bytes: source.size,
      format: dcz ? 'dcz' : model.format,
      version: model.version,
      ...(isOnnx(model) && { irVersion: model.irVersion, opsets: model.opsets }),
      producer: model.producer,
    },
    parameters: total(model),
    layers: model.tensors.map((t) => ({
      name: t.name,
      path: t.path,
      op: t.op,
      role: t.role,
      shape: t.shape,
      dtype: t.dtype,
      storage: t.storage,
      bytes: t.bytes,
      parameters: t.parameters,
      ...(t.quantization && { quantization: t.quantization }),
      ...statistics(t),
    })),
    notes: model.notes,
  };
}

function total(model: Model): number {
  return model.tensors.reduce((sum, t) => sum + t.parameters, 0);
}

async function allStatistics(
  model: Model,
  crew: Crew,
  onProgress: ReturnType<typeof monotone>,
): Promise<Statistics[]> {
  const all = total(model);
  let done = 0;
  const results: Statistics[] = new Array<Statistics>(model.tensors.length).fill(unknown);
  const one = async (tensor: Tensor): Promise<void> => {
    results[tensor.id] = await statisticsOf(tensor, crew, (values) => {
      done += values;
      onProgress({ stage: 'statistics', layer: tensor.name, fraction: done / all });
    });
  };
  // Small tensors side by side; large ones one after another, as their bitmaps take memory.
  const numeric = model.tensors.filter((t) => t.parameters > 0 && isNumeric(t.dtype));
  const small = ahead(
    numeric.filter((t) => t.parameters <= blockWeights),
    crew.size * 8,
    one,
  );
  while (!(await small.next()).done);
  for (const tensor of numeric.filter((t) => t.parameters > blockWeights)) await one(tensor);
  return results;
}

async function statisticsOf(
  tensor: Tensor,
  crew: Crew,
  onValues: (values: number) => void,
): Promise<Statistics> {
  const { id, parameters } = tensor;
  const last = parameters <= blockWeights;
  const read = async (start: number): Promise<BlockStatistics> => {
    const length = Math.min(blockWeights, parameters - start);
    const piece = { kind: 'statistics', tensor: id, start, length, last } as const;
    return (await crew.perform(piece)) as BlockStatistics;
  };
  try {
    let seen = noStatistics;
    let ofAll: number | null = null;
    // A few blocks ahead and no more: a shape can claim any number of them.
    for await (const { result } of ahead(starts(parameters), crew.size * 2 + 1, read)) {
      seen = merged(seen, result.statistics);
      ofAll = result.distinct;
      onValues(result.statistics.values);
    }
    const distinct = last ? ofAll : await gatheredDistinct(tensor, crew);
    return { zeros: seen.zeros, distinct, ...spreadOf(seen) };
  } catch (error) {
    // Missing external data: the structure is still worth showing.
    if (error instanceof DeepCompressionError && error.code === 'not-found') return unknown;
    throw error;
  }
}

function* starts(parameters: number): Generator<number> {
  for (let start = 0; start < parameters; start += blockWeights) yield start;
}

/** Merges what every thread saw of a tensor. */
async function gatheredDistinct(tensor: Tensor, crew: Crew): Promise<number | null> {
  const parts = await crew.performOnEach({ kind: 'distinct', tensor: tensor.id });
  const counter = new DistinctCounter(distinctKind(tensor.dtype));
  for (const part of parts) if (part) counter.merge(part as DistinctPart);
  return counter.count();
}
