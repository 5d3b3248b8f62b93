/**
 * Where a tensor's values lie in the file: the index that reader and writer share. A payload is a
 * list of chunks because protobuf allows a packed field in several pieces and mixed with unpacked
 * elements; neighbouring unpacked elements of equal stride make one chunk.
 */
import type { DType } from '../dtype.ts';
import type { Storage } from '../model.ts';
import type { SparseValues } from '../graph.ts';
import type { WireReader } from './wire.ts';

/** A message and the length varint before it, for every ancestor of a payload. */
export interface MessageSpan {
  /** Where the length varint begins; it ends at `start`. */
  readonly lengthAt: number;
  readonly start: number;
  readonly end: number;
  readonly parent: MessageSpan | undefined;
}

export interface Chunk {
  /** First byte of the field, its tag. */
  readonly at: number;
  /** First payload byte; for unpacked elements the first tag. */
  readonly start: number;
  end: number;
  /** Bytes from one unpacked element's tag to the next's; 0 when packed. */
  readonly stride: number;
  /** Unpacked: number of elements. */
  elements: number;
}

/** How the elements of a payload are encoded in the wire format. */
export type Wire = 'bytes' | 'fixed32' | 'fixed64' | 'varint';

export interface TensorRecord {
  readonly id: number;
  name: string;
  path: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly storage: Storage;
  readonly bytes: number;
  sparse: SparseValues | undefined;
  /** TensorProto, or AttributeProto for values held by the attribute itself. */
  readonly message: MessageSpan;
  readonly wire: Wire;
  /** Number of the field that replaces the payload when it cannot be replaced in place; else 0. */
  readonly rewriteField: number;
  readonly chunks: readonly Chunk[];
  readonly external: { readonly location: string; readonly offset: number } | undefined;
  file: number;
}

/** More pieces than any writer makes; a file of nothing but pieces would cost memory. */
const mostChunks = 65536;

/** Collects the chunks of one repeated numeric field. */
export class ChunkList {
  readonly chunks: Chunk[] = [];
  /** Payload bytes, tags and lengths left out. */
  bytes = 0;
  /** Elements outside packed chunks. */
  unpacked = 0;
  /** Bytes in packed chunks. */
  packedBytes = 0;

  packed(reader: WireReader, start: number, end: number): void {
    if (end === start) return;
    this.#push(reader, { at: reader.fieldStart, start, end, stride: 0, elements: 0 });
    this.bytes += end - start;
    this.packedBytes += end - start;
  }

  /** One unpacked element whose tag begins at `reader.fieldStart` and whose value is `[start, end)`. */
  single(reader: WireReader, start: number, end: number, fixed: boolean): void {
    const at = reader.fieldStart;
    const last = this.chunks.at(-1);
    this.bytes += end - start;
    this.unpacked++;
    // Varints differ in length, so a run of them is walked anyway: any stride will do.
    const stride = fixed ? end - at : 1;
    if (last !== undefined && last.end === at && last.stride === stride) {
      last.end = end;
      last.elements++;
    } else this.#push(reader, { at, start: at, end, stride, elements: 1 });
  }

  #push(reader: WireReader, chunk: Chunk): void {
    if (this.chunks.length >= mostChunks) {
      reader.fail(`a payload is split into more than ${mostChunks} pieces`);
    }
    this.chunks.push(chunk);
  }
}
