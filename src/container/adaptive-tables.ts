/**
 * What the adaptive stream holds, in order: for each tensor its codebook or the scales of its grid and,
 * when it is Huffman coded, the code lengths of weight codes and of gaps. One method writes and reads it.
 */
import type { Coder } from '../compress/coded.ts';
import type { AdaptiveCoder } from './adaptive.ts';
import { codebookContexts, codeCodebook } from './codebook.ts';
import {
  channelScales,
  codeScales,
  columnScales,
  scaleContexts,
  type ScaleMean,
} from './grid-scales.ts';
import { codeLengths, lengthContexts } from './length-tables.ts';

/** Code tables end with their last symbol that occurs; a grid has no codebook here. */
export interface Tables {
  readonly codebook: Float64Array;
  readonly grid?: { readonly scales: Int32Array; readonly columnScales?: Int32Array };
  readonly valueLengths: Uint8Array;
  readonly gapLengths: Uint8Array;
}

export interface TableSizes {
  readonly codebook: number;
  readonly tables: number;
}

export const noTables: Tables = {
  codebook: new Float64Array(1),
  valueLengths: new Uint8Array(0),
  gapLengths: new Uint8Array(0),
};

/** What is known of a tensor before its tables. */
export interface TableShape {
  readonly coder: Coder;
  readonly indexBits: number;
  readonly grid:
    { readonly largest: number; readonly channels: number; readonly columns: number } | undefined;
}

const scalesAt = codebookContexts + 2 * lengthContexts;
const columnsAt = scalesAt + scaleContexts;

/** Codes the tables of one tensor after another; what was learned of one serves the next. */
export class TableCoder {
  static readonly contexts = columnsAt + scaleContexts;
  private readonly channelMean: ScaleMean = { value: 0 };
  private readonly columnMean: ScaleMean = { value: 0 };

  /** `fail` must throw. */
  constructor(
    private readonly coder: AdaptiveCoder,
    private readonly fail: (why: string) => never,
  ) {}

  /** Decoding ignores `tables`. */
  code(shape: TableShape, tables: Tables): { tables: Tables; sizes: TableSizes } {
    const { coder, fail } = this;
    const start = coder.length;
    const values = shape.grid
      ? this.grid(shape.grid, tables)
      : { codebook: codeCodebook(coder, 0, tables.codebook, fail) };
    const middle = coder.length;
    let { valueLengths, gapLengths } = noTables;
    if (shape.coder === 'huffman') {
      const base = codebookContexts;
      const symbols = shape.grid ? 2 * shape.grid.largest + 1 : values.codebook.length;
      valueLengths = codeLengths(coder, base, symbols, tables.valueLengths, fail);
      if (shape.indexBits > 0) {
        const gaps = 2 ** shape.indexBits;
        gapLengths = codeLengths(coder, base + lengthContexts, gaps, tables.gapLengths, fail);
      }
    }
    return {
      tables: { ...values, valueLengths, gapLengths },
      sizes: { codebook: middle - start, tables: coder.length - middle },
    };
  }

  private grid(
    { channels, columns }: NonNullable<TableShape['grid']>,
    { grid }: Tables,
  ): Pick<Tables, 'codebook' | 'grid'> {
    const { coder, fail, channelMean, columnMean } = this;
    const given = grid?.scales ?? new Int32Array(0);
    const scales = codeScales(coder, scalesAt, channelMean, channels, channelScales, given, fail);
    const { codebook } = noTables;
    if (columns === 0) return { codebook, grid: { scales } };
    const byColumn = grid?.columnScales ?? new Int32Array(0);
    return {
      codebook,
      grid: {
        scales,
        columnScales: codeScales(
          coder,
          columnsAt,
          columnMean,
          columns,
          columnScales,
          byColumn,
          fail,
        ),
      },
    };
  }
}
