/**
 * The checkpoint of a run: one file beside the output, replaced as a whole after an epoch, removed
 * when the run is done. It states which run it is of, so that another run never goes on from it.
 */
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { writeAtomically } from '../../platform/atomic.ts';
import { openFile } from '../../platform/files.ts';
import type { Dataset } from '../../train/dataset/dataset.ts';
import { packPlain, unpackPlain } from '../../train/methods/checkpoint.ts';
import type { Checkpoint } from '../../train/methods/run.ts';

/** A hash of everything that a run follows from. */
export function fingerprint(model: Uint8Array, data: Dataset, settings: object): string {
  const hash = createHash('sha256').update(model).update(JSON.stringify(settings));
  for (const part of [data.values, data.labels, data.targets])
    if (part) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex');
}

export interface CheckpointFile {
  /** Where the earlier run got to, when there was one. */
  readonly found: Checkpoint | undefined;
  save(checkpoint: Checkpoint): Promise<void>;
  remove(): void;
}

/** Writing takes at most about this share of the time. */
const mostShare = 0.1;

/** @throws DeepCompressionError `exists` when the file is of another run, unless `fresh` */
export function openCheckpoint(path: string, run: string, fresh: boolean): CheckpointFile {
  const found = !fresh && existsSync(path) ? read(path, run) : undefined;
  let next = 0;
  return {
    found,
    async save(checkpoint) {
      const start = performance.now();
      if (start < next) return;
      const bytes = packPlain({ run, checkpoint });
      await writeAtomically(path, { overwrite: true }, (sink) => sink.write(bytes));
      const now = performance.now();
      next = now + (now - start) / mostShare;
    },
    remove: () => rmSync(path, { force: true }),
  };
}

function read(path: string, run: string): Checkpoint {
  const file = openFile(path);
  try {
    const content = unpackPlain(readBytes(file, 0, file.size), path);
    const { run: of, checkpoint } = content as { run?: string; checkpoint?: Checkpoint };
    if (of === run && checkpoint) return checkpoint;
  } finally {
    file.close();
  }
  throw new DeepCompressionError(
    'exists',
    `${path} is the checkpoint of another run (other model, data, recipe, seed, runtime or number of threads): start afresh (--fresh), or delete it`,
  );
}
