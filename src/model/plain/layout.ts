/**
 * Cuts the files of a model into segments around payloads that are plain ranges of bytes. Nothing else
 * of a file changes, so that every hole is where its payload was.
 */
import { codedAs, isCodable } from '../coded-as.ts';
import { DeepCompressionError } from '../errors.ts';
import type { ModelFile, ModelWriter, Seal, Segment, Tensor } from '../model.ts';
import type { PlainPayload } from './model.ts';

export class PlainWriter implements ModelWriter {
  readonly #obstacles: ReadonlyMap<number, string>;

  /** `missing`: locations of files that are not there. */
  constructor(
    private readonly tensors: readonly Tensor[],
    private readonly payloads: readonly PlainPayload[],
    private readonly files: readonly ModelFile[],
    private readonly missing: readonly string[],
    readonly seals: readonly Seal[],
  ) {
    this.#obstacles = sharedBytes(tensors, payloads);
  }

  whyNotReplaceable({ id, dtype, parameters }: Tensor): string | undefined {
    if (!isCodable(dtype)) return `${dtype} values stay as they are`;
    if (parameters === 0) return 'it holds no values';
    const { obstacle, unreadable, strides, bigEndian } = this.payloads[id];
    if (strides) return 'it is a view that skips values of what it looks at';
    if (bigEndian) return 'its values are stored with the highest byte first';
    return obstacle ?? unreadable ?? this.#obstacles.get(id);
  }

  layout(ids: ReadonlySet<number>): readonly (readonly Segment[])[] {
    if (this.missing.length > 0)
      throw new DeepCompressionError(
        'not-found',
        `the model cannot be written without its file ${this.missing[0]}`,
      );
    const holes: { readonly at: number; readonly hole: Segment & { kind: 'hole' } }[][] =
      this.files.map(() => []);
    for (const id of ids) {
      const tensor = this.tensors.at(id);
      const why = tensor ? this.whyNotReplaceable(tensor) : 'there is no such tensor';
      if (!tensor || why !== undefined)
        throw new DeepCompressionError(
          'invalid-input',
          `tensor ${tensor?.name ?? id} cannot be replaced: ${why}`,
        );
      const { file, offset } = this.payloads[id];
      const encoding = codedAs(tensor).dtype;
      holes[file].push({
        at: offset,
        hole: { kind: 'hole', tensor: id, length: tensor.bytes, encoding },
      });
    }
    return this.files.map(({ source }, i) => {
      const segments: Segment[] = [];
      let position = 0;
      for (const { at, hole } of holes[i].sort((a, b) => a.at - b.at)) {
        if (at > position) segments.push({ kind: 'copy', offset: position, length: at - position });
        segments.push(hole);
        position = at + hole.length;
      }
      if (position < source.size || segments.length === 0)
        segments.push({ kind: 'copy', offset: position, length: source.size - position });
      return segments;
    });
  }
}

/** Tensors whose bytes are another's as well, by id. */
function sharedBytes(
  tensors: readonly Tensor[],
  payloads: readonly PlainPayload[],
): Map<number, string> {
  const shared = new Map<number, string>();
  const ranges = tensors
    .filter(({ bytes }) => bytes > 0)
    .map(({ id, name, bytes }) => {
      const { file, offset } = payloads[id];
      return { id, name, file, start: offset, end: offset + bytes };
    })
    .sort((a, b) => a.file - b.file || a.start - b.start || b.end - a.end);
  // Of all ranges that begin before this one, the one that reaches furthest.
  let furthest = ranges.at(0);
  for (const range of ranges.slice(1)) {
    if (!furthest) break;
    const same = range.file === furthest.file;
    // tied weights: what is done to the one is done to the other
    if (same && range.start === furthest.start && range.end === furthest.end)
      shared.set(range.id, `it is ${furthest.name} under another name`);
    else if (same && range.start < furthest.end) {
      shared.set(range.id, `it shares its bytes with ${furthest.name}`);
      if (!shared.has(furthest.id))
        shared.set(furthest.id, `it shares its bytes with ${range.name}`);
    }
    if (!same || range.end > furthest.end) furthest = range;
  }
  return shared;
}
