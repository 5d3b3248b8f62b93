/**
 * What a layer needs of the machine's memories against what there is, and how a layer that does not
 * fit is split. Capacity never changes the cycle count here: the paper's simulator models no limit
 * either (eie-spec 3.7); it is reported, with the split, as warnings.
 */
import type { Encoding } from './encode.ts';
import type { Machine } from './machine.ts';

export interface Need {
  /** What the fullest PE needs, and what it has, in bytes. */
  readonly needed: number;
  readonly available: number;
}

export interface Capacity {
  /** Entries of the fullest PE. */
  readonly spmat: Need;
  /** 16-bit column pointers of one PE (32-bit ones where 16 do not reach). */
  readonly pointer: Need;
  /** 16-bit activations, inputs and outputs, of one PE. */
  readonly activation: Need;
  /** Batches of inputs and of outputs the two register files make it run in. */
  readonly inputBatches: number;
  readonly outputBatches: number;
  /** First column of each part when weights or pointers do not fit at once; [0] when they do. */
  readonly parts: readonly number[];
  /** One line each; empty when everything fits. */
  readonly warnings: readonly string[];
}

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KB`;

/** Bytes of `entries` packed into SRAM rows of the machine's width. */
function spmatBytes(machine: Machine, entries: number): number {
  const perRow = Math.floor(machine.sramWidth / (machine.indexBits + machine.weightBits));
  return Math.ceil((Math.ceil(entries / perRow) * machine.sramWidth) / 8);
}

/**
 * Columns at which the layer is cut so that every part's entries and pointers fit in every PE: each
 * part takes as many columns as it can. A single column that does not fit is a part of its own.
 */
function split(encoding: Encoding, machine: Machine): number[] {
  const { pes, ptr, columns } = encoding;
  const perRow = Math.floor(machine.sramWidth / (machine.indexBits + machine.weightBits));
  const entryLimit = Math.floor((machine.spmatBytes * 8) / machine.sramWidth) * perRow;
  const columnLimit = Math.max(1, Math.floor(machine.pointerBytes / 2) - 1);
  const parts = [0];
  let start = 0;
  for (let c = 1; c < columns; c++) {
    let most = 0;
    for (let p = 0; p < pes; p++)
      most = Math.max(most, ptr[(c + 1) * pes + p] - ptr[start * pes + p]);
    if (most > entryLimit || c + 1 - start > columnLimit) {
      parts.push(c);
      start = c;
    }
  }
  return parts;
}

/** Capacity of `machine` for an encoded layer. */
export function checkCapacity(encoding: Encoding, machine: Machine): Capacity {
  const { pes, ptr, columns, rows, cols } = encoding;
  let most = 0;
  for (let p = 0; p < pes; p++) most = Math.max(most, ptr[columns * pes + p]);
  const spmat = { needed: spmatBytes(machine, most), available: machine.spmatBytes };
  const pointer = { needed: 2 * (columns + 1), available: machine.pointerBytes };
  const activation = {
    needed: 2 * (Math.ceil(cols / pes) + Math.ceil(rows / pes)),
    available: machine.activationBytes,
  };
  const perFile = pes * machine.registers;
  const inputBatches = Math.ceil(cols / perFile);
  const outputBatches = Math.ceil(rows / perFile);
  const fits = spmat.needed <= spmat.available && pointer.needed <= pointer.available;
  const parts = fits ? [0] : split(encoding, machine);
  const warnings: string[] = [];
  if (inputBatches > 1 || outputBatches > 1)
    warnings.push(
      `${cols} inputs and ${rows} outputs exceed register files of ${perFile} activations: run in ${inputBatches} x ${outputBatches} batches through the activation SRAM`,
    );
  if (spmat.needed > spmat.available)
    warnings.push(
      `the fullest PE needs ${kib(spmat.needed)} of weights, its SRAM has ${kib(spmat.available)}`,
    );
  if (pointer.needed > pointer.available)
    warnings.push(
      `${columns + 1} column pointers need ${kib(pointer.needed)}, a PE has ${kib(pointer.available)}`,
    );
  if (parts.length > 1)
    warnings.push(
      `weights would be loaded in ${parts.length} parts, cut at column${parts.length > 2 ? 's' : ''} ${parts.slice(1, 9).join(', ')}${parts.length > 9 ? ', …' : ''}`,
    );
  if (most > (65536 * Math.floor(machine.sramWidth / (machine.indexBits + machine.weightBits))) / 8)
    warnings.push(`${most} entries in one PE are beyond what a 16-bit pointer can address`);
  if (activation.needed > activation.available)
    warnings.push(
      `inputs and outputs of one PE need ${kib(activation.needed)}, its activation SRAM has ${kib(activation.available)}`,
    );
  return { spmat, pointer, activation, inputBatches, outputBatches, parts, warnings };
}
