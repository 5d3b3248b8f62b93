/**
 * The checkpoint of a run: one file beside the output, replaced as a whole after an epoch, removed
 * when the run is done. It states which run it is of, so that another run never goes on from it.
 */
import { host } from '#host';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OutputRule } from '../../platform/port.ts';
import { checkpointKind } from '../checkpoint-kind.ts';
import type { RetrainInput } from '../protocol-train.ts';
import type { Dataset } from '../../train/dataset/dataset.ts';
import { packPlain, unpackPlain } from '../../train/methods/checkpoint.ts';
import { isCheckpointShape } from '../../train/methods/checkpoint-shape.ts';
import type { Checkpoint } from '../../train/methods/run.ts';

/** A hash of everything that a run follows from. */
export function fingerprint(model: Uint8Array, data: Dataset, settings: object): string {
  const others = [...(data.others?.values() ?? [])].map((array) => array.data);
  const arrays = [data.values, data.labels, data.targets, ...others].flatMap((part) =>
    part ? [new Uint8Array(part.buffer, part.byteOffset, part.byteLength)] : [],
  );
  return host.sha256([model, JSON.stringify(settings), ...arrays]);
}

export interface CheckpointFile {
  /** Where the earlier run got to, when there was one. */
  readonly found: Checkpoint | undefined;
  /** Why there is none to go on from, when one could not be written. */
  readonly notes: readonly string[];
  save(checkpoint: Checkpoint): Promise<void>;
  remove(): void;
}

/** Writing takes at most about this share of the time. */
const mostShare = 0.1;

export function checkpointPath({ out, checkpoint }: RetrainInput): string {
  return checkpoint ?? `${out}.checkpoint`;
}

/** A checkpoint is replaced by the next one of its run, or of one that begins afresh. */
function ruleOf(inputs: readonly string[]): OutputRule {
  return { kind: checkpointKind, overwrite: true, inputs };
}

/** @throws DeepCompressionError `invalid-input` when another kind of file, or an input, has its name */
export function checkCheckpoint(path: string, inputs: readonly string[]): void {
  host.files.place(path, ruleOf(inputs));
}

/**
 * A checkpoint that cannot be written does not end the run: a note says so.
 * @throws DeepCompressionError `invalid-input` when the file is of another run, unless `fresh`
 */
export function openCheckpoint(path: string, run: string, fresh: boolean): CheckpointFile {
  const found = !fresh && host.files.exists(path) ? read(path, run) : undefined;
  const notes: string[] = [];
  const attempt = async (action: () => Promise<unknown> | void): Promise<void> => {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof DeepCompressionError)) throw error;
      if (notes.length === 0) notes.push(`no checkpoint to go on from was kept: ${error.message}`);
    }
  };
  let next = 0;
  return {
    found,
    notes,
    async save(checkpoint) {
      const start = performance.now();
      if (start < next) return;
      const bytes = packPlain({ run, checkpoint });
      await attempt(() => host.files.write(path, ruleOf([]), (sink) => sink.write(bytes)));
      const now = performance.now();
      next = now + (now - start) / mostShare;
    },
    remove: () => removeCheckpoint(path),
  };
}

/** Deletes a checkpoint, and no other file. */
export function removeCheckpoint(path: string): void {
  host.files.remove(path, checkpointKind);
}

function read(path: string, run: string): Checkpoint {
  const file = host.files.open(path);
  try {
    const content = unpackPlain(readBytes(file, 0, file.size), path);
    const { run: of, checkpoint } = (content ?? {}) as { run?: unknown; checkpoint?: unknown };
    if (of === run && isCheckpointShape(checkpoint)) return checkpoint;
  } catch (error) {
    if (error instanceof DeepCompressionError && error.code === 'io') throw error;
    // anything else is what is in the file
  } finally {
    file.close();
  }
  throw new DeepCompressionError(
    'invalid-input',
    `${path} is not a checkpoint of this run (it is damaged, or of another model, data, recipe, seed, runtime or number of threads): start afresh (--fresh), or delete it`,
  );
}
