/**
 * Design-space exploration: axes of parameters, one point computed at a time (so that a caller can
 * spread points over threads and stop between them), and the Pareto front of time, energy and area.
 * Points are ordered so that neighbours share an encoding: PEs and index bits change slowest.
 */
import { DeepCompressionError } from '../model/errors.ts';
import type { Precision } from '../shared/machine.ts';
import { makeMachine, type Machine } from './machine.ts';
import { layerEnergy } from './energy.ts';
import type { LayerSimulator } from './run.ts';

/** Parameters that can be swept, by the names of the command line, slowest first. */
export const axisKeys = {
  pe: 'pes',
  'index-bits': 'indexBits',
  precision: 'precision',
  fifo: 'ring',
  'sram-width': 'sramWidth',
  clock: 'clockMHz',
} as const satisfies Record<string, keyof Machine>;

export type SweepAxisName = keyof typeof axisKeys;

export interface SweepAxis {
  readonly name: SweepAxisName;
  readonly values: readonly (number | Precision)[];
}

/** Most points of one sweep. */
export const pointLimit = 100_000;

export interface SweepPoint {
  readonly pe: number;
  readonly fifo: number;
  readonly sramWidth: number;
  readonly indexBits: number;
  readonly precision: Precision;
  readonly clockMHz: number;
  readonly cycles: number;
  readonly theoreticalCycles: number;
  readonly timeUs: number;
  readonly loadBalance: number;
  readonly realWork: number;
  readonly validWritesPerPeCycle: number;
  readonly broadcastStalls: number;
  readonly pointerReads: number;
  readonly spmatReads: number;
  readonly paddingEntries: number;
  /** Time x power, the paper's account. */
  readonly constantPowerUj: number;
  /** Ours, by events, for the paper's 16-bit machine; and what another multiplier adds to it. */
  readonly eventBasedUj: number;
  readonly multiplierUj: number;
  readonly areaMm2: number;
  /** Root mean square of (output - float32 output) over that of the float32 output. */
  readonly relativeError: number;
  /** Additions that saturated. */
  readonly saturations: number;
}

const fail = (line: string): never => {
  throw new DeepCompressionError('invalid-input', line);
};

/**
 * An axis as a user writes it: `fifo=2,4,8,16`, `precision=fixed16,fixed8`.
 * @throws DeepCompressionError `invalid-input` saying what is wrong with which axis.
 */
export function parseAxis(text: string): SweepAxis {
  const at = text.indexOf('=');
  const name = (at < 0 ? text : text.slice(0, at)).trim();
  if (!Object.hasOwn(axisKeys, name))
    return fail(
      `unknown axis ${JSON.stringify(name)}: use ${Object.keys(axisKeys).join(', ')}, e.g. fifo=2,4,8`,
    );
  const words =
    at < 0
      ? []
      : text
          .slice(at + 1)
          .split(',')
          .map((w) => w.trim());
  if (words.length === 0 || words.some((w) => w === ''))
    return fail(
      `axis ${name} needs values, e.g. ${name}=${name === 'precision' ? 'fixed16,fixed8' : '2,4,8'}`,
    );
  const values = words.map((word): number | Precision => {
    if (name === 'precision') return word as Precision;
    const value = Number(word);
    return Number.isFinite(value)
      ? value
      : fail(`axis ${name}: ${JSON.stringify(word)} is not a number`);
  });
  return checkAxis({ name: name as SweepAxisName, values });
}

/** Checks every value against the machine's limits; repeats are an error too. */
export function checkAxis(axis: SweepAxis): SweepAxis {
  if (!Object.hasOwn(axisKeys, axis.name)) fail(`unknown axis ${JSON.stringify(axis.name)}`);
  if (axis.values.length === 0) fail(`axis ${axis.name} has no values`);
  if (new Set(axis.values).size !== axis.values.length) fail(`axis ${axis.name} has a value twice`);
  return axis;
}

/**
 * Every combination of the axes' values on top of `base`; an axis that is left out keeps its value.
 * @throws DeepCompressionError `invalid-input` for a point that is no machine, an axis given twice,
 *   or more than `pointLimit` points.
 */
