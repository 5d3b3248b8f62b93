/**
 * Dimensions of all values of a model's main graph, as they are in one run: what following channels needs,
 * whatever the operators and whatever the file says of shapes.
 */
import { memorySource } from '../../model/bytes.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { withOutputs } from '../../model/onnx/with-outputs.ts';
import type { Observed } from '../../structure/follow.ts';
import type { Feeds, Runtime } from '../../train/runtime.ts';

/** Values that are no tensors. */
const noTensors = /^(Sequence|SplitToSequence|Optional|ConcatFromSequence)/;

/** @throws Error what the runtime says when the model does not open or run */
export async function observeDims(
  { graph }: OnnxModel,
  bytes: Uint8Array<ArrayBuffer>,
  runtime: Runtime,
  feeds: Feeds,
): Promise<Observed> {
  const shown = new Set(graph.outputs.map(({ name }) => name));
  const names = graph.nodes
    .filter(({ opType }) => opType !== 'Constant' && !noTensors.test(opType))
    .flatMap(({ outputs }) => outputs)
    .filter((name) => name !== '' && !shown.has(name));
  const session = await runtime.open(
    withOutputs(memorySource('the model', bytes), [...new Set(names)]),
  );
  try {
    const outputs = await session.run(feeds);
    const given = [...Object.entries(feeds), ...Object.entries(outputs)];
    return new Map(given.map(([name, { dims }]) => [name, dims]));
  } finally {
    await session.close();
  }
}
