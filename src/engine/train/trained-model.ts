/** A model with trained values, as files in a temporary folder: what is then compressed. */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Model } from '../../model/model.ts';
import { rewriteModel } from '../../model/onnx/rewrite.ts';
import { plainError } from '../../platform/errno.ts';

export interface TrainedModel {
  readonly path: string;
  remove(): void;
}

/** Removes what a process that was ended has left. */
export function removeTrainedOf(pid: number): void {
  for (const name of readdirSync(tmpdir()))
    if (name.startsWith(`deepc-trained-${pid}-`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

/** @param values by tensor id */
export function writeTrained(
  model: Model,
  values: ReadonlyMap<number, Float32Array>,
): TrainedModel {
  const folder = mkdtempSync(join(tmpdir(), `deepc-trained-${process.pid}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const path = join(folder, basename(model.path));
  const open: number[] = [];
  try {
    rewriteModel(model, values, (file) => {
      const name = file === 0 ? path : join(folder, model.files[file].location);
      mkdirSync(dirname(name), { recursive: true });
      const descriptor = openSync(name, 'wx');
      open.push(descriptor);
      return {
        write(bytes) {
          for (let at = 0; at < bytes.length;)
            at += writeSync(descriptor, bytes, at, bytes.length - at);
        },
      };
    });
  } catch (error) {
    remove();
    throw plainError(error, 'write', path);
  } finally {
    for (const descriptor of open) closeSync(descriptor);
  }
  return { path, remove };
}
