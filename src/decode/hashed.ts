/** Hashed tensors of a `.dcz` that is being decoded: their shared values are kept until all are there. */
import { readHashedBytes, valuesOf } from '../container/hashed-bytes.ts';
import type { DczIndex } from '../container/index-types.ts';
import type { Place } from './placement.ts';
import type { Restored } from './restored.ts';

/** Bytes that are computed at a time. */
const atOnce = 1 << 18;

export class HashedRuns {
  readonly #index: DczIndex;
  readonly #restored: Restored<unknown>;
  readonly #shared = new Map<Place, Uint8Array>();
  #ready: Place[] = [];

  constructor(index: DczIndex, restored: Restored<unknown>) {
    this.#index = index;
    this.#restored = restored;
  }

  /** Whether `part`, at byte `at` of what is stored of a run, is of a hashed tensor: then it is kept. */
  take(place: Place, at: number, part: Uint8Array): boolean {
    if (!this.#index.files[place.file].hashed.has(place.run)) return false;
    const stored = this.#shared.get(place) ?? new Uint8Array(place.stored);
    stored.set(part, at);
    this.#shared.set(place, stored);
    if (at + part.length === place.stored) this.#ready.push(place);
    return true;
  }

  /** Computes the weights of the tensors whose values are all there; `rest` is called in between. */
  async restore(rest: () => Promise<void>): Promise<void> {
    for (const place of this.#ready) {
      const { layout } = this.#index.files[place.file].hashed.get(place.run)!;
      const values = valuesOf(this.#shared.get(place)!);
      this.#shared.delete(place);
      for (let at = 0; at < place.length; at += atOnce) {
        const bytes = new Uint8Array(Math.min(atOnce, place.length - at));
        readHashedBytes(layout, values, at, bytes);
        this.#restored.rest(place, at, bytes);
        await rest();
      }
    }
    this.#ready = [];
  }
}
