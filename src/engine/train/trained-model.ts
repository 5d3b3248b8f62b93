/** A model with trained values, as files in a temporary folder: what is then compressed. */
import { host } from '#host';
import type { Model } from '../../model/model.ts';
import { rewriteModel } from '../../model/onnx/rewrite.ts';

export interface TrainedModel {
  readonly path: string;
  remove(): void;
}

/** @param values by tensor id */
export function writeTrained(
  model: Model,
  values: ReadonlyMap<number, Float32Array>,
): TrainedModel {
  const name = host.paths.basename(model.path);
  const folder = host.files.temporaryFolder('trained');
  try {
    rewriteModel(model, values, (file) =>
      folder.create(file === 0 ? name : model.files[file].location),
    );
  } catch (error) {
    folder.remove();
    throw error;
  } finally {
    folder.close();
  }
  return { path: host.paths.join(folder.path, name), remove: () => folder.remove() };
}
