/**
 * The graph of a model apart from its large weights: initializers whose `raw_data` is a hole of at least
 * a kilobyte become references to external data (`TensorProto.external_data`, onnx/docs/ExternalData.md);
 * everything else is copied byte for byte. Tensors elsewhere (constants, subgraphs, `float_data`) stay
 * inside, because runtimes look for external data in initializers alone.
 */
import type { ByteSource } from '../model/bytes.ts';
import { wireBytes, WireReader } from '../model/onnx/wire.ts';

/** A stretch of the restored file, or bytes that were not in it. */
export type GraphPart =
  | { readonly kind: 'copy'; readonly from: number; readonly to: number }
  | { readonly kind: 'new'; readonly bytes: Uint8Array };

/** A tensor's payload in the restored file. */
export interface GraphHole {
  readonly offset: number;
  readonly length: number;
  /** Location of the external data, should it become external. */
  readonly path: string;
}

/** Shorter payloads stay inside: `size_threshold` of the onnx package. */
const leastExternal = 1024;

// Field numbers of onnx.proto3
const modelGraph = 7;
const graphInitializer = 5;
const tensorRawData = 9;
const tensorExternalData = 13;
const tensorDataLocation = 14;

/**
 * The parts of the graph file in order, and which holes left it (by index).
 * @param model the restored file; holes may read as anything
 * @throws DeepCompressionError `invalid-model` when it is no ONNX model
 */
export function withoutWeights(
  model: ByteSource,
  holes: readonly GraphHole[],
): { readonly parts: readonly GraphPart[]; readonly external: ReadonlySet<number> } {
  const reader = new WireReader(model);
  const at = new Map(holes.map(({ offset }, i) => [offset, i]));
  const external = new Set<number>();

  const tensor: Inside = (start, end) => {
    reader.position = start;
    while (reader.next(end)) {
      const { field, wire, fieldStart } = reader;
      if (field !== tensorRawData || wire !== wireBytes) {
        reader.skip(end);
        continue;
      }
      const limit = reader.length(end);
      const hole = at.get(reader.position);
      if (hole === undefined) return undefined;
      const { length, path } = holes[hole];
      if (length < leastExternal || length !== limit - reader.position) return undefined;
      external.add(hole);
      return [
        { kind: 'copy', from: start, to: fieldStart },
        { kind: 'copy', from: limit, to: end },
        { kind: 'new', bytes: reference(path, length) },
      ];
    }
    return undefined;
  };
  const graph: Inside = (start, end) => rewritten(reader, start, end, graphInitializer, tensor);
  const parts = rewritten(reader, 0, model.size, modelGraph, graph);
  return { parts: parts ?? [{ kind: 'copy', from: 0, to: model.size }], external };
}

/** What becomes of the message in `[start, end)`; undefined when it stays as it is. */
type Inside = (start: number, end: number) => GraphPart[] | undefined;

/** A message in which the sub-messages of one field may change. */
function rewritten(
  reader: WireReader,
  start: number,
  end: number,
  field: number,
  inside: Inside,
): GraphPart[] | undefined {
  const parts: GraphPart[] = [];
  let copied = start;
  reader.position = start;
  while (reader.next(end)) {
    if (reader.field !== field || reader.wire !== wireBytes) {
      reader.skip(end);
      continue;
    }
    const { fieldStart } = reader;
    const limit = reader.length(end);
    const inner = inside(reader.position, limit);
    reader.position = limit;
    if (inner === undefined) continue;
    parts.push({ kind: 'copy', from: copied, to: fieldStart });
    parts.push({ kind: 'new', bytes: head(field, lengthOf(inner)) });
    for (const part of inner) parts.push(part);
    copied = limit;
  }
  if (parts.length === 0) return undefined;
  parts.push({ kind: 'copy', from: copied, to: end });
  return parts;
}

export function lengthOf(parts: readonly GraphPart[]): number {
  return parts.reduce((sum, p) => sum + (p.kind === 'copy' ? p.to - p.from : p.bytes.length), 0);
}

/** Tag and length of a length-delimited field. */
function head(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | wireBytes];
  let rest = length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.of(...bytes, rest);
}

/** The fields of a tensor whose whole payload is the file at `path`. */
function reference(path: string, length: number): Uint8Array {
  const entries = { location: path, offset: '0', length: String(length) };
  const bytes: number[] = [];
  for (const [key, value] of Object.entries(entries)) {
    const entry = [...text(1, key), ...text(2, value)];
    for (const byte of head(tensorExternalData, entry.length)) bytes.push(byte);
    for (const byte of entry) bytes.push(byte);
  }
  bytes.push(tensorDataLocation << 3, 1); // EXTERNAL
  return Uint8Array.from(bytes);
}

function text(field: number, value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...head(field, bytes.length), ...bytes];
}
