/** The file of weights beside a model, while it is put together: ranges of other files, each at a multiple of 64 bytes. */
import type { ByteSink } from '../model/bytes.ts';
import type { Range } from '../model/onnx/edit-message.ts';
import { copyBytes } from '../model/onnx/rewrite.ts';

const alignment = 64;

export class DataFile {
  readonly #parts: { readonly offset: number; readonly range: Range }[] = [];
  #end = 0;

  /** @param location its name, as the model names it */
  constructor(readonly location: string) {}

  /** 0: the model needs no file beside it. */
  get size(): number {
    return this.#end;
  }

  /** Entries of `external_data` for what will lie there. */
  add(range: Range): Readonly<Record<string, string>> {
    const offset = Math.ceil(this.#end / alignment) * alignment;
    const length = range.end - range.start;
    this.#parts.push({ offset, range });
    this.#end = offset + length;
    return { location: this.location, offset: String(offset), length: String(length) };
  }

  write(sink: ByteSink): void {
    let at = 0;
    for (const { offset, range } of this.#parts) {
      sink.write(new Uint8Array(offset - at));
      copyBytes(range.source, range.start, range.end - range.start, sink);
      at = offset + range.end - range.start;
    }
  }
}
