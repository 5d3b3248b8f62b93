/** Where the parts of a `.dcz` belong in the files it restores. */
import { holeKind } from '../container/format.ts';
import { bytesOfWeight, channelOfRun } from '../container/hashed.ts';
import type { DczIndex } from '../container/index-types.ts';

/** A stretch of a file. */
export interface Place {
  readonly file: number;
  readonly run: number;
  /** Of its first byte in the restored file. */
  readonly offset: number;
  readonly length: number;
  /** Bytes of the channel that it takes: of a hashed tensor its shared values. */
  readonly stored: number;
}

/** Of every channel the runs it consists of, in order; of every tensor (in hole order) its hole. */
export interface Placement {
  readonly channels: readonly (readonly Place[])[];
  readonly holes: readonly Place[];
}

export function placementOf({ files, channels }: DczIndex): Placement {
  const places: Place[][] = channels.map(() => []);
  const holes: Place[] = [];
  files.forEach(({ starts, kinds, hashed }, file) => {
    for (let run = 0; run < kinds.length; run++) {
      const offset = starts[run];
      const length = starts[run + 1] - offset;
      const values = hashed.get(run)?.layout.values;
      const stored = values === undefined ? length : values * bytesOfWeight;
      const place = { file, run, offset, length, stored };
      (kinds[run] === holeKind ? holes : places[channelOfRun(kinds[run])]).push(place);
    }
  });
  return { channels: places, holes };
}

/** Hands out restored bytes of one channel, given from its beginning on, to the runs they belong to. */
export class ChannelCursor {
  readonly #places: readonly Place[];
  #next = 0;
  /** Bytes of the next run that are there already. */
  #done = 0;

  constructor(places: readonly Place[]) {
    this.#places = places;
  }

  /** `put(place, at, part)`: `part` belongs at byte `at` of the run `place`. */
  give(bytes: Uint8Array, put: (place: Place, at: number, part: Uint8Array) => void): void {
    for (let from = 0; from < bytes.length;) {
      const place = this.#places[this.#next];
      const part = bytes.subarray(from, from + place.stored - this.#done);
      put(place, this.#done, part);
      from += part.length;
      this.#done += part.length;
      if (this.#done === place.stored) {
        this.#next++;
        this.#done = 0;
      }
    }
  }
}
