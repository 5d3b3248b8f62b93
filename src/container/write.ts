/**
 * Writes a .dcz file (docs/dcz-format.md): header, index, packed rest, streams. Append only; the streams
 * are in memory already, and so is the packed rest until it is long: it is then packed twice, the first
 * time for what the index says of it.
 */
import { bytesOf } from '../compress/code/restore.ts';
import { blockWeights, type CodedTensor } from '../compress/coded.ts';
import { largestOf, levelOf, type Grid } from '../compress/share/grid.ts';
import type { ByteSink } from '../model/bytes.ts';
import { crc32 } from '../model/crc32.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { Model, Segment } from '../model/model.ts';
import { isExactIn } from './codebook.ts';
import { hasGaps, headerBytes, holeKind, limits, magic, plainVersion, version } from './format.ts';
import { canonicalJson, serialiseIndex, type IndexedTensor } from './index-write.ts';
import { packRest, type PackedChannel } from './pack-rest.ts';
import { floatPayloads, planRuns, type HashedTensors, type PlannedRun } from './rest-plan.ts';
import { storedBytes, type StoredBytes } from './stored-bytes.ts';

export interface DczContents {
  readonly model: Model;
  /** `model.writer.layout` of exactly the tensors below and the hashed ones. */
  readonly layout: readonly (readonly Segment[])[];
  readonly tensors: readonly { readonly coded: CodedTensor; readonly rmse: number }[];
  /** Tensors of which only shared values are stored, by their ids. */
  readonly hashed?: HashedTensors;
  /** Stored as canonical JSON. */
  readonly recipe: object;
}

export interface WrittenBytes {
  /** Length of the whole file. */
  readonly total: number;
  /** By `Tensor.id`. */
  readonly perTensor: ReadonlyMap<number, StoredBytes>;
  /** Everything that is no tensor's: rest of the model, recipe, metadata, header. */
  readonly other: number;
}

/**
 * Writes the whole file to `sink`. The same contents give the same bytes.
 * @throws DeepCompressionError `io` from the model's sources or the sink; `unsupported` beyond a
 * limit of the format. RangeError when layout and tensors do not belong together (a defect).
 */
export function writeDcz(contents: DczContents, sink: ByteSink): WrittenBytes {
  const { model, layout, recipe, hashed = new Map() } = contents;
  const tensors = inHoleOrder(contents);
  let total = 0;
  const write = (bytes: Uint8Array): void => {
    sink.write(bytes);
    total += bytes.length;
  };
  const { channels, runs, writeTo } = prepareRest(model, layout, hashed);
  const files = model.files.map(({ location }, i) => ({ location, runs: runs[i] }));
  checkLimits(files, tensors);
  const recipeBytes = new TextEncoder().encode(canonicalJson(recipe)).length;
  most('bytes of recipe', recipeBytes, limits.recipe);
  const bytewise = tensors.some(({ coded }) => bytesOf(coded.dtype) === 1);
  const written = bytewise || hashed.size > 0 ? version : plainVersion;
  const index = serialiseIndex({ version: written, recipe, channels, files, tensors });
  most('bytes of metadata', index.metadataBytes, limits.metadata);
  const header = new DataView(new ArrayBuffer(headerBytes));
  [...magic, written].forEach((byte, i) => header.setUint8(i, byte));
  header.setUint32(4, index.bytes.length, true);
  header.setUint32(8, crc32(index.bytes), true);
  write(new Uint8Array(header.buffer));
  write(index.bytes);
  writeTo(write);
  for (const { coded } of tensors) {
    for (const block of coded.blocks) {
      write(block.values);
      if (hasGaps(coded)) write(block.gaps);
    }
  }

  const perTensor = new Map<number, StoredBytes>();
  let other = total;
  tensors.forEach(({ coded }, i) => {
    const stored = storedBytes(coded.blocks.length, index.sizes[i], streamBytes(coded));
    perTensor.set(coded.tensor, stored);
    other -= stored.total;
  });
  return { total, perTensor, other };
}

function streamBytes({ blocks }: CodedTensor): { values: number; index: number } {
  let values = 0;
  let index = 0;
  for (const block of blocks) {
    values += block.values.length;
    index += block.gaps.length;
  }
  return { values, index };
}

interface PreparedRest {
  readonly channels: readonly PackedChannel[];
  readonly runs: readonly (readonly PlannedRun[])[];
  readonly writeTo: (write: (bytes: Uint8Array) => void) => void;
}

/**
 * Packs the rest with float payloads in planes or, for small files, without, whichever deflates to less: a
 * short payload may not be worth a channel of its own.
 */
function prepareRest(
  model: Model,
  layout: readonly (readonly Segment[])[],
  hashed: HashedTensors,
): PreparedRest {
  const payloads = floatPayloads(model);
  const plan = (withPlanes: boolean): PlannedRun[][] =>
    layout.map((segments, i) => planRuns(i, segments, withPlanes ? payloads[i] : [], hashed));
  const runs = plan(true);
  const rest = runs.flat().reduce((sum, run) => sum + (run.kind === holeKind ? 0 : run.length), 0);
  if (rest > smallRest) return { ...packTwice(model, runs), runs };

  const [costs, plainCosts] = [runs, plan(false)].map((candidate) => {
    let cost = candidate.flat().length * runCost;
    const count = (bytes: Uint8Array): void => void (cost += bytes.length);
    const channels = packRest(model.files, candidate, count, false);
    for (const { pieces } of channels) cost += pieces.length * pieceCost;
    return cost;
  });
  const best = plainCosts < costs ? plan(false) : runs;
  return { ...packTwice(model, best), runs: best };
}

