/**
 * Splits a model's files into segments around the payloads that are to be replaced. A payload that
 * lies densely in one piece becomes a hole where it is. Any other becomes one raw_data field (for a
 * Constant's `value_floats`: one packed field), its other pieces are dropped, and the length before
 * every message around it is written anew. Nothing else of the file changes.
 */
import { codedAs, isCodable } from '../coded-as.ts';
import { bitsOf, isCompressible, isSmallInteger } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import type { ModelFile, ModelWriter, Segment, Tensor } from '../model.ts';
import type { MessageSpan, TensorRecord } from './record.ts';
import { varint } from './varint.ts';

/** Bytes `[at, at + length)` of a file give way to `segments`. */
interface Edit {
  readonly at: number;
  readonly length: number;
  readonly segments: readonly Segment[];
}

export class OnnxWriter implements ModelWriter {
  readonly #records: readonly TensorRecord[];
  readonly #files: readonly ModelFile[];
  /** Why external data cannot be replaced, by tensor id. */
  readonly #obstacles: ReadonlyMap<number, string>;
  readonly #missing: ReadonlyMap<string, string>;

  /** `missing`: external files that are not there or too short, by location, and which of the two. */
  constructor(
    records: readonly TensorRecord[],
    files: readonly ModelFile[],
    missing: ReadonlyMap<string, string>,
  ) {
    this.#records = records;
    this.#files = files;
    this.#missing = missing;
    this.#obstacles = findObstacles(records, files);
  }

  whyNotReplaceable(tensor: Tensor): string | undefined {
    return this.#obstacle(this.#records[tensor.id]);
  }

  #obstacle(record: TensorRecord): string | undefined {
    if (!isCodable(record.dtype)) return `${record.dtype} values stay as they are`;
    if (record.parameters === 0) return 'it holds no values';
    const obstacle = this.#obstacles.get(record.id);
    if (obstacle !== undefined) return obstacle;
    if (inPlace(record)) return undefined;
    const whole = isCompressible(record.dtype) || isSmallInteger(record.dtype);
    if (record.rewriteField !== 0 && whole) return undefined;
    return 'its values are stored in a form that cannot be replaced';
  }

  layout(tensors: ReadonlySet<number>): readonly (readonly Segment[])[] {
    for (const [location, why] of this.#missing)
      throw new DeepCompressionError(
        'not-found',
        `the model cannot be written without its external data: ${location} ${why}`,
      );
    const edits: Edit[][] = this.#files.map(() => []);
    const growth = new Map<MessageSpan, number>();
    for (const id of tensors) {
      const record: TensorRecord | undefined = this.#records[id];
      const why = record === undefined ? 'there is no such tensor' : this.#obstacle(record);
      if (record === undefined || why !== undefined) {
        throw new DeepCompressionError(
          'invalid-input',
          `tensor ${record?.name ?? id} cannot be replaced: ${why}`,
        );
      }
      if (inPlace(record)) edits[record.file].push(hole(record));
      else replacePayload(record, edits[0], growth);
    }
    rewriteLengths(edits[0], growth);
    return this.#files.map((file, i) => assemble(file.source.size, edits[i]));
  }
}

function inPlace(record: TensorRecord): boolean {
  if (record.external !== undefined) return true;
  return record.wire !== 'varint' && record.chunks.length === 1 && record.chunks[0].stride === 0;
}

function holeSegment(record: TensorRecord): Segment {
  const { dtype, weights } = codedAs(record);
  return {
    kind: 'hole',
    tensor: record.id,
    length: (weights * bitsOf[dtype]) / 8,
    encoding: dtype,
  };
}

function hole(record: TensorRecord): Edit {
  const segment = holeSegment(record);
  const at = record.external?.offset ?? record.chunks[0].start;
  return { at, length: segment.kind === 'hole' ? segment.length : 0, segments: [segment] };
}

/** Puts one dense field where the first piece was, drops the other pieces, and notes the growth. */
function replacePayload(
  record: TensorRecord,
  edits: Edit[],
  growth: Map<MessageSpan, number>,
): void {
  const length = (record.parameters * bitsOf[record.dtype]) / 8;
  const head = Uint8Array.from([record.rewriteField * 8 + 2, ...varint(length)]);
  let change = head.length + length;
  record.chunks.forEach((chunk, i) => {
    const size = chunk.end - chunk.at;
    change -= size;
    const segments: Segment[] =
      i === 0 ? [{ kind: 'literal', bytes: head }, holeSegment(record)] : [];
    edits.push({ at: chunk.at, length: size, segments });
  });
  growth.set(record.message, (growth.get(record.message) ?? 0) + change);
}

/** Turns the growth of messages into new length varints, from the innermost message outwards. */
function rewriteLengths(edits: Edit[], growth: Map<MessageSpan, number>): void {
  const depth = (message: MessageSpan): number =>
    message.parent === undefined ? 0 : 1 + depth(message.parent);
  const levels: Map<MessageSpan, number>[] = [];
  for (const [message, change] of growth)
    (levels[depth(message)] ??= new Map()).set(message, change);
  for (let level = levels.length - 1; level > 0; level--) {
    for (const [message, change] of levels[level] ?? []) {
      const oldLength = message.end - message.start;
      const oldWidth = message.start - message.lengthAt;
      if (message.parent === undefined || change === 0) continue;
      // A padded varint keeps its width; a minimal one stays minimal.
      const padded = oldWidth > varint(oldLength).length;
      const bytes = varint(oldLength + change, padded ? oldWidth : 1);
      edits.push({
        at: message.lengthAt,
        length: oldWidth,
        segments: [{ kind: 'literal', bytes }],
      });
      const outer = (levels[level - 1] ??= new Map());
      const outerChange = change + bytes.length - oldWidth;
      outer.set(message.parent, (outer.get(message.parent) ?? 0) + outerChange);
    }
  }
}

function assemble(size: number, edits: Edit[]): Segment[] {
  const segments: Segment[] = [];
  let position = 0;
  for (const edit of edits.sort((a, b) => a.at - b.at)) {
    if (edit.at > position) {
      segments.push({ kind: 'copy', offset: position, length: edit.at - position });
    }
    for (const segment of edit.segments) segments.push(segment);
    position = edit.at + edit.length;
  }
  if (position < size || segments.length === 0) {
    segments.push({ kind: 'copy', offset: position, length: size - position });
  }
  return segments;
}

/** External payloads that are not wholly there, or that share bytes with another tensor. */
function findObstacles(
  records: readonly TensorRecord[],
  files: readonly ModelFile[],
): Map<number, string> {
  const obstacles = new Map<number, string>();
  const ranges = records
    .flatMap(({ id, name, file, external, bytes }) =>
      external && bytes > 0
        ? [{ id, name, file, start: external.offset, end: external.offset + bytes }]
        : [],
    )
    .sort((a, b) => a.file - b.file || a.start - b.start);
  // Of all ranges that begin before this one, the one that reaches furthest.
  let furthest = ranges[0];
  for (const range of ranges.slice(1)) {
    const same = range.file === furthest.file;
    if (same && range.start < furthest.end) {
      const share = (other: string): string => `it shares its external data with ${other}`;
      obstacles.set(range.id, share(furthest.name));
      if (!obstacles.has(furthest.id)) obstacles.set(furthest.id, share(range.name));
    }
    if (!same || range.end > furthest.end) furthest = range;
  }
  for (const { id, file, end } of ranges) {
    if (end > files[file].source.size) obstacles.set(id, 'its external data is missing');
  }
  return obstacles;
}
