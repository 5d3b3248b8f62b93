/**
 * The knobs of the simulated machine by the names of the command line: what each may be. Simulator,
 * jobs, command line, tools and pages take their limits from here.
 */
import type { Limits } from './fields.ts';

/** What a knob that is a number may be; all but the clock are whole numbers. */
export const machineLimits = {
  /** Processing elements. */
  pe: { least: 1, most: 1024 },
  /** Slots of an activation queue's ring. */
  fifo: { least: 2, most: 65_536 },
  /** Bits of a row of the sparse-matrix SRAM; it has to hold an entry (eie/machine.ts). */
  sramWidth: { least: 1, most: 65_536 },
  indexBits: { least: 1, most: 16 },
  weightBits: { least: 1, most: 16 },
  clockMHz: { least: 1e-6, most: 1e6 },
} as const satisfies Readonly<Record<string, Required<Pick<Limits, 'least' | 'most'>>>>;

/** `float32` is the arithmetic of the authors' simulator, `fixed16` that of the paper's hardware. */
export const precisions = ['float32', 'fixed32', 'fixed16', 'fixed8'] as const;
export type Precision = (typeof precisions)[number];

/**
 * How a fixed-point value that lies between two is rounded: `half-up` adds half and drops the
 * fraction (what hardware does cheaply), `half-even` is IEEE's, `floor` only drops the fraction.
 */
export const roundings = ['half-up', 'half-even', 'floor'] as const;
export type Rounding = (typeof roundings)[number];

/** Which activations are broadcast: those above zero (the machine after a ReLU), or any but zero. */
export const detections = ['positive', 'nonzero'] as const;
export type Detection = (typeof detections)[number];
