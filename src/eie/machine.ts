/**
 * The parameters of the simulated machine: EIE as in Han et al., ISCA 2016, sections III to VI, and
 * the defaults of the paper's 64-PE design. `ring` is the number of slots of an activation queue's
 * ring buffer; it tells full from empty by position, so it holds ring - 1 items. Capacities do not
 * change timing (the paper's simulator has none either): capacity.ts says how a layer is split.
 */
import type { CodeLimit } from '../layers/grid-levels.ts';
import { DeepCompressionError } from '../model/errors.ts';
import {
  detections,
  machineLimits,
  precisions,
  roundings,
  type Detection,
  type Precision,
  type Rounding,
} from '../shared/machine.ts';

export interface Machine {
  /** Processing elements N. Row i belongs to PE i mod N. */
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
  readonly detect: Detection;
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
const ranges: Readonly<
  Record<string, readonly [name: string, limits: { readonly least: number; readonly most: number }]>
> = {
  pes: ['number of PEs', machineLimits.pe],
  ring: ['queue ring (fifo)', machineLimits.fifo],
  sramWidth: ['SRAM width in bits', machineLimits.sramWidth],
  indexBits: ['index bits', machineLimits.indexBits],
  weightBits: ['weight bits', machineLimits.weightBits],
  registers: ['activations per register file', { least: 1, most: 1 << 20 }],
  spmatBytes: ['sparse-matrix SRAM in bytes', { least: 1, most: 2 ** 40 }],
  pointerBytes: ['pointer SRAM in bytes', { least: 4, most: 2 ** 40 }],
  activationBytes: ['activation SRAM in bytes', { least: 1, most: 2 ** 40 }],
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
  for (const [key, [name, { least, most }]] of Object.entries(ranges)) {
    const value = machine[key as keyof Machine];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      fail(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`);
  }
  const clock: unknown = machine.clockMHz;
  const { least, most } = machineLimits.clockMHz;
  if (typeof clock !== 'number' || !(clock >= least && clock <= most))
    fail(`clock must be above 0 and at most ${most} MHz, not ${String(clock)}`);
  for (const key of ['weightFraction', 'activationFraction'] as const) {
    const value = machine[key];
    if (value !== null && !(Number.isInteger(value) && value >= 0 && value <= 30))
      fail(`${key} must be a whole number from 0 to 30, not ${String(value)}`);
  }
  if (typeof machine.hasBias !== 'boolean') fail('hasBias must be true or false');
  if (!detections.includes(machine.detect))
    fail(`detect must be ${detections.join(' or ')}, not ${String(machine.detect)}`);
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

/** Bits of a weight code: 4 as in the paper up to 16 values, else 8 as its convolutions, else as many as it takes. */
export function weightBitsFor(codebookSize: number): number {
  if (codebookSize <= 16) return 4;
  return codebookSize <= 256 ? 8 : Math.ceil(Math.log2(codebookSize));
}

/** Weight codes as wide as the paper's convolutions have them. */
export const codeLimit: CodeLimit = { name: 'EIE', mostCodes: 256, preset: 'eie' };
