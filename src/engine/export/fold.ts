/** Folds constants, which the runtime computes, and then normalisations, before a model is exported. */
import { foldConstants, constantNodes } from '../../export/fold-constants.ts';
import { foldNormalisations } from '../../export/fold-normalisations.ts';
import { memorySource, readBytes } from '../../model/bytes.ts';
import { ModelEdit } from '../../model/onnx/edit.ts';
import type { NewTensor } from '../../model/onnx/edit-parts.ts';
import { withOutputs } from '../../model/onnx/with-outputs.ts';
import type { Feeds, HostTensor, Runtime } from '../../train/runtime.ts';
import { typeNames } from '../activations/sample.ts';
import { openWhole } from '../structure/analyse.ts';

export interface Folded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly notes: readonly string[];
}

/** @param feeds with which the model runs */
export async function folded(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  runtime: Runtime,
  feeds: Feeds,
): Promise<Folded> {
  const model = openWhole(path, bytes);
  const nodes = constantNodes(model);
  const values = new Map<string, NewTensor>();
  if (nodes.length > 0) {
    const names = nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
    const session = await runtime.open(withOutputs(memorySource(path, bytes), names));
    try {
      const outputs = await session.run(feeds);
      for (const name of names) {
        const value = outputs[name] && newTensor(outputs[name]);
        if (value) values.set(name, value);
      }
    } finally {
      await session.close();
    }
  }
  const first = new ModelEdit(memorySource(path, bytes));
  const gone = foldConstants(model, first, nodes, values);
  const between = writtenBy(first);
  const second = new ModelEdit(memorySource(path, between));
  const normalisations = foldNormalisations(openWhole(path, between), second);
  return {
    bytes: writtenBy(second),
    notes: [
      `${gone} nodes that read constants alone became constants, ${nodes.length - gone} stay: what they give is larger`,
      `${normalisations.folded} normalisations went into their convolutions`,
      ...normalisations.left.map((line) => `BatchNormalization stays: ${line}`),
    ],
  };
}

function writtenBy(editor: ModelEdit): Uint8Array<ArrayBuffer> {
  const edited = editor.source();
  return readBytes(edited, 0, edited.size) as Uint8Array<ArrayBuffer>;
}

function newTensor({ type, dims, data }: HostTensor): NewTensor | undefined {
  if (!Object.values(typeNames).includes(type)) return undefined;
  const dtype = type as NewTensor['dtype'];
  return {
    dtype,
    shape: dims,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}
