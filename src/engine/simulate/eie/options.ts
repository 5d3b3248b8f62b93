/** What can be set of EIE, and from these words to the simulator's and back. */
import type { Machine } from '../../../eie/machine.ts';
import { DeepCompressionError } from '../../../model/errors.ts';
import { detections, precisions, roundings } from '../../../shared/machine.ts';
import type {
  LayerMachine,
  MachineConfig,
  MachineOptions,
  SweepAxis,
  SweepAxisName,
} from '../../protocol-eie.ts';
import { among, either, flag, listOf, number, oneOf, optional, record } from '../../shape.ts';

const precision = among(precisions);

/** Ranges are checked by eie/machine.ts, which says what is possible. */
export const machineOptions = record<MachineOptions>({
  pe: optional(number),
  fifo: optional(number),
  sramWidth: optional(number),
  indexBits: optional(number),
  weightBits: optional(number),
  clockMHz: optional(number),
  precision: optional(precision),
  rounding: optional(among(roundings)),
  hasBias: optional(flag),
  detect: optional(among(detections)),
});

export const sweepAxis = record<SweepAxis>({
  name: oneOf<SweepAxisName>({
    pe: true,
    'index-bits': true,
    precision: true,
    fifo: true,
    'sram-width': true,
    clock: true,
  }),
  values: listOf(either(number, precision)),
});

const keys = {
  pe: 'pes',
  fifo: 'ring',
  sramWidth: 'sramWidth',
  indexBits: 'indexBits',
  weightBits: 'weightBits',
  clockMHz: 'clockMHz',
  precision: 'precision',
  rounding: 'rounding',
  hasBias: 'hasBias',
  detect: 'detect',
} as const satisfies Record<keyof MachineOptions, keyof Machine>;

/** What was asked for, in the simulator's words. @throws DeepCompressionError for unknown names */
export function machineChanges(options: MachineOptions = {}): Partial<Machine> {
  const changes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(keys, name))
      throw new DeepCompressionError(
        'invalid-input',
        `unknown machine parameter ${JSON.stringify(name)}`,
      );
    changes[keys[name as keyof MachineOptions]] = value;
  }
  return changes;
}

export function layerMachine(machine: Machine): LayerMachine {
  const entries = Object.entries(keys).map(([name, key]) => [name, machine[key]]);
  return Object.fromEntries(entries) as unknown as LayerMachine;
}

/** Parameters that all machines share; null where they differ. */
export function commonMachine(machines: readonly Machine[]): MachineConfig {
  const entries = Object.entries(keys).map(([name, key]) => {
    const value = machines[0]?.[key] ?? null;
    return [name, machines.every((m) => m[key] === value) ? value : null];
  });
  return Object.fromEntries(entries) as MachineConfig;
}