/** Packs the rest, and packs it again when it is written and was too long to be kept. */
function packTwice(
  model: Model,
  runs: readonly (readonly PlannedRun[])[],
): Pick<PreparedRest, 'channels' | 'writeTo'> {
  let kept: Uint8Array[] = [];
  let bytes = 0;
  const channels = packRest(model.files, runs, (packed) => {
    bytes += packed.length;
    if (bytes <= keptBytes) kept.push(packed);
    else kept = [];
  });
  const writeTo: PreparedRest['writeTo'] = (write) => {
    if (bytes <= keptBytes) kept.forEach(write);
    else packRest(model.files, runs, write);
  };
  return { channels, writeTo };
}

/** Packed bytes that are kept in memory until they are written. */
const keptBytes = 64 << 20;

/** Up to here both ways are tried. The bytes that a run and a piece take in the index, about. */
const smallRest = 1 << 20;
const runCost = 1.5;
const pieceCost = 8;

/** The tensors as the reader meets their holes; every hole has its tensor and every tensor a hole. */
function inHoleOrder({ layout, tensors, hashed }: DczContents): IndexedTensor[] {
  const byId = new Map(tensors.map((t) => [t.coded.tensor, t]));
  const ordered: IndexedTensor[] = [];
  for (const segments of layout) {
    for (const segment of segments) {
      if (segment.kind !== 'hole' || hashed?.has(segment.tensor)) continue;
      const found = byId.get(segment.tensor);
      if (!found) throw new RangeError(`no tensor for the hole of ${segment.tensor}`);
      byId.delete(segment.tensor);
      checkTensor(found.coded, segment);
      ordered.push(found);
    }
  }
  if (byId.size > 0) throw new RangeError(`${byId.size} tensors without a hole`);
  return ordered;
}

function checkTensor(coded: CodedTensor, hole: Extract<Segment, { kind: 'hole' }>): void {
  const expect = (holds: boolean, what: string): void => {
    if (!holds) throw new RangeError(`tensor ${coded.tensor}: ${what}`);
  };
  expect(hole.encoding === coded.dtype, `a hole of ${hole.encoding} for ${coded.dtype}`);
  expect(hole.length === coded.weights * bytesOf(coded.dtype), `a hole of ${hole.length} bytes`);
  expect(coded.blocks.length === Math.ceil(coded.weights / blockWeights), 'wrong number of blocks');
  expect(Object.is(coded.codebook[0], 0), 'no reserved zero in the codebook');
  if (coded.grid !== undefined) checkGrid(coded, coded.grid, expect);
  else expect(isExactIn(coded.codebook, coded.dtype), `codebook values that are no ${coded.dtype}`);
  const huffman = coded.coder === 'huffman';
  const symbols = huffman ? coded.codebook.length : 0;
  expect(coded.valueLengths.length <= symbols, 'more weight codes than values');
  const gaps = hasGaps(coded) ? 2 ** coded.indexBits : 0;
  expect(coded.gapLengths.length <= gaps, 'more gap codes than gaps');
  if (!hasGaps(coded))
    for (const b of coded.blocks) expect(b.gaps.length === 0, 'gaps unasked for');
}

function checkGrid(
  { codebook, weights, rowLength }: CodedTensor,
  grid: Grid,
  expect: (holds: boolean, what: string) => void,
): void {
  const { rows, cols, transposed, scales, columnScales } = grid;
  const matrices = weights / (rows * cols);
  const largest = largestOf(codebook);
  expect(
    largest <= limits.levels && codebook.every((v, c) => v === levelOf(c, largest)),
    'a codebook that is not one of levels',
  );
  expect(Number.isInteger(matrices) && matrices > 0, 'a grid that does not divide it');
  expect(rowLength === (transposed ? rows : cols), 'another length of rows than its grid');
  expect(scales.length === matrices * rows, 'wrong number of scales');
  expect(
    columnScales === undefined || columnScales.length === matrices * cols,
    'wrong number of column scales',
  );
}

function checkLimits(
  files: readonly { readonly location: string; readonly runs: readonly PlannedRun[] }[],
  tensors: readonly IndexedTensor[],
): void {
  most('files', files.length, limits.files);
  most(
    'runs',
    files.reduce((sum, f) => sum + f.runs.length, 0),
    limits.runs,
  );
  most('compressed tensors', tensors.length, limits.tensors);
  most(
    'blocks',
    tensors.reduce((sum, t) => sum + t.coded.blocks.length, 0),
    limits.blocks,
  );
}

function most(what: string, count: number, limit: number): void {
  if (count <= limit) return;
  const line = `this model does not fit a .dcz file: ${count} ${what}, and ${limit} are allowed`;
  throw new DeepCompressionError('unsupported', line);
}
