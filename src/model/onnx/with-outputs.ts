/** A model that also gives out inner values: what calibration and the simulator measure. */
import { readBytes, type ByteSource } from '../bytes.ts';
import { ModelEdit } from './edit.ts';

/** The model's bytes with these values of its main graph as further outputs; runtimes infer their types. */
export function withOutputs(source: ByteSource, names: readonly string[]): Uint8Array<ArrayBuffer> {
  const editor = new ModelEdit(source);
  for (const name of names) editor.graph.addOutput(name);
  const edited = editor.source();
  return readBytes(edited, 0, edited.size);
}
