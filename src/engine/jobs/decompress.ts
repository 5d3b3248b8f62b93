/**
 * decompress: the model a .dcz holds, and its external data files beside it, all or none. Threads decode
 * blocks, this one writes them in order; at most a few blocks a thread are in memory at a time. Data
 * files bear the names that the model's bytes state, which must be free: nothing replaces them.
 */
import { host } from '#host';
import { blockWeights } from '../../compress/coded.ts';
import type { Dcz } from '../../container/read.ts';
import type { ByteSink } from '../../model/bytes.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { sizeText } from '../../model/size-text.ts';
import { ahead } from '../ahead.ts';
import { restoredBytes } from '../claim.ts';
import { openInput, sharedInput } from '../input.ts';
import { modelKind } from '../output-kinds.ts';
import { startCrew, type Crew } from '../pool.ts';
import type { DecompressInput, DecompressResult } from '../protocol-model.ts';
import { freePlaces } from '../restore-places.ts';
import { restoredFormat } from '../restored.ts';
import { flag, integerFrom } from '../shape.ts';
import { crewSize } from './crew-size.ts';
import { defineJob } from './define.ts';
import { containerOf } from './files.ts';
import { fileInput, outputPath } from './inputs.ts';
import { monotone, type OnProgress } from './progress.ts';

/** Kept bytes are copied in pieces of this size, and the event loop turns between them. */
const pieceBytes = 4 << 20;

export const decompressJob = defineJob<DecompressInput, DecompressResult>({
  input: { file: fileInput, out: outputPath, overwrite: flag, threads: integerFrom(1) },
  run: async (input, { signal, onProgress, runtime }) => {
    const start = performance.now();
    const shared = sharedInput(input.file);
    const opened = openInput(shared);
    try {
      const { path, source } = opened;
      const dcz = containerOf(opened);
      const locations = dcz.files.slice(1).map((f) => f.location);
      const rule = {
        kind: modelKind(restoredFormat(dcz)),
        overwrite: input.overwrite,
        inputs: opened.files,
      };
      // data that a killed run put in place is in no one's way
      host.files.removeLeftovers(host.files.place(input.out, rule).target);
      const externalFiles = freePlaces(input.out, locations);
      if (externalFiles.some((file) => host.paths.resolve(file) === host.paths.resolve(input.out)))
        throw new DeepCompressionError(
          'invalid-input',
          `${input.out} is the name of the model's external data: choose another output`,
        );
      const total = restoredBytes(dcz);
      host.files.checkSpace(input.out, total, `the model of ${path} (${sizeText(source.size)})`);
      const crew = startCrew(shared, {
        workerFile: runtime.workerFile,
        threads: crewSize(
          input.threads,
          dcz.tensors.reduce((sum, t) => sum + t.coded.weights, 0),
        ),
        signal,
      });
      const progress = portions(total, monotone(onProgress));
      try {
        const sizes = await host.files.writeSet(input.out, locations, rule, (sink, i) =>
          writeFile(dcz, i, sink, crew, signal, progress),
        );
        return {
          input: { path, bytes: source.size },
          output: { path: input.out, bytes: sizes[0] },
          externalFiles,
          seconds: (performance.now() - start) / 1000,
        };
      } finally {
        await crew.dispose();
      }
    } finally {
      opened.close();
    }
  },
});

/** The size is said from the first step on: a small container may hold a very large model. */
function portions(total: number, onProgress: OnProgress): (bytes: number) => void {
  const layer = sizeText(total);
  let done = 0;
  const report = (bytes: number): void => {
    done += bytes;
    onProgress({ stage: 'restore', layer, fraction: total === 0 ? 1 : done / total });
  };
  report(0);
  return report;
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
        if (piece.length === pieceBytes) await host.turn();
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
