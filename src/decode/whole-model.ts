/** The model as one array: the bytes of its `.onnx`. */
import type { DczIndex } from '../container/index-types.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { Place, Placement } from './placement.ts';
import { room, type Restored } from './restored.ts';

export class WholeModel implements Restored<Uint8Array<ArrayBuffer>> {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #placement: Placement;

  /** @throws DeepCompressionError `unsupported` for a model with external data of its own. */
  constructor(name: string, { files }: DczIndex, placement: Placement) {
    const more = files.length - 1;
    if (more > 0) {
      throw new DeepCompressionError(
        'unsupported',
        `${name}: the model has ${more} file${more > 1 ? 's' : ''} of external data: decode it with external: 'blob'`,
      );
    }
    this.#bytes = room(name, files[0].size);
    this.#placement = placement;
  }

  rest({ offset }: Place, at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, offset + at);
  }

  restDone(): void {}

  block(hole: number, at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#placement.holes[hole].offset + at);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }
}
