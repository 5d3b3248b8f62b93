/**
 * The parameters of the simulated machine: EIE as in Han et al., ISCA 2016, sections III to VI, and
 * the defaults of the paper's 64-PE design. `ring` is the number of slots of an activation queue's
 * ring buffer; it tells full from empty by position, so it holds ring - 1 items. Capacities do not
 * change timing (the paper's simulator has none either): capacity.ts says how a layer is split.
 */
import { DeepCompressionError } from '../model/errors.ts';

/** `float32` is the arithmetic of the authors' simulator, `fixed16` that of the paper's hardware. */
export type Precision = 'float32' | 'fixed32' | 'fixed16' | 'fixed8';
export const precisions: readonly Precision[] = ['float32', 'fixed32', 'fixed16', 'fixed8'];

/**
 * How a fixed-point value that lies between two is rounded: `half-up` adds half and drops the
 * fraction (what hardware does cheaply), `half-even` is IEEE's, `floor` only drops the fraction.
 */
export type Rounding = 'half-up' | 'half-even' | 'floor';
export const roundings: readonly Rounding[] = ['half-up', 'half-even', 'floor'];

export interface Machine {
  /** Processing elements N, 1 to 1024. Row i belongs to PE i mod N. */
  readonly pes: number;
  /** Slots of each activation queue's ring, 2 or more; usable depth F = ring - 1. */
  readonly ring: number;
  /** Width of the sparse-matrix SRAM in bits. */
  readonly sramWidth: number;
  /** Bits of a zero-run count: the longest run in one entry is 2^indexBits - 1. */
  readonly indexBits: number;
  /** Bits of a weight code; code 0 is zero. */
  readonly weightBits: number;
  /** Clock in MHz; only converts cycles to time. */
  readonly clockMHz: number;
  /** Append the bias column (activation 1.0) after the last input group. */
  readonly hasBias: boolean;
  /** Which activations are broadcast: those above zero (the machine after a ReLU), or any but zero. */
  readonly detect: 'positive' | 'nonzero';
  readonly precision: Precision;
  readonly rounding: Rounding;
  /** Fraction bits of weights and of activations and accumulators; null: chosen from the values. */
  readonly weightFraction: number | null;
  readonly activationFraction: number | null;
  /** Activations in one of a PE's two register files. */
  readonly registers: number;
  /** SRAM of one PE in bytes. */
  readonly spmatBytes: number;
  readonly pointerBytes: number;
  readonly activationBytes: number;
}

export const defaultMachine: Machine = {
  pes: 64,
  ring: 8,
  sramWidth: 64,
  indexBits: 4,
  weightBits: 4,
  clockMHz: 800,
  hasBias: true,
  detect: 'positive',
  precision: 'float32',
  rounding: 'half-up',
  weightFraction: null,
  activationFraction: null,
  registers: 64,
  spmatBytes: 128 * 1024,
  pointerBytes: 32 * 1024,
  activationBytes: 2 * 1024,
};

const fail = (line: string): never => {
  throw new DeepCompressionError('invalid-input', line);
};

/** What a whole-number parameter may be, and what people call it. */
const ranges: Readonly<Record<string, readonly [name: string, low: number, high: number]>> = {
  pes: ['number of PEs', 1, 1024],
  ring: ['queue ring (fifo)', 2, 65536],
  sramWidth: ['SRAM width in bits', 1, 65536],
  indexBits: ['index bits', 1, 16],
  weightBits: ['weight bits', 1, 16],
  registers: ['activations per register file', 1, 1 << 20],
  spmatBytes: ['sparse-matrix SRAM in bytes', 1, 2 ** 40],
  pointerBytes: ['pointer SRAM in bytes', 4, 2 ** 40],
  activationBytes: ['activation SRAM in bytes', 1, 2 ** 40],
};

/**
 * The default machine with `changes` applied.
 * @throws DeepCompressionError `invalid-input` naming the first parameter that is impossible.
 */
export function makeMachine(changes: Partial<Machine> = {}): Machine {
  const given = Object.fromEntries(Object.entries(changes).filter(([, v]) => v !== undefined));
  const machine: Machine = { ...defaultMachine, ...(given as Partial<Machine>) };
  for (const key of Object.keys(given))
    if (!(key in defaultMachine)) fail(`unknown machine parameter ${JSON.stringify(key)}`);
  for (const [key, [name, low, high]] of Object.entries(ranges)) {
    const value = machine[key as keyof Machine];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
      fail(`${name} must be a whole number from ${low} to ${high}, not ${String(value)}`);
  }
  const clock: unknown = machine.clockMHz;
  if (typeof clock !== 'number' || !(clock > 0 && clock <= 1e6))
    fail(`clock must be above 0 and at most 1000000 MHz, not ${String(clock)}`);
  for (const key of ['weightFraction', 'activationFraction'] as const) {
    const value = machine[key];
    if (value !== null && !(Number.isInteger(value) && value >= 0 && value <= 30))
      fail(`${key} must be a whole number from 0 to 30, not ${String(value)}`);
  }
  if (typeof machine.hasBias !== 'boolean') fail('hasBias must be true or false');
  if (machine.detect !== 'positive' && machine.detect !== 'nonzero')
    fail(`detect must be positive or nonzero, not ${String(machine.detect)}`);
  if (!precisions.includes(machine.precision))
    fail(`precision must be one of ${precisions.join(', ')}, not ${String(machine.precision)}`);
  if (!roundings.includes(machine.rounding))
    fail(`rounding must be one of ${roundings.join(', ')}, not ${String(machine.rounding)}`);
  if (entriesPerRow(machine) < 1)
    fail(
      `SRAM width of ${machine.sramWidth} bits cannot hold one entry of ${machine.indexBits} index + ${machine.weightBits} weight bits`,
    );
  return machine;
}

/** Entries E in one row of the sparse-matrix SRAM; bits left over in a row stay unused. */
export function entriesPerRow(m: Pick<Machine, 'sramWidth' | 'indexBits' | 'weightBits'>): number {
  return Math.floor(m.sramWidth / (m.indexBits + m.weightBits));
}
