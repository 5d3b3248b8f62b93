/**
 * Energy and area from the paper's Tables I and II (one PE, TSMC 45 nm, 800 MHz, post-layout).
 *
 * Two accounts, never to be mixed up:
 * - constant power: time x the power of Table II, as the paper itself counts (section VI-B; its
 *   Fig. 7 bars for AlexNet and VGG are exactly time x 0.600 W, Table V prints 0.59 W);
 * - event-based, ours: each module's power of Table II turned into energy per event by the paper's
 *   steady state, in which both SRAMs are read once every 8 cycles of 1.25 ns. Leakage and clock are
 *   inside these figures, so a machine in that steady state uses the same energy in both accounts.
 *
 * Ours as well, and said so where shown: power proportional to the clock; queue area proportional to
 * the ring; energy of an SRAM row read by width (rowReadPj); other multipliers (multiplierPj).
 */
import type { Precision } from '../shared/machine.ts';
import type { Machine } from './machine.ts';

/** Table I: energy of one operation in pJ, 45 nm. */
export const operationPj = {
  'int add 32 bit': 0.1,
  'float add 32 bit': 0.9,
  'int multiply 32 bit': 3.1,
  'float multiply 32 bit': 3.7,
  'SRAM read 32 bit of 32 KB': 5,
  'DRAM read 32 bit': 640,
} as const;

export interface Part {
  readonly name: string;
  /** null: not given (filler cells use none). */
  readonly milliwatt: number | null;
  readonly squareMicron: number;
}

/** Table II, one PE by module. With `typeParts` it is the same total split another way. */
export const moduleParts: readonly Part[] = [
  { name: 'activation queue', milliwatt: 0.112, squareMicron: 758 },
  { name: 'pointer read', milliwatt: 1.807, squareMicron: 121849 },
  { name: 'sparse-matrix read', milliwatt: 4.955, squareMicron: 469412 },
  { name: 'arithmetic unit', milliwatt: 1.162, squareMicron: 3110 },
  { name: 'activation read/write', milliwatt: 1.122, squareMicron: 18934 },
  { name: 'filler cells', milliwatt: null, squareMicron: 23961 },
];
export const typeParts: readonly Part[] = [
  { name: 'memory', milliwatt: 5.416, squareMicron: 594786 },
  { name: 'clock network', milliwatt: 1.874, squareMicron: 866 },
  { name: 'register', milliwatt: 1.026, squareMicron: 9465 },
  { name: 'combinational', milliwatt: 0.841, squareMicron: 8946 },
  { name: 'filler cells', milliwatt: null, squareMicron: 23961 },
];
/** Table II's totals of one PE, and one node of the detection tree (section VI). */
export const peTotal = { milliwatt: 9.157, squareMicron: 638024, criticalPathNs: 1.15 } as const;
export const detectionNode = { milliwatt: 0.023, squareMicron: 189 } as const;

const tableClock = 800;
const tableRing = 8;
const power = (name: string): number => moduleParts.find((m) => m.name === name)?.milliwatt ?? 0;
const cycleNs = 1000 / tableClock;
/** Cycles between two reads of either SRAM in the paper's steady state. */
const readInterval = 8;

/** Energy of one event in pJ, from Table II (mW x ns = pJ). */
export const eventPj = {
  pointerRead: power('pointer read') * cycleNs * readInterval,
  spmatRead64: power('sparse-matrix read') * cycleNs * readInterval,
  entry: power('arithmetic unit') * cycleNs,
  activationCycle: power('activation read/write') * cycleNs,
  queueCycle: power('activation queue') * cycleNs,
  nodeCycle: detectionNode.milliwatt * cycleNs,
} as const;

/**
 * One row read of the sparse-matrix SRAM in pJ. Table II fixes it at 64 bits; other widths are ours:
 * a straight line to 225 pJ at 512 bits, where the axis of Fig. 9 ends, and not below a quarter of
 * the 64-bit value. The paper's own figures per width (Cacti) are only in that graphic, so the counts
 * of reads are exact and this energy is not: from 64 bits on the line makes the total nearly flat,
 * while Fig. 9 has its lowest point at 64 bits.
 */
