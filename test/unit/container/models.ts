/**
 * Models in memory for the container's tests: files made of structural bytes and float payloads,
 * whose layout can be asked for like a real model's, and tensors coded by the compression room.
 */
import { codeLengths } from '../../../src/compress/code/code-lengths.ts';
import { BlockEncoder, blocksOf, weightsOfBlock } from '../../../src/compress/code/encode-block.ts';
import { toEntries } from '../../../src/compress/code/relative-index.ts';
import type { HashedLayout } from '../../../src/compress/hash/places.ts';
import type { HashedTensors } from '../../../src/container/rest-plan.ts';
import { slowHashedWeights } from '../compress/slow-hash.ts';
import { blockWeights, type Coder, type CodedTensor } from '../../../src/compress/coded.ts';
import { memorySink, memorySource } from '../../../src/model/bytes.ts';
import type { CodedDType } from '../../../src/model/dtype.ts';
import { toBfloat16, toFloat16 } from '../../../src/model/half.ts';
import type { Model, Segment, Tensor } from '../../../src/model/model.ts';
import { writeDcz, type WrittenBytes } from '../../../src/container/write.ts';

/** A part of a file. `grown`: the payload's field had another length in the original. */
export type Part =
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'floats'; dtype: CodedDType; bytes: Uint8Array }
  | { kind: 'hashed'; tensor: number; layout: HashedLayout; values: Float32Array }
  | { kind: 'coded'; coded: CodedTensor; payload: Uint8Array; grown?: boolean };

export interface FakeModel {
  readonly model: Model;
  readonly layout: readonly (readonly Segment[])[];
  readonly tensors: readonly { coded: CodedTensor; rmse: number }[];
  readonly hashed: HashedTensors;
  /** The files that must come back. */
  readonly restored: readonly Uint8Array[];
}

export const width = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int8: 1,
  uint8: 1,
} as const;

/** Payload bytes, one value at a time: the slow way. */
export function payloadOf(
  codebook: Float64Array,
  codes: ArrayLike<number>,
  dtype: CodedDType,
  scale: (i: number) => number = () => 1,
): Uint8Array {
  const bytes = new Uint8Array(codes.length * width[dtype]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < codes.length; i++) {
    const value = codebook[codes[i]] * scale(i);
    if (dtype === 'float32') view.setFloat32(4 * i, value, true);
    else if (dtype === 'float64') view.setFloat64(8 * i, value, true);
    else if (dtype === 'int8') view.setInt8(i, value);
    else if (dtype === 'uint8') view.setUint8(i, value + 128);
    else view.setUint16(2 * i, dtype === 'float16' ? toFloat16(value) : toBfloat16(value), true);
  }
  return bytes;
}

export function codeTensor(
  codes: Uint16Array,
  tensor: Pick<CodedTensor, 'tensor' | 'dtype' | 'codebook' | 'coder' | 'indexBits'> &
    Partial<Pick<CodedTensor, 'rowLength' | 'kernelLength' | 'grid'>>,
): CodedTensor {
  const weights = codes.length;
  const { valueLengths, gapLengths } = lengthsOf(codes, tensor);
  const coding = {
    ...{ weights, rowLength: 1, kernelLength: 1, valueLengths, gapLengths },
    ...tensor,
  };
  const encoder = new BlockEncoder(coding);
  const blocks = Array.from({ length: blocksOf(weights) }, (_, b) =>
    encoder.encode(b, codes.subarray(b * blockWeights, (b + 1) * blockWeights)),
  );
  return { ...coding, blocks };
}

function lengthsOf(
  codes: Uint16Array,
  { coder, codebook, indexBits }: { coder: Coder; codebook: Float64Array; indexBits: number },
): { valueLengths: Uint8Array; gapLengths: Uint8Array } {
  const none = new Uint8Array(0);
  if (coder === 'arithmetic') return { valueLengths: none, gapLengths: none };
  const values = new Float64Array(codebook.length);
  const gaps = new Float64Array(indexBits === 0 ? 0 : 2 ** indexBits);
  const v = new Uint16Array(blockWeights);
  const g = new Uint16Array(blockWeights);
  for (let b = 0; b < blocksOf(codes.length); b++) {
    const n = weightsOfBlock(codes.length, b);
    const here = codes.subarray(b * blockWeights, b * blockWeights + n);
    const entries = indexBits === 0 ? n : toEntries(here, n, indexBits, v, g);
    for (let i = 0; i < entries; i++) {
      values[indexBits === 0 ? here[i] : v[i]]++;
      if (indexBits > 0) gaps[g[i]]++;
    }
  }
  return { valueLengths: codeLengths(values), gapLengths: codeLengths(gaps) };
}

