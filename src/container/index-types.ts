/** The index of a .dcz file as it is read: where everything lies, and what it is. */
import type { Coder } from '../compress/coded.ts';
import type { GridLayout } from '../compress/share/grid.ts';
import type { CodedDType } from '../model/dtype.ts';
import type { HashedTensor } from './hashed.ts';
import type { Packing } from './pack.ts';
import type { Tables, TableSizes } from './adaptive-tables.ts';

/** A packed piece of a channel, and where its planes lie. */
export interface IndexedPiece {
  readonly offset: number;
  /** Restored bytes. */
  readonly length: number;
  /** How each plane is stored, and in how many bytes. */
  readonly planes: readonly { readonly packing: Packing; readonly length: number }[];
  crc32: number;
}

export interface IndexedChannel {
  readonly length: number;
  readonly pieces: readonly IndexedPiece[];
}

/** A file as runs: run r covers restored bytes [starts[r], starts[r + 1]). */
export interface IndexedFile {
  readonly location: string;
  readonly size: number;
  readonly starts: Float64Array;
  /** 0..3: a channel; 4: a hole; 5: a hashed tensor. */
  readonly kinds: Uint8Array;
  /** Offset in the channel, of a hashed tensor in channel 2, or index of the tensor (in hole order). */
  readonly origins: Float64Array;
  /** By run, where there are any. */
  readonly hashed: ReadonlyMap<number, HashedTensor>;
}

export interface IndexedBlock {
  readonly entries: number;
  readonly offset: number;
  readonly values: number;
  readonly gaps: number;
  crc32: number;
}

export interface IndexedGrid extends GridLayout {
  readonly largest: number;
  readonly channels: number;
  /** 0 when there are no column scales. */
  readonly columns: number;
}

export interface IndexedTensor {
  readonly tensor: number;
  readonly dtype: CodedDType;
  readonly weights: number;
  readonly coder: Coder;
  readonly indexBits: number;
  readonly rowLength: number;
  readonly kernelLength: number;
  /** The largest level of a grid and how its channels lie; its scales are among the tables. */
  readonly grid: IndexedGrid | undefined;
  readonly blocks: readonly IndexedBlock[];
  rmse: number;
  tables: Tables;
  sizes: TableSizes;
}

export interface DczIndex {
  readonly version: number;
  readonly recipe: object;
  readonly channels: readonly IndexedChannel[];
  readonly files: readonly IndexedFile[];
  /** In the order of their holes. */
  readonly tensors: readonly IndexedTensor[];
  /** Where the packed bytes end: from version 2 on the end of the file, or a statement begins. */
  readonly end: number;
}

/** Throws the error of a damaged file; gets what is wrong. */
export type Fail = (what: string) => never;
