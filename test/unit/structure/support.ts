import { memorySource, readBytes } from '../../../src/model/bytes.ts';
import { ModelEdit } from '../../../src/model/onnx/edit.ts';
import type { OnnxModel } from '../../../src/model/onnx/open.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { observeDims } from '../../../src/engine/structure/observe.ts';
import { followChannels, type Followed } from '../../../src/structure/follow.ts';
import { groupsOf, type Groups } from '../../../src/structure/groups.ts';
import { removeChannels } from '../../../src/structure/remove.ts';
import type { Feeds } from '../../../src/train/runtime.ts';
import { open, rewritten, valuesOf } from '../model/support.ts';
import { nodeRuntime } from '../train/runtimes.ts';

/** Fixed inputs of these dimensions. */
export function feedsOf(shapes: Readonly<Record<string, readonly number[]>>, seed = 3): Feeds {
  const random = mulberry32(seed);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, dims]) => {
      const data = Float32Array.from(
        { length: dims.reduce((a, b) => a * b, 1) },
        () => 2 * random() - 1,
      );
      return [name, { type: 'float32', dims, data }];
    }),
  );
}

export interface Analysed {
  readonly model: OnnxModel;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly followed: Followed;
  readonly found: Groups;
}

export async function analysed(bytes: Uint8Array<ArrayBuffer>, feeds: Feeds): Promise<Analysed> {
  const model = open(bytes);
  const followed = followChannels(model, await observeDims(model, bytes, nodeRuntime, feeds));
  return { model, bytes, followed, found: groupsOf(model, followed) };
}

export function without(
  { model, bytes, followed }: Analysed,
  gone: ReadonlySet<number>,
): Uint8Array<ArrayBuffer> {
  const editor = new ModelEdit(memorySource('m.onnx', bytes));
  removeChannels(model, editor, followed, gone);
  const edited = editor.source();
  return readBytes(edited, 0, edited.size);
}

/** The model with zeros where the outputs and inputs of layers on these channels have their weights. */
export function masked(
  { model, found }: Analysed,
  gone: ReadonlySet<number>,
): Uint8Array<ArrayBuffer> {
  const edits = new Map<number, Float32Array>();
  for (const channel of gone)
    for (const { tensor, axis, indices, side } of found.places.get(channel)!) {
      if (side === 'parameter' && model.tensors[tensor].role !== 'bias') continue;
      const { shape } = model.tensors[tensor];
      const values = edits.get(tensor) ?? Float32Array.from(valuesOf(model, model.tensors[tensor]));
      const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      for (let i = 0; i < values.length; i++)
        if (indices.includes(Math.floor(i / inner) % shape[axis])) values[i] = 0;
      edits.set(tensor, values);
    }
  return rewritten(model, edits)[0] as Uint8Array<ArrayBuffer>;
}

export async function outputsOf(
  bytes: Uint8Array<ArrayBuffer>,
  feeds: Feeds,
): Promise<Record<string, number[]>> {
  const session = await nodeRuntime.open(bytes);
  const outputs = await session.run(feeds);
  await session.close();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
  );
}
