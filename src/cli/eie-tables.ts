/**
 * Simulations and sweeps as text. Every figure says whether it is simulated here, measured on this
 * machine, or published; for the paper's layers the three stand side by side, and a layer that Table
 * III's averages cannot reproduce is said to be one.
 */
import type { SimulatedLayer, SimulateResult, SweepResult } from '../engine/protocol-eie.ts';
import { count, name, percent, table, wrapped, type Column } from './format.ts';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });
const us = (value: number): string =>
  value >= 9999.5 ? count(Math.round(value)) : value.toFixed(value >= 999.5 ? 1 : 2);
const times = (value: number): string => `${value.toFixed(value >= 9.95 ? 0 : 1)}x`;

export function simulateTable(result: SimulateResult): string {
  const { layers, config, totals, skipped, notes } = result;
  const paper = layers.some((l) => l.published !== null);
  const one = layers.length === 1;
  return [
    paper ? paperTable(result) : layerTable(result),
    '',
    machineLine(result),
    totalLine(result),
    ...(totals.perInference && !paper
      ? [
          `one inference, every layer as often as it runs: ${us(totals.perInference.timeUs)} us, ${energy(totals.perInference.energyUj)}`,
        ]
      : []),
    ...(totals.thisMachine
      ? [
          `this machine, one core, measured in this run: dense ${us(totals.thisMachine.denseUs)} us, sparse ${us(totals.thisMachine.sparseUs)} us: EIE would be ${times(totals.thisMachine.denseUs / totals.timeUs)} and ${times(totals.thisMachine.sparseUs / totals.timeUs)} as fast`,
        ]
      : []),
    ...(totals.speedupOverCpuDense
      ? [
          `speed-up over the published Core i7 times, dense, geometric mean: ${totals.speedupOverCpuDense.simulated.toFixed(1)}x simulated, ${totals.speedupOverCpuDense.published.toFixed(1)}x published`,
        ]
      : []),
    ...(one ? [layers[0].explanation.loss, layers[0].explanation.balance] : []),
    ...lines(paperNotes(layers)),
    ...lines(
      layers.flatMap((l) => l.capacity.warnings.map((w) => `${name(l.name)}: ${w}`)),
      3,
    ),
    ...lines(notes),
    ...lines(skipped.map((s) => `${name(s.name)} cannot run on EIE: ${s.reason}`)),
    ...(config.precision !== 'float32' ? saturationLines(layers) : []),
  ].join('\n');
}

/** Simulated beside published. */
function paperTable({ layers }: SimulateResult): string {
  const columns = [
    left('layer'),
    right('inputs x outputs'),
    right('cycles'),
    right('theoretical us'),
    right("authors'"),
    right('published'),
    right('simulated us'),
    right("authors'"),
    right('published'),
    right('balance'),
    right('speed-up'),
    right('published'),
    right('uJ'),
    right('dense us here'),
    right('sparse'),
  ];
  const rows = layers.map((l) => {
    const p = l.published;
    return [
      name(l.name) + (p && p.note !== '' ? ' *' : ''),
      `${l.cols} x ${l.rows}`,
      count(l.cycles),
      us(l.theoreticalTimeUs),
      p ? us(p.authorsSimulator.theoreticalUs) : '-',
      p ? p.theoreticalUs.toFixed(1) : '-',
      us(l.timeUs),
      p ? us(p.authorsSimulator.timeUs) : '-',
      p ? p.actualUs.toFixed(1) : '-',
      percent(l.loadBalance),
      p ? times(p.cpuDenseUs / l.timeUs) : '-',
      p ? times(p.speedup) : '-',
      l.energyUj.constantPower.toFixed(2),
      l.thisMachine ? us(l.thisMachine.denseUs) : '-',
      l.thisMachine ? us(l.thisMachine.sparseUs) : '-',
    ];
  });
  return [
    table(columns, rows),
    '',
    "simulated here | authors': their simulator on random layers of these densities | published: Table IV, 64 PEs, 800 MHz;",
    'speed-up over the published Core i7 time, dense; published: bar of Fig. 6; uJ: time x power, as the paper counts',
  ].join('\n');
}

function layerTable({ layers }: SimulateResult): string {
  const columns = [
    left('layer'),
    left('op'),
    right('inputs x outputs'),
    right('weights'),
    right('inputs sent'),
    right('runs'),
    right('cycles'),
    right('theoretical'),
    right('us'),
    right('balance'),
    right('uJ'),
    right('uJ by events'),
    right('dense us here'),
    right('sparse'),
  ];
  const rows = layers.map((l) => [
    name(l.name, 32),
    name(l.op || '-', 14),
    `${l.cols} x ${l.rows}`,
    percent(l.nonzeros / (l.rows * l.cols)),
    percent(l.activations.density) + (l.activations.from === 'density' ? ' ~' : ''),
    l.runsPerInference === null ? '-' : count(l.runsPerInference),
    count(l.cycles),
    count(Math.round(l.theoreticalCycles)),
    us(l.timeUs),
    percent(l.loadBalance),
    l.energyUj.constantPower.toFixed(3),
    l.energyUj.eventBased.toFixed(3),
    l.thisMachine ? us(l.thisMachine.denseUs) : '-',
    l.thisMachine ? us(l.thisMachine.sparseUs) : '-',
  ]);
  const drawn = layers.some((l) => l.activations.from === 'density');
  return [
    table(columns, rows),
    ...(drawn ? ['', '~ activations drawn at random at this density'] : []),
  ].join('\n');
}

