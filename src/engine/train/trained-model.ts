/** A model with trained values, as files in a temporary folder: what is then compressed. */
import { host } from '#host';
import type { ByteSink } from '../../model/bytes.ts';
import type { Model } from '../../model/model.ts';
import { rewriteModel } from '../../model/onnx/rewrite.ts';

export interface TrainedModel {
  readonly path: string;
  remove(): void;
}

/** A model that is in one file, under the name of the one it was made from. */
export function writeWhole({ path }: Model, bytes: Uint8Array): TrainedModel {
  return written(path, (create) => create(host.paths.basename(path)).write(bytes));
}

/** @param values by tensor id */
export function writeTrained(
  model: Model,
  values: ReadonlyMap<number, Float32Array>,
): TrainedModel {
  return written(model.path, (create) =>
    rewriteModel(model, values, (file) =>
      create(file === 0 ? host.paths.basename(model.path) : model.files[file].location),
    ),
  );
}

function written(path: string, write: (create: (name: string) => ByteSink) => void): TrainedModel {
  const folder = host.files.temporaryFolder('trained');
  try {
    write((name) => folder.create(name));
  } catch (error) {
    folder.remove();
    throw error;
  } finally {
    folder.close();
  }
  const file = host.paths.join(folder.path, host.paths.basename(path));
  return { path: file, remove: () => folder.remove() };
}