export function sweepMachines(base: Machine, axes: readonly SweepAxis[]): Machine[] {
  const names = Object.keys(axisKeys) as SweepAxisName[];
  if (new Set(axes.map((a) => a.name)).size !== axes.length) fail('an axis is given twice');
  const size = axes.reduce((n, a) => n * checkAxis(a).values.length, 1);
  if (size > pointLimit) fail(`a sweep of ${size} points is too large: at most ${pointLimit}`);
  let machines: Machine[] = [base];
  for (const name of names) {
    const axis = axes.find((a) => a.name === name);
    if (!axis) continue;
    machines = machines.flatMap((m) => axis.values.map((v) => ({ ...m, [axisKeys[name]]: v })));
  }
  return machines.map((m) => makeMachine(m));
}

/**
 * Axes of sweeps with at most `most` points each, which one after another are those of `axes` in the order
 * of `sweepMachines`.
 */
export function dividedAxes<A extends SweepAxis>(axes: readonly A[], most: number): A[][] {
  const names = Object.keys(axisKeys);
  const [first, ...rest] = [...axes].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  const inner = rest.reduce((points, { values }) => points * values.length, 1);
  if (first === undefined || first.values.length * inner <= most) return [[...axes]];
  const together = Math.max(1, Math.floor(most / inner));
  const parts = dividedAxes(rest, most);
  const runs = Array.from({ length: Math.ceil(first.values.length / together) }, (_, i) =>
    first.values.slice(i * together, (i + 1) * together),
  );
  return runs.flatMap((values) => parts.map((part) => [{ ...first, values }, ...part]));
}

/** One point of a layer; `simulator` keeps what neighbouring points share. */
export function sweepPoint(simulator: LayerSimulator, machine: Machine): SweepPoint {
  const counts = simulator.counts(machine);
  const energy = layerEnergy(machine, counts);
  let relativeError = 0;
  let saturations = 0;
  if (machine.precision !== 'float32') {
    const output = simulator.output(machine);
    saturations = output.saturations;
    relativeError = errorOf(output.values, simulator.floatOutput(machine));
  }
  return {
    pe: machine.pes,
    fifo: machine.ring,
    sramWidth: machine.sramWidth,
    indexBits: machine.indexBits,
    precision: machine.precision,
    clockMHz: machine.clockMHz,
    cycles: counts.cycles,
    theoreticalCycles: counts.theoreticalCycles,
    timeUs: counts.timeUs,
    loadBalance: counts.loadBalance,
    realWork: counts.realWork,
    validWritesPerPeCycle: counts.validWritesPerPeCycle,
    broadcastStalls: counts.broadcastStalls,
    pointerReads: counts.pointerReads,
    spmatReads: counts.spmatReads,
    paddingEntries: counts.paddingEntries,
    constantPowerUj: energy.constantPowerUj,
    eventBasedUj: energy.eventBasedUj,
    multiplierUj: energy.multiplierUj,
    areaMm2: energy.areaMm2,
    relativeError,
    saturations,
  };
}

function errorOf(values: Float32Array, exact: Float32Array): number {
  let wrong = 0;
  let size = 0;
  for (let i = 0; i < exact.length; i++) {
    wrong += (values[i] - exact[i]) ** 2;
    size += exact[i] ** 2;
  }
  return size === 0 ? (wrong === 0 ? 0 : Infinity) : Math.sqrt(wrong / size);
}

/**
 * For each point, whether no other is at least as good in time, energy and area and better in one.
 * Energy is the event-based one with the point's own multiplier. Points that tie in all three are
 * all kept.
 */
export function paretoFront(points: readonly SweepPoint[]): boolean[] {
  const energy = points.map((p) => p.eventBasedUj + p.multiplierUj);
  const order = points.map((_, i) => i);
  order.sort(
    (a, b) =>
      points[a].timeUs - points[b].timeUs ||
      energy[a] - energy[b] ||
      points[a].areaMm2 - points[b].areaMm2,
  );
  const front: number[] = []; // in order of time, so only earlier points can dominate
  const kept = points.map(() => false);
  for (const i of order) {
    const dominated = front.some(
      (k) =>
        energy[k] <= energy[i] &&
        points[k].areaMm2 <= points[i].areaMm2 &&
        (points[k].timeUs < points[i].timeUs ||
          energy[k] < energy[i] ||
          points[k].areaMm2 < points[i].areaMm2),
    );
    if (dominated) continue;
    kept[i] = true;
    front.push(i);
  }
  return kept;
}