function machineLine({ config: c }: SimulateResult): string {
  const or = (value: string | number | null, unit = ''): string =>
    value === null ? 'various' : `${value}${unit}`;
  return `simulated: ${or(c.pe)} PEs, queues with rings of ${or(c.fifo)}, SRAM rows of ${or(c.sramWidth)} bits, ${or(c.indexBits)} index + ${or(c.weightBits)} weight bits, ${or(c.clockMHz)} MHz, ${or(c.precision)}`;
}

function totalLine({ totals: t, layers }: SimulateResult): string {
  const what = layers.length === 1 ? 'one layer' : `${t.layers} layers, each once`;
  return `${what}: ${count(t.cycles)} cycles, ${us(t.timeUs)} us (theoretical ${us(t.theoreticalTimeUs)}), load balance ${percent(t.loadBalance)}, ${energy(t.energyUj)}`;
}

function energy(e: { readonly constantPower: number; readonly eventBased: number }): string {
  return `${e.constantPower.toFixed(2)} uJ by constant power (the paper's account), ${e.eventBased.toFixed(2)} uJ by events (ours)`;
}

function paperNotes(layers: readonly SimulatedLayer[]): string[] {
  const marked = layers.filter((l) => l.published !== null && l.published.note !== '');
  if (marked.length === 0) return [];
  return [`* ${marked.map((l) => l.name).join(', ')}: ${marked[0].published?.note ?? ''}`];
}

function saturationLines(layers: readonly SimulatedLayer[]): string[] {
  const saturations = layers.reduce((n, l) => n + l.saturations, 0);
  const clamped = layers.reduce((n, l) => n + l.clamped, 0);
  return [
    `fixed point: ${count(saturations)} additions saturated, ${count(clamped)} values did not fit`,
  ];
}

const mostPoints = 60;

export function sweepTable({
  layers,
  total,
  notes,
  skipped,
  seconds,
  config,
}: SweepResult): string {
  const one = layers.length === 1;
  const points = one ? layers[0].points : total;
  const columns = [
    right('PEs'),
    right('ring'),
    right('SRAM bits'),
    right('index bits'),
    left('precision'),
    right('MHz'),
    right('cycles'),
    right('us'),
    right('speed-up'),
    right('balance'),
    right('real work'),
    right('SRAM reads'),
    right('uJ'),
    right('uJ by events'),
    right('mm2'),
    right('error'),
    left('Pareto'),
  ];
  const shown = points.length > mostPoints ? points.filter((p) => p.pareto) : points;
  const rows = shown
    .slice(0, mostPoints)
    .map((p) => [
      String(p.pe),
      String(p.fifo),
      String(p.sramWidth),
      String(p.indexBits),
      p.precision,
      String(p.clockMHz),
      count(Math.round(p.cycles)),
      us(p.timeUs),
      times(p.speedup),
      percent(p.loadBalance),
      percent(p.realWork),
      count(Math.round(p.spmatReads)),
      p.constantPowerUj.toFixed(2),
      p.eventBasedUj.toFixed(2),
      p.areaMm2.toFixed(1),
      p.precision === 'float32' ? '-' : p.relativeError.toExponential(1),
      p.pareto ? '*' : '',
    ]);
  const what = one ? name(layers[0].name) : `${layers.length} layers together`;
  return [
    table(columns, rows),
    '',
    `simulated: ${what} of ${config.source}, ${points.length} machines in ${seconds.toFixed(2)} s` +
      (rows.length < points.length
        ? `; ${rows.length} shown, of the Pareto front (--json or --csv has all)`
        : ''),
    'balance: Fig. 8 and 13; real work: Fig. 12; speed-up over the fewest PEs: Fig. 11; * no other machine is better in time, energy and area',
    ...lines(notes),
    ...lines(skipped.map((s) => `${name(s.name)} cannot run on EIE: ${s.reason}`)),
  ].join('\n');
}

const shownLines = 8;

/** Notes, folded; of many only the first. */
function lines(notes: readonly string[], most = shownLines): string[] {
  const shown = notes.length > most + 1 ? notes.slice(0, most) : notes;
  return [
    ...shown.flatMap((note) => wrapped(name(`note: ${note}`, 600), 120)),
    ...(shown.length < notes.length
      ? [`note: … and ${notes.length - shown.length} more (--json lists all)`]
      : []),
  ];
}
