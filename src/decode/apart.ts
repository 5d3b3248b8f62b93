/**
 * The model as a small graph and Blobs. A Blob lies outside the heap of the program that makes it, so
 * that decoding holds the graph, one block of weights and what is just arriving, and never the model.
 */
import type { DczIndex } from '../container/index-types.ts';
import { lengthOf, withoutWeights } from './graph.ts';
import type { Place, Placement } from './placement.ts';
import { room, type Restored } from './restored.ts';
import { SparseFile } from './sparse-file.ts';

/** A model in parts, as ONNX Runtime takes them: `create(model, { externalData })`. */
export interface ModelWithExternalData {
  /** The graph with what is small: an `.onnx` file. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** What the graph refers to, by the location it names. */
  readonly externalData: readonly { readonly path: string; readonly data: Blob }[];
}

export class ModelApart implements Restored<ModelWithExternalData> {
  readonly #name: string;
  readonly #index: DczIndex;
  readonly #placement: Placement;
  readonly #files: SparseFile[];
  /** By hole, the blocks of those that lie outside the graph; of the others where in it they begin. */
  readonly #blocks = new Map<number, Blob[]>();
  readonly #inside = new Map<number, number>();
  /** By hole of the model file: the location of its Blob. */
  readonly #paths: ReadonlyMap<number, string>;
  #graph = new Uint8Array(0);

  constructor(name: string, index: DczIndex, placement: Placement) {
    this.#name = name;
    this.#index = index;
    this.#placement = placement;
    this.#files = index.files.map((file) => new SparseFile(name, file));
    const taken = new Set(index.files.map(({ location }) => location));
    const path = (hole: number): string => {
      let free = `tensor-${hole}.bin`;
      while (taken.has(free)) free = `_${free}`;
      return free;
    };
    this.#paths = new Map(
      placement.holes.flatMap(({ file }, hole) => (file === 0 ? [[hole, path(hole)]] : [])),
    );
  }

  rest({ file, run }: Place, at: number, bytes: Uint8Array): void {
    this.#files[file].put(run, at, bytes);
  }

  /** Takes the large weights out of the graph, and copies the others into it as they come. */
  restDone(): void {
    const { holes } = this.#placement;
    const own = [...this.#paths].map(([hole, path]) => ({ hole, path, ...holes[hole] }));
    const { parts, external } = withoutWeights(this.#files[0], own);
    const outside = new Set(own.filter((_, i) => external.has(i)).map(({ hole }) => hole));
    holes.forEach(({ file }, hole) => {
      if (file > 0 || outside.has(hole)) this.#blocks.set(hole, []);
    });
    const inside = own.filter(({ hole }) => !outside.has(hole));
    this.#graph = room(this.#name, lengthOf(parts));
    let at = 0;
    for (const part of parts) {
      if (part.kind === 'new') {
        this.#graph.set(part.bytes, at);
        at += part.bytes.length;
        continue;
      }
      for (const { hole, offset } of inside)
        if (offset >= part.from && offset < part.to)
          this.#inside.set(hole, at + offset - part.from);
      const length = part.to - part.from;
      this.#files[0].readInto(this.#graph.subarray(at, at + length), part.from);
      at += length;
    }
  }

  block(hole: number, at: number, bytes: Uint8Array<ArrayBuffer>): void {
    const inside = this.#inside.get(hole);
    if (inside !== undefined) this.#graph.set(bytes, inside + at);
    else this.#blocks.get(hole)?.push(new Blob([bytes]));
  }

  finish(): ModelWithExternalData {
    const weights = [...this.#paths].flatMap(([hole, path]) => {
      const blocks = this.#blocks.get(hole);
      return blocks ? [{ path, data: new Blob(blocks) }] : [];
    });
    const files = this.#index.files.slice(1).map(({ location, kinds, origins }, i) => {
      const parts = [...kinds].flatMap((_, run): BlobPart[] => {
        const rest = this.#files[i + 1].run(run);
        return rest ? [rest] : (this.#blocks.get(origins[run]) ?? []);
      });
      return { path: location, data: new Blob(parts) };
    });
    return { model: this.#graph, externalData: [...weights, ...files] };
  }
}
