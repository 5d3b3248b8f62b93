/** From the protocol's words for a machine to the simulator's, and back. */
import { makeMachine, type Machine } from '../../eie/machine.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type {
  LayerMachine,
  MachineConfig,
  MachineOptions,
  SimulateLayers,
  SimulateSource,
} from '../protocol-eie.ts';
import { labelOf } from '../input.ts';
import type { PreparedLayer } from './prepared.ts';

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

/** The machine a layer runs on: the paper's, then what the layer needs, then what was asked for. */
export function machineFor(layer: PreparedLayer, changes: Partial<Machine>): Machine {
  return makeMachine({ ...layer.machine, ...changes });
}

export function layerMachine(machine: Machine): LayerMachine {
  const entries = Object.entries(keys).map(([name, key]) => [name, machine[key]]);
  return Object.fromEntries(entries) as unknown as LayerMachine;
}

/** Parameters that all machines share; null where they differ. */
export function commonMachine(machines: readonly LayerMachine[]): MachineConfig {
  const names = Object.keys(keys) as (keyof LayerMachine)[];
  const entries = names.map((name) => {
    const value = machines[0]?.[name] ?? null;
    return [name, machines.every((m) => m[name] === value) ? value : null];
  });
  return Object.fromEntries(entries) as MachineConfig;
}

/** The source as a user writes it. */
export function sourceLabel(source: SimulateSource): string {
  if (source.kind === 'workload') return `workload:${source.name}`;
  const label = labelOf(source.file);
  return source.kind === 'cases' ? `cases:${label}` : label;
}

/** Checks what does not depend on the source, before anything is read. */
export function checkLayerOptions(input: SimulateLayers): void {
  const { density, source } = input;
  const fail = (line: string): never => {
    throw new DeepCompressionError('invalid-input', line);
  };
  if (density !== undefined && !(density >= 0 && density <= 1))
    fail(`density must be a number from 0 to 1, not ${String(density)}`);
  if (source.kind === 'cases' && density !== undefined)
    fail('a case has its own activations: it takes no density');
  if (source.kind !== 'model' && input.input !== undefined)
    fail(`a sample input is for models, not for ${sourceLabel(source)}`);
  if (density !== undefined && input.input !== undefined)
    fail('a sample input and a density exclude each other');
}
