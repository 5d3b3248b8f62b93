/** `deepc simulate` and `deepc sweep`: the job's input, and its result as JSON, table and CSV. */
import { writeAtomically } from '../platform/atomic.ts';
import { toCsv, type Row } from '../eie/tables.ts';
import type { AllJobs } from '../engine/jobs/all.ts';
import { filesOf, pathsOf } from '../engine/input.ts';
import { tableKind } from '../engine/output-kinds.ts';
import type { SimulateResult, SweepResult } from '../engine/protocol-eie.ts';
import { placeOf } from '../platform/output.ts';
import type { OutputRule } from '../platform/port.ts';
import type { Progress } from '../engine/protocol.ts';
import type { Command } from './arguments.ts';
import { sourceOf } from './eie-arguments.ts';
import { simulateTable, sweepTable } from './eie-tables.ts';
import type { SimulateLayers, SimulateSource } from '../engine/protocol-simulate.ts';

export interface EieOutcome {
  readonly result: object;
  readonly text: () => string;
}

export async function runEie(
  c: Command,
  jobs: AllJobs,
  signal: AbortSignal,
  show: (progress: Progress) => void,
): Promise<EieOutcome> {
  const { eie, seed, threads } = c;
  const source = sourceOf(c.file);
  const rule = csvRule(c, source);
  if (eie.csv !== '') placeOf(eie.csv, rule);
  const layers: SimulateLayers = {
    source,
    seed,
    threads,
    ...(eie.input !== '' && { input: { path: eie.input } }),
    ...(eie.density !== undefined && { density: eie.density }),
  };
  const { machine, timelineBins, measureHost, axes } = eie;
  if (c.command === 'simulate') {
    const input = { ...layers, machine, timelineBins, measureHost };
    const result = await jobs.simulate(input, signal, show);
    if (eie.csv !== '') await writeCsv(c, rule, result.layers.map(layerRow));
    return { result: plain(result) as object, text: () => simulateTable(result) };
  }
  const result = await jobs.sweep({ ...layers, machine, axes }, signal, show);
  if (eie.csv !== '') await writeCsv(c, rule, sweepRows(result));
  return { result: plain(result) as object, text: () => sweepTable(result) };
}

/** Checked before anything is simulated, and again when the table is written. */
function csvRule(c: Command, source: SimulateSource): OutputRule {
  const model =
    source.kind === 'model'
      ? filesOf(source.file)
      : source.kind === 'cases'
        ? pathsOf(source.file)
        : [];
  const kind = tableKind(c.command === 'simulate' ? ['layer', 'source', 'op'] : ['layer', 'pe']);
  const inputs = [...model, ...(c.eie.input === '' ? [] : [c.eie.input])];
  return { kind, overwrite: c.force, inputs };
}

async function writeCsv(c: Command, rule: OutputRule, rows: readonly Row[]): Promise<void> {
  const text = new TextEncoder().encode(toCsv(rows));
  await writeAtomically(c.eie.csv, rule, (sink) => sink.write(text));
}

/** Typed arrays as lists, as JSON has them. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
}

function layerRow(l: SimulateResult['layers'][number]): Row {
  return {
    layer: l.name,
    source: l.source,
    op: l.op,
    rows: l.rows,
    cols: l.cols,
    nonzeros: l.nonzeros,
    ...l.machine,
    activationDensity: l.activations.density,
    runsPerInference: l.runsPerInference,
    activeColumns: l.activeColumns,
    cycles: l.cycles,
    theoreticalCycles: l.theoreticalCycles,
    timeUs: l.timeUs,
    loadBalance: l.loadBalance,
    realWork: l.realWork,
    validWritesPerPeCycle: l.validWritesPerPeCycle,
    pointerReads: l.pointerReads,
    spmatReads: l.spmatReads,
    entries: l.entries,
    paddingEntries: l.paddingEntries,
    emptyLookups: l.emptyLookups,
    starved: l.starved,
    broadcastStalls: l.broadcastStalls,
    constantPowerUj: l.energyUj.constantPower,
    eventBasedUj: l.energyUj.eventBased,
    publishedTheoreticalUs: l.published?.theoreticalUs ?? null,
    publishedActualUs: l.published?.actualUs ?? null,
    thisMachineDenseUs: l.thisMachine?.denseUs ?? null,
    thisMachineSparseUs: l.thisMachine?.sparseUs ?? null,
    outputSha256: l.outputSha256,
  };
}

/** Every point of every layer, and of all layers together where there are several. */
export function sweepRows({ layers, total }: SweepResult): Row[] {
  const rows = layers.flatMap(({ name, points }) => points.map((p) => ({ layer: name, ...p })));
  return layers.length > 1 ? [...rows, ...total.map((p) => ({ layer: 'all layers', ...p }))] : rows;
}