export function rowReadPj(width: number): number {
  const at64 = eventPj.spmatRead64;
  return Math.max(at64 / 4, at64 + ((225 - at64) / (512 - 64)) * (width - 64));
}

/**
 * One multiplication in pJ: Table I for 32 bits; a 16-bit one costs a fifth of the 32-bit integer
 * one (section VI-C); 8 bits are a quarter of that (ours: a multiplier grows with the square).
 */
export const multiplierPj: Readonly<Record<Precision, number>> = {
  float32: operationPj['float multiply 32 bit'],
  fixed32: operationPj['int multiply 32 bit'],
  fixed16: operationPj['int multiply 32 bit'] / 5,
  fixed8: operationPj['int multiply 32 bit'] / 20,
};

/** Nodes of the detection tree over N PEs: ceil(x / 4) until 1, as 16 + 4 + 1 = 21 for 64. */
export function detectionNodes(pes: number): number {
  let nodes = 0;
  let level = pes;
  do {
    level = Math.ceil(level / 4);
    nodes += level;
  } while (level > 1);
  return nodes;
}

/** Power in watts: PEs and detection nodes of Table II, scaled with the clock. */
export function powerWatt(machine: Pick<Machine, 'pes' | 'clockMHz'>): number {
  const milliwatt =
    machine.pes * peTotal.milliwatt + detectionNodes(machine.pes) * detectionNode.milliwatt;
  return (milliwatt / 1000) * (machine.clockMHz / tableClock);
}

/** Area in mm2: Table II, the activation queue scaled with its ring. SRAM capacity is not scaled. */
export function areaMm2(machine: Pick<Machine, 'pes' | 'ring'>): number {
  const queue = moduleParts[0].squareMicron * (machine.ring / tableRing - 1);
  const square =
    machine.pes * (peTotal.squareMicron + queue) +
    detectionNodes(machine.pes) * detectionNode.squareMicron;
  return square / 1e6;
}

/** Multiply and add of every PE in every cycle, in GOP/s: 102.4 for 64 PEs at 800 MHz. */
export function peakGops(machine: Pick<Machine, 'pes' | 'clockMHz'>): number {
  return (machine.pes * 2 * machine.clockMHz) / 1000;
}

export interface Energy {
  readonly powerWatt: number;
  readonly areaMm2: number;
  /** Time x power, the paper's account, in uJ. */
  readonly constantPowerUj: number;
  /** Sum of the parts below, in uJ: the paper's 16-bit machine, counted by events. */
  readonly eventBasedUj: number;
  readonly partsUj: {
    readonly pointer: number;
    readonly spmat: number;
    readonly arithmetic: number;
    readonly activation: number;
    readonly queue: number;
    readonly detection: number;
  };
  /**
   * What the multiplier of `machine.precision` would add to (or take from) the paper's 16-bit one,
   * in uJ; not part of `eventBasedUj`.
   */
  readonly multiplierUj: number;
}

/** The counts energy needs (simulate.ts). */
export interface EnergyCounts {
  readonly cycles: number;
  readonly timeUs: number;
  readonly pointerReads: number;
  readonly spmatReads: number;
  readonly entries: number;
  readonly validWrites: number;
}

/** Energy and area of a layer both ways. */
export function layerEnergy(machine: Machine, counts: EnergyCounts): Energy {
  const watt = powerWatt(machine);
  const peCycles = counts.cycles * machine.pes;
  const uj = 1e-6; // pJ -> uJ
  const partsUj = {
    pointer: counts.pointerReads * eventPj.pointerRead * uj,
    spmat: counts.spmatReads * rowReadPj(machine.sramWidth) * uj,
    arithmetic: counts.entries * eventPj.entry * uj,
    activation: peCycles * eventPj.activationCycle * uj,
    queue: peCycles * eventPj.queueCycle * uj,
    detection: counts.cycles * detectionNodes(machine.pes) * eventPj.nodeCycle * uj,
  };
  return {
    powerWatt: watt,
    areaMm2: areaMm2(machine),
    constantPowerUj: counts.timeUs * watt,
    eventBasedUj: Object.values(partsUj).reduce((a, b) => a + b, 0),
    partsUj,
    multiplierUj:
      counts.validWrites * (multiplierPj[machine.precision] - multiplierPj.fixed16) * uj,
  };
}
