/** Serialises the index of a .dcz: metadata, checksums, tables (docs/dcz-format.md, "The index"). */
import type { CodedTensor } from '../compress/coded.ts';
import { largestOf, type Grid } from '../compress/share/grid.ts';
import { AdaptiveEncoder } from './adaptive.ts';
import { TableCoder, type TableSizes } from './adaptive-tables.ts';
import { metadataDictionary } from './dictionary.ts';
import { dtypes, elementSizes, hasGaps, holeKind, plainVersion } from './format.ts';
import { channelOfRun, writeHashed } from './hashed.ts';
import { packings, packPlane } from './pack.ts';
import type { PackedChannel } from './pack-rest.ts';
import type { PlannedRun } from './rest-plan.ts';
import { VarintWriter } from './varint.ts';

export interface IndexedTensor {
  readonly coded: CodedTensor;
  readonly rmse: number;
}

export interface IndexContents {
  readonly version: number;
  readonly recipe: object;
  readonly channels: readonly PackedChannel[];
  readonly files: readonly { readonly location: string; readonly runs: readonly PlannedRun[] }[];
  /** In the order of their holes. */
  readonly tensors: readonly IndexedTensor[];
}

/** The index, and what the tables of each tensor take in it. */
export function serialiseIndex(contents: IndexContents): {
  readonly bytes: Uint8Array;
  readonly sizes: readonly TableSizes[];
  readonly metadataBytes: number;
} {
  const metadata = serialiseMetadata(contents);
  const packed = packPlane(metadata, 9, metadataDictionary);
  const out = new VarintWriter();
  out.number(metadata.length);
  out.number(packed.packing === 'stored' ? 0 : packed.bytes.length);
  out.bytes(packed.bytes);
  out.bytes(fixedFields(contents));
  const coder = new AdaptiveEncoder(TableCoder.contexts);
  const tables = new TableCoder(coder, refuse);
  const sizes = contents.tensors.map(({ coded }) => {
    const { coder: kind, indexBits, grid, codebook } = coded;
    const shape = grid && { largest: largestOf(codebook), ...countsOf(grid) };
    return tables.code({ coder: kind, indexBits, grid: shape }, coded).sizes;
  });
  out.bytes(coder.finish());
  return { bytes: out.take(), sizes, metadataBytes: metadata.length };
}

function countsOf({ scales, columnScales }: Grid): { channels: number; columns: number } {
  return { channels: scales.length, columns: columnScales?.length ?? 0 };
}

function refuse(why: string): never {
  throw new RangeError(`a tensor cannot be stored: ${why}`);
}

function serialiseMetadata({
  version,
  recipe,
  channels,
  files,
  tensors,
}: IndexContents): Uint8Array {
  const text = new TextEncoder();
  const out = new VarintWriter();
  out.string(text.encode(canonicalJson(recipe)));
  channels.forEach(({ length, pieces }, i) => {
    out.number(length / elementSizes[i]);
    for (const { packing, length: bytes } of pieces.flatMap((piece) => piece.planes)) {
      out.number(packing === 'stored' ? 0 : 2 * bytes + packings.indexOf(packing));
    }
  });
  out.number(tensors.length);
  let expected = 0;
  for (const { coded } of tensors) {
    out.signed(coded.tensor - expected);
    expected = coded.tensor + 1;
    writeTensor(out, coded, version);
  }
  out.number(files.length);
  for (const { location, runs } of files) {
    out.string(text.encode(location));
    out.number(runs.length);
    for (const run of runs) {
      const { kind, length } = run;
      const elements = length / elementSizes[channelOfRun(kind)];
      out.number(kind === holeKind ? holeKind : elements * 8 + kind);
      if ('hashed' in run) writeHashed(out, run.hashed);
    }
  }
  return out.take();
}

function writeTensor(out: VarintWriter, coded: CodedTensor, version: number): void {
  const arithmetic = coded.coder === 'arithmetic' ? 1 : 0;
  const { grid } = coded;
  const index = Math.max(coded.indexBits - 1, 0);
  const dtype = dtypes.indexOf(coded.dtype);
  const low = (dtype & 3) + 4 * arithmetic + 8 * (grid ? 1 : 0) + 16 * index;
  if (version === plainVersion) out.byte(low);
  else out.number(low + 256 * (dtype >> 2));
  out.number(coded.weights);
  out.number(coded.rowLength);
  out.number(coded.kernelLength);
  if (grid !== undefined) {
    const matrices = coded.weights / (grid.rows * grid.cols);
    out.number(largestOf(coded.codebook));
    out.number((grid.transposed ? 1 : 0) + (grid.columnScales ? 2 : 0) + 4 * matrices);
  }
  for (const block of coded.blocks) {
    out.number(block.values.length);
    if (!hasGaps(coded)) continue;
    out.number(block.gaps.length);
    out.number(block.entries);
  }
}

/** Checksums and rmse: bytes that deflate would only make longer. */
function fixedFields({ channels, tensors }: IndexContents): Uint8Array {
  const words: number[] = [];
  const float = new DataView(new ArrayBuffer(4));
  for (const { pieces } of channels) for (const piece of pieces) words.push(piece.crc32);
  for (const { coded, rmse } of tensors) {
    float.setFloat32(0, rmse);
    words.push(float.getUint32(0));
    for (const block of coded.blocks) words.push(block.crc32);
  }
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  return bytes;
}

/** JSON without white space, keys in code unit order, so that equal recipes are equal bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
