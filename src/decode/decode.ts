/**
 * Decodes a `.dcz` while it arrives, in any runtime with web standards: no Node, no DOM. The reader is
 * the product's (src/container, src/compress/code): the same limits, checks and errors. Between two
 * blocks (2^20 weights) it lets other work go on and looks whether it was cancelled; `decodeInWorker`
 * keeps a page free all the time.
 */
import { bytesOf } from '../compress/code/restore.ts';
import { blockWeights } from '../compress/coded.ts';
import { codedTensor } from '../container/coded-tensor.ts';
import type { DczIndex, IndexedTensor } from '../container/index-types.ts';
import { PayloadDecoder } from '../container/payload-decoder.ts';
import { endOfPiece, readPiece } from '../container/rest-reader.ts';
import { checkStatement, longestStatement } from '../container/statement-check.ts';
import { readBytes } from '../model/bytes.ts';
import { throwIfCancelled } from '../model/errors.ts';
import type { ModelWithExternalData } from './apart.ts';
import { Arrivals } from './arrivals.ts';
import { openInput, type DecodeSource, type Input } from './input.ts';
import { openIndex, type Opened } from './open.ts';
import { ChannelCursor, placementOf } from './placement.ts';
import type { Restored } from './restored.ts';
import { WholeModel } from './whole-model.ts';
import { damaged } from '../compress/code/checked-decoder.ts';

export interface DecodeProgress {
  /** Bytes of the `.dcz` that are decoded, and all of them. */
  readonly loaded: number;
  readonly total: number;
}

export interface DecodeOptions {
  /** Stops decoding and the transfer; `decode` then fails with the code `cancelled`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DecodeProgress) => void;
}

/**
 * The bytes of the `.onnx` in a `.dcz`.
 * @param source bytes, a Blob, a Response or a stream; decoding begins before its last byte is there
 * @throws DeepCompressionError, one line each: `invalid-container` for what is no `.dcz`, damaged, cut
 *   off or of a newer version; `io` for an answer that is no file or a transfer that broke off;
 *   `unsupported` without memory for it, or for a model with external data; `cancelled`
 */
export function decode(
  source: DecodeSource,
  options?: DecodeOptions & { readonly external?: undefined },
): Promise<Uint8Array<ArrayBuffer>>;
/**
 * With `external: 'blob'`, a graph whose large weights are Blobs: the memory of the program stays below
 * the size of the model. ONNX Runtime Web 1.30 or newer takes both as they are.
 */
export function decode(
  source: DecodeSource,
  options: DecodeOptions & { readonly external: 'blob' },
): Promise<ModelWithExternalData>;
export async function decode(
  source: DecodeSource,
  options: DecodeOptions & { readonly external?: 'blob' | undefined } = {},
): Promise<Uint8Array<ArrayBuffer> | ModelWithExternalData> {
  throwIfCancelled(options.signal);
  return decodeInput(openInput(source), options);
}

/** As `decode`, from a source that is open. */
export async function decodeInput(
  input: Input,
  options: DecodeOptions & { readonly external?: 'blob' | undefined },
): Promise<Uint8Array<ArrayBuffer> | ModelWithExternalData> {
  const arrivals = new Arrivals(input, options.signal);
  try {
    const opened = await openIndex(arrivals);
    const placement = placementOf(opened.index);
    const restored =
      options.external === 'blob'
        ? new (await import('./apart.ts')).ModelApart(arrivals.name, opened.index, placement)
        : new WholeModel(arrivals.name, opened.index, placement);
    const decoding = new Decoding(arrivals, opened, restored, options);
    await decoding.rest(placement.channels.map((places) => new ChannelCursor(places)));
    await decoding.tensors();
    await decoding.end();
    return restored.finish();
  } finally {
    arrivals.close();
  }
}

class Decoding {
  readonly #arrivals: Arrivals;
  readonly #index: DczIndex;
  readonly #length: number;
  readonly #restored: Restored<unknown>;
  readonly #options: DecodeOptions;
  readonly #decoder: PayloadDecoder;
  #block = new Uint8Array(0);
  #rested = performance.now();

  constructor(
    arrivals: Arrivals,
    { index, length }: Opened,
    restored: Restored<unknown>,
    options: DecodeOptions,
  ) {
    this.#arrivals = arrivals;
    this.#index = index;
    this.#length = length;
    this.#restored = restored;
    this.#options = options;
    this.#decoder = new PayloadDecoder(arrivals.name);
  }

  async rest(cursors: readonly ChannelCursor[]): Promise<void> {
    const hashed = this.#index.files.some((file) => file.hashed.size > 0)
      ? new (await import('./hashed.ts')).HashedRuns(this.#index, this.#restored)
      : undefined;
    for (const [c, { pieces }] of this.#index.channels.entries()) {
      for (const piece of pieces) {
        const end = endOfPiece(piece);
        await this.#there(end);
        const bytes = readPiece(this.#arrivals, piece);
        cursors[c].give(bytes, (place, at, part) => {
          if (!hashed?.take(place, at, part)) this.#restored.rest(place, at, part);
        });
        await hashed?.restore(() => this.#breathe());
        await this.#done(end);
      }
    }
    this.#restored.restDone();
  }

  async tensors(): Promise<void> {
    for (const [hole, tensor] of this.#index.tensors.entries()) await this.#tensor(hole, tensor);
  }

  async #tensor(hole: number, tensor: IndexedTensor): Promise<void> {
    const coded = codedTensor(this.#arrivals, tensor);
    const width = bytesOf(tensor.dtype);
    for (const [b, { offset, values, gaps }] of tensor.blocks.entries()) {
      await this.#there(offset + values + gaps);
      const start = b * blockWeights;
      const length = Math.min(blockWeights, tensor.weights - start) * width;
      if (this.#block.length < length) this.#block = new Uint8Array(length);
      const bytes = this.#block.subarray(0, length);
      this.#decoder.read(coded, b, bytes);
      this.#restored.block(hole, start * width, bytes);
      await this.#done(offset + values + gaps);
    }
  }

  /** Waits for the end, behind which nothing may follow but a statement. */
  async end(): Promise<void> {
    const length = this.#length;
    const arrivals = this.#arrivals;
    if (!(await arrivals.until(length + 1))) return;
    const fail = (what: string): never => {
      throw damaged(arrivals.name, what);
    };
    if (this.#index.version === 1 || (await arrivals.until(length + longestStatement + 1)))
      fail('bytes that belong to nothing');
    checkStatement(readBytes(arrivals, length, arrivals.size - length), fail);
  }

  async #there(end: number): Promise<void> {
    if (await this.#arrivals.until(end)) return;
    const { name, size } = this.#arrivals;
    throw damaged(name, `it is cut off after ${size} of ${this.#length} bytes: get it again`);
  }

  /** The bytes before `end` are decoded: forgets them, tells of it, and lets other work go on. */
  async #done(end: number): Promise<void> {
    this.#arrivals.drop(end);
    this.#options.onProgress?.({ loaded: end, total: this.#length });
    await this.#breathe();
  }

  /** Lets other work go on when it is time. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#rested < restEvery) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#rested = performance.now();
    throwIfCancelled(this.#options.signal);
  }
}

/** Milliseconds of work after which other work may go on: a frame. */
const restEvery = 16;