/** A model whose first file has location '' and the others those given. */
export function fakeModel(
  files: readonly { location: string; parts: readonly Part[] }[],
): FakeModel {
  const coded = files.flatMap(({ parts }) =>
    parts.flatMap((p) => (p.kind === 'coded' ? [p.coded] : [])),
  );
  const hashed = new Map(
    files.flatMap(({ parts }) =>
      parts.flatMap((p) => (p.kind === 'hashed' ? [[p.tensor, p] as const] : [])),
    ),
  );
  const codedIds = new Set([...coded.map(({ tensor }) => tensor), ...hashed.keys()]);
  let next = Math.max(-1, ...codedIds) + 1;
  const tensors: Tensor[] = [];
  const originals: Uint8Array[] = [];
  const plans = files.map(({ parts }, file) => {
    const sink = memorySink();
    let at = 0;
    const plan = parts.map((part) => {
      const offset = at;
      const original = originalBytes(part);
      sink.write(original);
      at += original.length;
      if (part.kind === 'bytes') return { part, offset, length: original.length, id: -1 };
      const id =
        part.kind === 'coded' ? part.coded.tensor : part.kind === 'hashed' ? part.tensor : next++;
      const dtype = dtypeOf(part);
      tensors.push({
        ...{ id, name: `t${id}`, path: '', dtype, shape: [], parameters: 0, storage: 'raw_data' },
        ...{ bytes: original.length, role: 'weight', op: '', sparse: false, file },
      });
      return { part, offset, length: original.length, id };
    });
    originals.push(sink.take().slice());
    return plan;
  });
  const layout = (ids: ReadonlySet<number>): Segment[][] =>
    plans.map((plan) => {
      const segments: Segment[] = [];
      const copy = (offset: number, length: number): void => {
        const last = segments.at(-1);
        if (last?.kind === 'copy')
          segments[segments.length - 1] = { ...last, length: last.length + length };
        else if (length > 0) segments.push({ kind: 'copy', offset, length });
      };
      for (const { part, offset, length, id } of plan) {
        if (part.kind === 'bytes' || !ids.has(id)) copy(offset, length);
        else if (part.kind !== 'coded') {
          segments.push({ kind: 'hole', tensor: id, length, encoding: dtypeOf(part) });
        } else {
          if (part.grown) segments.push({ kind: 'literal', bytes: Uint8Array.of(0x4a, 7, 7) });
          const encoding = part.coded.dtype;
          segments.push({ kind: 'hole', tensor: id, length: part.payload.length, encoding });
        }
      }
      return segments;
    });
  const model = {
    ...{ path: 'fake.onnx', format: 'onnx', version: '', producer: '', notes: [] },
    files: files.map(({ location }, i) => ({
      location,
      source: memorySource('fake', originals[i]),
    })),
    tensors,
    reader: { readValues: () => assertUnused(), readBytes: () => assertUnused() },
    writer: { whyNotReplaceable: () => undefined, layout },
  } as const satisfies Model;
  const restored = files.map(({ parts }) => {
    const sink = memorySink();
    for (const part of parts) {
      if (part.kind === 'coded' && part.grown) sink.write(Uint8Array.of(0x4a, 7, 7));
      sink.write(part.kind === 'coded' ? part.payload : plainBytes(part));
    }
    return sink.take().slice();
  });
  return {
    model,
    layout: layout(codedIds),
    tensors: coded.map((c, i) => ({ coded: c, rmse: i / 8 })),
    hashed,
    restored,
  };
}

function dtypeOf(part: Exclude<Part, { kind: 'bytes' }>): CodedDType {
  if (part.kind === 'hashed') return 'float32';
  return part.kind === 'coded' ? part.coded.dtype : part.dtype;
}

function plainBytes(part: Exclude<Part, { kind: 'coded' }>): Uint8Array {
  if (part.kind !== 'hashed') return part.bytes;
  return new Uint8Array(slowHashedWeights(part.layout, part.values).buffer);
}

function assertUnused(): never {
  throw new Error('the container reads no values');
}

/** What stood where a coded payload goes: anything of the right length, or of another. */
function originalBytes(part: Part): Uint8Array {
  if (part.kind !== 'coded') return plainBytes(part);
  return new Uint8Array(part.payload.length + (part.grown ? 11 : 0)).fill(0xa5);
}

export function writeToMemory(
  fake: FakeModel,
  recipe: object = { name: 'test' },
): { bytes: Uint8Array; written: WrittenBytes } {
  const sink = memorySink();
  const { model, layout, tensors, hashed } = fake;
  const written = writeDcz({ model, layout, tensors, hashed, recipe }, sink);
  return { bytes: sink.take().slice(), written };
}
