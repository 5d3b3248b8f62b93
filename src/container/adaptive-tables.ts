/**
 * What the adaptive stream holds, in order: for each tensor its codebook and, when it is Huffman
 * coded, the code lengths of weight codes and of gaps. One function writes and reads it.
 */
import type { Coder } from '../compress/coded.ts';
import type { AdaptiveCoder } from './adaptive.ts';
import { codebookContexts, codeCodebook } from './codebook.ts';
import { codeLengths, lengthContexts } from './length-tables.ts';

export const tableContexts = codebookContexts + 2 * lengthContexts;

/** Code tables end with their last symbol that occurs. */
export interface Tables {
  readonly codebook: Float64Array;
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

/** Codes the tables of one tensor; decoding ignores `tables`. `fail` must throw. */
export function codeTables(
  coder: AdaptiveCoder,
  kind: { readonly coder: Coder; readonly indexBits: number },
  tables: Tables,
  fail: (why: string) => never,
): { tables: Tables; sizes: TableSizes } {
  const start = coder.length;
  const codebook = codeCodebook(coder, 0, tables.codebook, fail);
  const middle = coder.length;
  let { valueLengths, gapLengths } = noTables;
  if (kind.coder === 'huffman') {
    const base = codebookContexts;
    valueLengths = codeLengths(coder, base, codebook.length, tables.valueLengths, fail);
    if (kind.indexBits > 0) {
      const symbols = 2 ** kind.indexBits;
      gapLengths = codeLengths(coder, base + lengthContexts, symbols, tables.gapLengths, fail);
    }
  }
  return {
    tables: { codebook, valueLengths, gapLengths },
    sizes: { codebook: middle - start, tables: coder.length - middle },
  };
}
