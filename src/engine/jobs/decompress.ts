/**
 * decompress: the model a .dcz holds, and its external data files beside it. Threads decode blocks,
 * this one writes them in order; at most a few blocks a thread are in memory at a time.
 */
import { lstatSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { blockWeights } from '../../compress/coded.ts';
import type { Dcz } from '../../container/read.ts';
import type { ByteSink } from '../../model/bytes.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { checkLocation } from '../../model/location.ts';
import { writeAtomically } from '../../platform/atomic.ts';
import { plainError } from '../../platform/errno.ts';
import { ahead } from '../ahead.ts';
import { openInput, pathsOf, sharedInput } from '../input.ts';
import { startCrew, type Crew } from '../pool.ts';
import type { DecompressInput, DecompressResult } from '../protocol-model.ts';
import { filledText, flag, integerFrom } from '../shape.ts';
import { crewSize } from './crew-size.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';
import { monotone, type OnProgress } from './progress.ts';

/** Kept bytes are copied in pieces of this size, and the event loop turns between them. */
const pieceBytes = 4 << 20;

export const decompressJob = defineJob<DecompressInput, DecompressResult>({
  input: { file: fileInput, out: filledText, overwrite: flag, threads: integerFrom(1) },
  run: async (input, { signal, onProgress, runtime }) => {
    const start = performance.now();
    const shared = sharedInput(input.file);
    const opened = openInput(shared);
    try {
      const { dcz, path, source } = opened;
      if (!dcz)
        throw new DeepCompressionError(
          'invalid-input',
          `${path}: not a .dcz file, nothing to restore`,
        );
      const targets = targetsOf(dcz, input.out);
      refuseEarly(targets, input.overwrite);
      const crew = startCrew(shared, {
        workerFile: runtime.workerFile,
        threads: crewSize(
          input.threads,
          dcz.tensors.reduce((sum, t) => sum + t.coded.weights, 0),
        ),
        signal,
      });
      const progress = portions(dcz, monotone(onProgress));
      const written: string[] = []; // new files, taken back when a later one fails
      const sizes: number[] = [];
      try {
        // The model last: once it is there, everything it needs is.
        for (let i = targets.length - 1; i >= 0; i--) {
          if (i > 0) prepareFolder(targets[i], input.out);
          const isNew = lstatSync(targets[i], { throwIfNoEntry: false }) === undefined;
          sizes[i] = await writeAtomically(
            targets[i],
            { overwrite: input.overwrite, forbid: pathsOf(input.file) },
            (sink) => writeFile(dcz, i, sink, crew, signal, progress),
          );
          if (isNew) written.push(targets[i]);
        }
        return {
          input: { path, bytes: source.size },
          output: { path: input.out, bytes: sizes[0] },
          externalFiles: targets.slice(1),
          seconds: (performance.now() - start) / 1000,
        };
      } catch (error) {
        for (const file of written) rmSync(file, { force: true });
        throw error;
      } finally {
        await crew.dispose();
      }
    } finally {
      opened.close();
    }
  },
});

/** Where each file goes: the model to `out`, external data below the same folder. */
function targetsOf(dcz: Dcz, out: string): string[] {
  const targets = dcz.files.map(({ location }, i) =>
    i === 0 ? out : join(dirname(out), checkLocation(location)),
  );
  const clash = targets.slice(1).find((t) => resolve(t) === resolve(out));
  if (clash !== undefined)
    throw new DeepCompressionError(
      'invalid-input',
      `${out} is the name of the model's external data: choose another output`,
    );
  return targets;
}

/** All conflicts are found before anything is written, and nothing is written through a link. */
function refuseEarly(targets: readonly string[], overwrite: boolean): void {
  targets.forEach((target, i) => {
    const there = lstatSync(target, { throwIfNoEntry: false });
    if (!there) return;
    if (i > 0 && there.isSymbolicLink())
      throw new DeepCompressionError('io', `cannot write ${target}: it is a symbolic link`);
    if (!overwrite) throw new DeepCompressionError('exists', `${target} already exists`);
  });
}

/** Makes the folder of an external file, which no link may lead out of the model's folder. */
function prepareFolder(target: string, out: string): void {
  const folder = dirname(target);
  const home = dirname(resolve(out));
  try {
    mkdirSync(folder, { recursive: true });
    const real = realpathSync(folder);
    const realHome = realpathSync(home);
    if (real === realHome || real.startsWith(realHome.endsWith(sep) ? realHome : realHome + sep))
      return;
  } catch (error) {
    throw plainError(error, 'write', target);
  }
  throw new DeepCompressionError(
    'io',
    `cannot write ${target}: a symbolic link leads out of the model's folder`,
  );
}

function portions(dcz: Dcz, onProgress: OnProgress): (bytes: number) => void {
  const total = dcz.files.reduce((sum, f) => sum + f.size, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress({ stage: 'restore', layer: '', fraction: total === 0 ? 1 : done / total });
  };
}

async function writeFile(
  dcz: Dcz,
  file: number,
  sink: ByteSink,
  crew: Crew,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<void> {
  const source = dcz.fileSource(file);
  const blocks = ahead(blocksOf(dcz, file), crew.size * 2 + 1, (block) =>
    crew.perform({ kind: 'restore', ...block }),
  );
  for (const part of dcz.parts(file)) {
    if (part.kind === 'rest') {
      for (let done = 0; done < part.length;) {
        const piece = new Uint8Array(Math.min(pieceBytes, part.length - done));
        source.readInto(piece, part.offset + done);
        sink.write(piece);
        done += piece.length;
        progress(piece.length);
        if (piece.length === pieceBytes) await new Promise((next) => setImmediate(next));
        throwIfCancelled(signal);
      }
    } else {
      for (let left = blockCount(dcz, part.tensor); left > 0; left--) {
        const next = await blocks.next();
        throwIfCancelled(signal);
        const bytes = next.value?.result as Uint8Array;
        sink.write(bytes);
        progress(bytes.length);
      }
    }
  }
}

/** The blocks of a file in the order they are written. */
function* blocksOf(dcz: Dcz, file: number): Generator<{ index: number; block: number }> {
  for (const part of dcz.parts(file)) {
    if (part.kind !== 'tensor') continue;
    const blocks = blockCount(dcz, part.tensor);
    for (let block = 0; block < blocks; block++) yield { index: part.tensor, block };
  }
}

function blockCount(dcz: Dcz, tensor: number): number {
  return Math.ceil(dcz.tensors[tensor].coded.weights / blockWeights);
}
