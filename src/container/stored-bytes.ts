/** What a tensor takes in a .dcz, counted alike by the writer and the reader. */
import type { TableSizes } from './adaptive-tables.ts';

export interface StoredBytes {
  /** Streams of weight codes (or arithmetic-coded blocks), and of gaps. */
  readonly values: number;
  readonly index: number;
  readonly codebook: number;
  /** Code tables, checksums of the blocks, rmse. */
  readonly tables: number;
  readonly total: number;
}

export function storedBytes(
  blocks: number,
  sizes: TableSizes,
  streams: { readonly values: number; readonly index: number },
): StoredBytes {
  const { values, index } = streams;
  const { codebook } = sizes;
  const tables = sizes.tables + 4 + 4 * blocks;
  return { values, index, codebook, tables, total: values + index + codebook + tables };
}
