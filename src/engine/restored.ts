/**
 * The model of a .dcz as an ordinary one, over the virtual files it restores. While the structure
 * is indexed, payloads of compressed tensors read as zeros: the index skips them, but it reads
 * ahead, and that would decode the first block of every tensor.
 */
import type { Dcz, FilePart } from '../container/read.ts';
import type { ByteSource } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { FormatId } from '../model/format-names.ts';
import { openModel, sniffFormat } from '../model/formats.ts';
import type { Model } from '../model/model.ts';

/** @throws DeepCompressionError `invalid-model` or `invalid-container` */
export function restoredModel(path: string, dcz: Dcz): Model {
  const state = { indexing: true };
  const model = openModel(path, restoredSource(dcz, 0, state), (location) => {
    const index = dcz.files.findIndex((f, i) => i > 0 && f.location === location);
    if (index < 0)
      throw new DeepCompressionError('not-found', `${path}: holds no external file '${location}'`);
    return restoredSource(dcz, index, state);
  });
  state.indexing = false;
  return model;
}

/** The format of the model that a .dcz restores; no payload is decoded for it. */
export function restoredFormat(dcz: Dcz): FormatId {
  return sniffFormat(restoredSource(dcz, 0, { indexing: true })) ?? 'onnx';
}

function restoredSource(dcz: Dcz, file: number, state: { readonly indexing: boolean }): ByteSource {
  const source = dcz.fileSource(file);
  const parts = dcz.parts(file);
  return {
    name: source.name,
    size: source.size,
    readInto(target, offset) {
      const end = offset + target.length;
      if (!state.indexing || !(offset >= 0 && end <= source.size)) {
        source.readInto(target, offset);
        return;
      }
      for (let p = partAt(parts, offset); p < parts.length && parts[p].offset < end; p++) {
        const { kind, offset: start, length } = parts[p];
        const from = Math.max(offset, start);
        const piece = target.subarray(from - offset, Math.min(end, start + length) - offset);
        if (kind === 'tensor') piece.fill(0);
        else source.readInto(piece, from);
      }
    },
  };
}

/** The last part that starts at or before `offset`. */
function partAt(parts: readonly FilePart[], offset: number): number {
  let low = 0;
  let high = parts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (parts[middle].offset <= offset) low = middle;
    else high = middle;
  }
  return low;
}
