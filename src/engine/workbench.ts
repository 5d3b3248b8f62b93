/**
 * What one thread of a crew does: opens the job's input for itself and performs single pieces of
 * work on it, each a pure function of the file and the piece (a count of distinct values of one
 * large tensor excepted, which a thread gathers until it is asked). No piece handles more than a
 * block of 2^20 weights or its bytes.
 */
import { CheckedDecoder } from '../compress/code/checked-decoder.ts';
import { weightsOfBlock } from '../compress/code/encode-block.ts';
import { bytesOf } from '../compress/code/restore.ts';
import type { CodedTensor } from '../compress/coded.ts';
import { StatisticsCounter } from '../compress/statistics.ts';
import { runTask, type ResultOf, type Task, type WeightSource } from '../compress/tasks.ts';
import { codedAs } from '../model/coded-as.ts';
import { bitsOf, isCompressible, isFloat, isQuantized, type DType } from '../model/dtype.ts';
import type { Model, Tensor } from '../model/model.ts';
import { DistinctCounter, distinctBySorting, type DistinctKind } from '../measure/distinct.ts';
import { openInput, type Opened, type SharedInput } from './input.ts';
import { statisticsOf, type ValueStatistics } from '../measure/statistics.ts';

export type Work =
  /** A task of the compression pipeline on one tensor. */
  | { readonly kind: 'task'; readonly tensor: number; readonly task: Task }
  /** Statistics of `length` values; `last` when they are the whole tensor, whose count is then given. */
  | {
      readonly kind: 'statistics';
      readonly tensor: number;
      readonly start: number;
      readonly length: number;
      readonly last: boolean;
    }
  /** The distinct values this thread saw of a tensor, null when it saw none of it. */
  | { readonly kind: 'distinct'; readonly tensor: number }
  /** Payload bytes of one block of `Dcz.tensors[index]`, checked. */
  | { readonly kind: 'restore'; readonly index: number; readonly block: number }
  /** Codes of one block of `Dcz.tensors[index]`, checked: bytes where they fit. */
  | { readonly kind: 'codes'; readonly index: number; readonly block: number }
  /** Codes and runs of zeros of one block of `Dcz.tensors[index]`, checked as for `restore`. */
  | { readonly kind: 'recount'; readonly index: number; readonly block: number };

export interface BlockStatistics {
  readonly statistics: ValueStatistics;
  readonly distinct: number | null;
}

/** As the `count` task gives them. */
export type BlockCounts = Pick<ResultOf<'count'>, 'codeCounts' | 'runs'>;

const sortLimit = 1 << 16;

export class Workbench {
  private readonly opened: Opened;
  private readonly counters = new Map<number, DistinctCounter>();
  private decoder: CheckedDecoder | undefined;

  /** @throws DeepCompressionError when the input cannot be opened */
  constructor(input: SharedInput) {
    this.opened = openInput(input);
  }

  close(): void {
    this.opened.close();
  }

  perform(work: Work): unknown {
    switch (work.kind) {
      case 'task':
        return runTask(this.weights(work.tensor), work.task);
      case 'statistics':
        return this.statistics(work.tensor, work.start, work.length, work.last);
      case 'distinct': {
        const counter = this.counters.get(work.tensor);
        this.counters.delete(work.tensor);
        return counter?.take() ?? null;
      }
      case 'restore':
        return this.restore(work.index, work.block);
      case 'codes': {
        const codes = this.codes(work.index, work.block);
        const { codebook } = this.coded(work.index);
        return codebook.length <= 256 ? Uint8Array.from(codes) : codes.slice();
      }
      case 'recount':
        return this.recount(work.index, work.block);
    }
  }

  private weights(id: number): WeightSource {
    const { model } = this.opened;
    const tensor = model.tensors[id];
    if (isQuantized(tensor.dtype)) {
      const { dtype, weights } = codedAs(tensor);
      return { dtype, weights, readValues: bytesReader(model, tensor, dtype === 'int8' ? 0 : 128) };
    }
    if (!isCompressible(tensor.dtype)) throw new Error(`tensor ${id} holds no weights`);
    return {
      weights: tensor.parameters,
      dtype: tensor.dtype,
      readValues: (start, target) => model.reader.readValues(tensor, start, target),
    };
  }

  private statistics(id: number, start: number, length: number, last: boolean): BlockStatistics {
    const { model } = this.opened;
    const tensor = model.tensors[id];
    const kind = distinctKind(tensor.dtype);
    const values = readsAsFloat32(tensor.dtype)
      ? new Float32Array(length)
      : new Float64Array(length);
    model.reader.readValues(tensor, start, values);
    const statistics = statisticsOf(values);
    if (last && length <= sortLimit)
      return { statistics, distinct: distinctBySorting(values, kind) };
    const counter = this.counters.get(id) ?? new DistinctCounter(kind);
    counter.add(values);
    if (last) return { statistics, distinct: counter.count() };
    this.counters.set(id, counter);
    return { statistics, distinct: null };
  }

  private restore(index: number, block: number): Uint8Array {
    const { dcz } = this.opened;
    if (!dcz) throw new Error('nothing to restore: the input is not a .dcz');
    const { weights, dtype } = dcz.tensors[index].coded;
    const bytes = new Uint8Array(weightsOfBlock(weights, block) * bytesOf(dtype));
    dcz.readBlock(index, block, bytes);
    return bytes;
  }

  private coded(index: number): CodedTensor {
    const { dcz } = this.opened;
    if (!dcz) throw new Error('nothing is coded: the input is not a .dcz');
    return dcz.tensors[index].coded;
  }

  private codes(index: number, block: number): Uint16Array {
    const coded = this.coded(index);
    return (this.decoder ??= new CheckedDecoder(this.opened.path)).decode(coded, block);
  }

  private recount(index: number, block: number): BlockCounts {
    const codes = this.codes(index, block);
    const counter = new StatisticsCounter(this.coded(index).codebook.length);
    counter.add(codes, codes.length);
    const { codeCounts, runs } = counter.result();
    return { codeCounts, runs };
  }
}

/** Bytes of a tensor as signed numbers, counted from `middle`. */
function bytesReader(model: Model, tensor: Tensor, middle: number): WeightSource['readValues'] {
  return (start, target) => {
    const bytes = new Uint8Array(target.length);
    model.reader.readBytes(tensor, start, bytes);
    for (let i = 0; i < bytes.length; i++) target[i] = ((bytes[i] - middle) << 24) >> 24;
  };
}

function readsAsFloat32(dtype: DType): boolean {
  return isFloat(dtype) && dtype !== 'float64';
}

export function distinctKind(dtype: DType): DistinctKind {
  if (readsAsFloat32(dtype)) return 'float';
  return bitsOf[dtype] <= 32 ? 'integer' : 'wide';
}
