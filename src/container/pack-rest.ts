/**
 * Packs the rest of a model channel by channel into pieces, reading the files in order and holding
 * one piece at a time.
 */
import { crc32 } from '../model/crc32.ts';
import type { ModelFile } from '../model/model.ts';
import { elementSizes, pieceBytes } from './format.ts';
import { channelOfRun } from './hashed.ts';
import { effort, packPiece, type Packing } from './pack.ts';
import type { PlannedRun, RestBytes } from './rest-plan.ts';

/** What the index says of a packed piece. */
export interface PackedPiece {
  readonly planes: readonly { readonly packing: Packing; readonly length: number }[];
  readonly crc32: number;
}

export interface PackedChannel {
  /** Restored bytes. */
  readonly length: number;
  readonly pieces: readonly PackedPiece[];
}

/** Packs all runs of all files; every plane goes to `write` in file order. `mix` as for `packPiece`. */
export function packRest(
  files: readonly ModelFile[],
  runs: readonly (readonly PlannedRun[])[],
  write: (bytes: Uint8Array) => void,
  mix = true,
): PackedChannel[] {
  return elementSizes.map((elementSize, channel) => {
    const parts = runs
      .flat()
      .flatMap((run) => ('pieces' in run && channelOfRun(run.kind) === channel ? run.pieces : []));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const read = partReader(files, parts);
    const pieces: PackedPiece[] = [];
    for (let at = 0; at < length; at += pieceBytes) {
      const bytes = new Uint8Array(Math.min(pieceBytes, length - at));
      read(bytes);
      const planes = packPiece(bytes, elementSize, effort(length), mix);
      for (const plane of planes) write(plane.bytes);
      const stored = planes.map((plane) => ({
        packing: plane.packing,
        length: plane.bytes.length,
      }));
      pieces.push({ planes: stored, crc32: crc32(bytes) });
    }
    return { length, pieces };
  });
}

/** A function that fills its argument with the next bytes of `parts` laid end to end. */
function partReader(
  files: readonly ModelFile[],
  parts: readonly RestBytes[],
): (target: Uint8Array) => void {
  let part = 0;
  let done = 0; // bytes of parts[part]
  return (target) => {
    for (let at = 0; at < target.length;) {
      const p = parts[part];
      const n = Math.min(p.length - done, target.length - at);
      if ('bytes' in p) target.set(p.bytes.subarray(done, done + n), at);
      else files[p.file].source.readInto(target.subarray(at, at + n), p.offset + done);
      at += n;
      done += n;
      if (done === p.length) {
        part++;
        done = 0;
      }
    }
  };
}
