/** What a model costs: values of its tensors, work of a run, bytes. */
import { isCompressible } from '../../model/dtype.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { Observed } from '../../structure/follow.ts';
import { workOf } from '../../structure/work.ts';
import type { Feeds, Runtime } from '../../train/runtime.ts';
import type { ModelCost } from '../protocol-slim.ts';
import { openWhole } from './analyse.ts';
import { observeDims } from './observe.ts';

export function costOf(model: OnnxModel, observed: Observed, bytes: number): ModelCost {
  const parameters = model.tensors.reduce(
    (sum, tensor) => sum + (isCompressible(tensor.dtype) ? tensor.parameters : 0),
    0,
  );
  return { parameters, macs: workOf(model, observed).total, bytes };
}

/** Of a model that holds all its data itself, from a run on `feeds`. */
export async function measuredCost(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  feeds: Feeds,
  runtime: Runtime,
): Promise<ModelCost> {
  const model = openWhole(name, bytes);
  return costOf(model, await observeDims(model, bytes, runtime, feeds), bytes.length);
}
