/** Results as CSV and JSON rows: what the exports of the command line and the panel write. */
import type { LayerRun } from './run.ts';
import type { SweepPoint } from './sweep.ts';
import { paretoFront } from './sweep.ts';

export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** RFC 4180: comma, CRLF, quotes where needed; a text a spreadsheet would run gets a leading '. */
export function toCsv(rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const keys = Object.keys(rows[0]);
  const cell = (value: Row[string]): string => {
    let text = value === null ? '' : String(value);
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const line = (cells: readonly string[]): string => `${cells.join(',')}\r\n`;
  return line(keys.map(cell)) + rows.map((r) => line(keys.map((k) => cell(r[k])))).join('');
}

/** Points of a sweep with the layer's name in front and whether they are on the Pareto front. */
export function sweepRows(layer: string, points: readonly SweepPoint[]): Row[] {
  const front = paretoFront(points);
  return points.map((p, i) => ({ layer, ...p, pareto: front[i] }));
}

/** One line a layer: the scalar statistics and both energies. */
export function layerRow({ layer, machine, statistics: s, energy }: LayerRun): Row {
  return {
    layer: layer.name,
    rows: layer.matrix.rows,
    cols: layer.matrix.cols,
    nonzeros: layer.matrix.code.length,
    pe: machine.pes,
    fifo: machine.ring,
    sramWidth: machine.sramWidth,
    indexBits: machine.indexBits,
    precision: machine.precision,
    activeColumns: s.broadcasts,
    cycles: s.cycles,
    theoreticalCycles: s.theoreticalCycles,
    timeUs: s.timeUs,
    loadBalance: s.loadBalance,
    realWork: s.realWork,
    validWritesPerPeCycle: s.validWritesPerPeCycle,
    pointerReads: s.pointerReads,
    spmatReads: s.spmatReads,
    entries: s.entries,
    paddingEntries: s.paddingEntries,
    emptyLookups: s.emptyLookups,
    starved: s.starved,
    broadcastStalls: s.broadcastStalls,
    constantPowerUj: energy.constantPowerUj,
    eventBasedUj: energy.eventBasedUj,
    areaMm2: energy.areaMm2,
  };
}

/** One line a PE: the bars of the load-balance view. */
export function perPeRows({ statistics: { perPe } }: LayerRun): Row[] {
  return Array.from(perPe.entries, (_, p) => ({
    pe: p,
    entries: perPe.entries[p],
    filler: perPe.filler[p],
    emptyLookups: perPe.emptyLookups[p],
    busy: perPe.busy[p],
    stalled: perPe.stalled[p],
    starved: perPe.starved[p],
    fill: perPe.fill[p],
    scan: perPe.scan[p],
    queueFull: perPe.queueFull[p],
    imbalance: perPe.imbalance[p],
    drain: perPe.drain[p],
  }));
}
