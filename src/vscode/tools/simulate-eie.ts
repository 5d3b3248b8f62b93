/** `simulate_eie`: a model, or layers of the paper, on the simulated accelerator; writes nothing. */
import * as vscode from 'vscode';
import type { MachineOptions, SimulatedLayer } from '../../engine/protocol-eie.ts';
import { machineLimits } from '../../shared/machine.ts';
import { allKinds, dottedEndings } from '../endings.ts';
import { nameOf } from '../files.ts';
import { settingsFor } from '../settings.ts';
import { Fields, InputError, rowsIn } from './input.ts';
import { few, omitted, type Tool } from './tool.ts';
import type { SimulateSource } from '../../engine/protocol-simulate.ts';

interface Input {
  readonly source: SimulateSource;
  readonly name: string;
  readonly machine: MachineOptions;
  readonly density: number | undefined;
  readonly maxLayers: number;
}

/** The command line's own default, so that both give the same figures. */
const seed = 1;

export const simulateEie: Tool<Input> = {
  parse: (raw) => {
    const fields = new Fields(raw);
    const path = fields.optionalPath('path', dottedEndings(allKinds));
    const workload = fields.text('workload');
    if ((path === undefined) === (workload === undefined))
      throw new InputError("Give either 'path' (a .dcz or .onnx file) or 'workload', not both.");
    const pe = fields.integer('pe', machineLimits.pe.least, machineLimits.pe.most);
    const fifo = fields.integer('fifo', machineLimits.fifo.least, machineLimits.fifo.most);
    const clockMHz = fields.number(
      'clockMHz',
      machineLimits.clockMHz.least,
      machineLimits.clockMHz.most,
    );
    const input: Input = {
      source: path
        ? { kind: 'model', file: { path } }
        : { kind: 'workload', name: workload ?? 'all' },
      name: path ? nameOf(vscode.Uri.file(path)) : (workload ?? ''),
      machine: {
        ...(pe !== undefined && { pe }),
        ...(fifo !== undefined && { fifo }),
        ...(clockMHz !== undefined && { clockMHz }),
      },
      density: fields.number('activationDensity', 0, 1),
      maxLayers: rowsIn(fields),
    };
    fields.done();
    return input;
  },
  reads: ({ source }) =>
    source.kind === 'model' && 'path' in source.file ? [source.file.path] : [],
  doing: ({ name }) => vscode.l10n.t('Simulating {0} on EIE', name),
  run: async ({ source, machine, density, maxLayers }, { engine }, signal) => {
    const { threads } = settingsFor(undefined);
    const result = await engine.run(
      'simulate',
      { source, machine, seed, threads, ...(density !== undefined && { density }) },
      { signal },
    );
    const time = (layer: SimulatedLayer): number => layer.timeUs * (layer.runsPerInference ?? 1);
    const layers = [...result.layers].sort((a, b) => time(b) - time(a));
    const { pe, fifo, clockMHz, precision, indexBits, weightBits } = result.config;
    return {
      rows: layers.length,
      wanted: maxLayers,
      json: (rows) => ({
        source: result.config.source,
        machine: { pe, fifo, clockMHz, precision, indexBits, weightBits },
        totals: result.totals,
        slowestLayers: layers.slice(0, rows).map(rowOf),
        ...omitted(rows, layers.length, 'layers, all faster', 'Use maxLayers.'),
        ...(result.skipped.length > 0 && {
          notSimulated: few(result.skipped.map((s) => `${s.name}: ${s.reason}`)),
        }),
        ...(result.notes.length > 0 && { notes: few(result.notes) }),
      }),
    };
  },
};

function rowOf(layer: SimulatedLayer): object {
  const { name, op, kind, rows, cols, nonzeros, cycles, theoreticalCycles, timeUs } = layer;
  return {
    ...{ name, op, kind, rows, cols, weightDensity: nonzeros / (rows * cols) },
    activationDensity: layer.activations.density,
    ...{ cycles, theoreticalCycles, timeUs, runsPerInference: layer.runsPerInference },
    loadBalance: layer.loadBalance,
    energyUj: layer.energyUj.constantPower,
    explanation: [layer.explanation.loss, layer.explanation.balance].filter((s) => s !== ''),
    ...(layer.published && { publishedTimeUs: layer.published.actualUs }),
    ...(layer.capacity.warnings.length > 0 && { warnings: few(layer.capacity.warnings) }),
  };
}
