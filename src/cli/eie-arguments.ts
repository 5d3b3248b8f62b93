/** The arguments of `deepc simulate` and `deepc sweep`: source, machine, activations, axes. */
import { parseAxis } from '../eie/sweep.ts';
import type { MachineOptions, SweepAxis } from '../engine/protocol-eie.ts';
import { detections, machineLimits, precisions, roundings } from '../shared/machine.ts';
import { UsageError } from './usage.ts';
import type { SimulateSource } from '../engine/protocol-simulate.ts';

export const eieOptions = {
  pe: { type: 'string' },
  fifo: { type: 'string' },
  'sram-width': { type: 'string' },
  'index-bits': { type: 'string' },
  'weight-bits': { type: 'string' },
  clock: { type: 'string' },
  precision: { type: 'string' },
  rounding: { type: 'string' },
  detect: { type: 'string' },
  'no-bias': { type: 'boolean' },
  input: { type: 'string' },
  density: { type: 'string' },
  timeline: { type: 'string' },
  'no-host': { type: 'boolean' },
  axis: { type: 'string', multiple: true },
  csv: { type: 'string' },
} as const;

const shared = [
  'pe',
  'fifo',
  'sram-width',
  'index-bits',
  'weight-bits',
  'clock',
  'precision',
  'rounding',
  'detect',
  'no-bias',
  'input',
  'density',
  'seed',
  'threads',
  'csv',
  'force',
];
export const simulateTakes: readonly string[] = [...shared, 'timeline', 'no-host'];
export const sweepTakes: readonly string[] = [...shared, 'axis'];

export const eieUsage = `
  deepc simulate SOURCE                        run its layers on EIE, cycle by cycle
  deepc sweep SOURCE --axis NAME=A,B,C …       every combination of parameters of the machine
        SOURCE: FILE.dcz, MODEL.onnx (compressed on the way with the preset eie),
        workload:alex-7 (or another layer of the paper), workload:all, cases:FILE.json`;

export const eieOptionsUsage = `
options of simulate and sweep
  --pe N --fifo N --sram-width BITS --index-bits N --weight-bits N --clock MHZ
                  the machine (default: 64 PEs, ring of 8, 64 bits, 4, as needed, 800)
  --precision P   float32 (default), fixed32, fixed16 or fixed8; --rounding half-up, half-even, floor
  --detect D      which inputs are sent: positive or nonzero (default: nonzero where some are below 0)
  --no-bias       without the bias column
  --input FILE    sample input of the model: .npz by input name, .npy, or the first sample of anything
                  that --data takes; normalised as a retrained .dcz states (default: a random one)
  --density D     share of non-zero activations, instead of running the model
  --axis NAME=A,B sweep: pe, fifo, sram-width, index-bits, precision or clock; repeat for more axes
  --csv FILE      also write the rows as CSV
  --timeline N    simulate: queue occupancy in at most N bins (in the JSON)
  --no-host       simulate: do not time this machine's own matrix-vector products`;

/** As parseArgs gives them. */
export type EieValues = {
  readonly [K in keyof typeof eieOptions]?: (typeof eieOptions)[K] extends { multiple: true }
    ? string[] | undefined
    : ((typeof eieOptions)[K]['type'] extends 'boolean' ? boolean : string) | undefined;
};

export interface EieArguments {
  readonly machine: MachineOptions;
  /** '' : none. */
  readonly input: string;
  readonly density: number | undefined;
  readonly timelineBins: number;
  readonly measureHost: boolean;
  readonly axes: readonly SweepAxis[];
  /** '': none. */
  readonly csv: string;
}

export function sourceOf(text: string): SimulateSource {
  const of = (prefix: string): string | undefined =>
    text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
  const name = of('workload:');
  if (name !== undefined) {
    if (name === '') throw new UsageError('workload: which layer? (e.g. workload:alex-7, or all)');
    return { kind: 'workload', name };
  }
  const path = of('cases:');
  if (path === '') throw new UsageError('cases: which file? (cases:FILE.json)');
  return path === undefined
    ? { kind: 'model', file: { path: text } }
    : { kind: 'cases', file: { path } };
}

/** @throws UsageError */
export function eieArguments(values: EieValues, sweep: boolean): EieArguments {
  const axes = (values.axis ?? []).map((text): SweepAxis => {
    try {
      return parseAxis(text);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  });
  if (sweep && axes.length === 0)
    throw new UsageError('deepc sweep needs --axis NAME=A,B,C (e.g. --axis fifo=2,4,8,16)');
  return {
    machine: machineOf(values),
    input: values.input ?? '',
    density: number('density', values.density, 0, 1),
    timelineBins: number('timeline', values.timeline, 0, 4096, true) ?? 0,
    measureHost: !(values['no-host'] ?? false),
    axes,
    csv: values.csv ?? '',
  };
}

function machineOf(values: EieValues): MachineOptions {
  const whole = (
    option: 'pe' | 'fifo' | 'sram-width' | 'index-bits' | 'weight-bits',
    knob: Exclude<keyof typeof machineLimits, 'clockMHz'>,
  ): number | undefined => {
    const { least, most } = machineLimits[knob];
    return number(option, values[option], least, most, true);
  };
  const { least, most } = machineLimits.clockMHz;
  const found: Record<string, unknown> = {
    pe: whole('pe', 'pe'),
    fifo: whole('fifo', 'fifo'),
    sramWidth: whole('sram-width', 'sramWidth'),
    indexBits: whole('index-bits', 'indexBits'),
    weightBits: whole('weight-bits', 'weightBits'),
    clockMHz: number('clock', values.clock, least, most),
    precision: oneOf('precision', values.precision, precisions),
    rounding: oneOf('rounding', values.rounding, roundings),
    detect: oneOf('detect', values.detect, detections),
    hasBias: values['no-bias'] ? false : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, v]) => v !== undefined));
}

function number(
  key: string,
  text: string | undefined,
  least: number,
  most: number,
  whole = false,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(
    `--${key} needs a ${whole ? 'whole number' : 'number'} from ${least} to ${most}, not '${text}'`,
  );
}

function oneOf<T extends string>(
  key: string,
  text: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = allowed.find((a) => a === text);
  if (found === undefined)
    throw new UsageError(`--${key} is one of ${allowed.join(', ')}, not '${text}'`);
  return found;
}
