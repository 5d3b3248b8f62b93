/** What a run of the simulator says, in the protocol's words. */
import { host } from '#host';
import { explainBalance, explainLoss } from '../../../eie/explain.ts';
import {
  efficiencyBars,
  geometricMean,
  layerIds,
  speedupBars,
  wallClock,
} from '../../../eie/platforms.ts';
import type { LayerRun } from '../../../eie/run.ts';
import { findWorkload } from '../../../eie/workloads.ts';
import type { PublishedLayer, SimulatedLayer, SimulateTotals } from '../../protocol-eie.ts';
import type { PreparedLayer } from '../prepared.ts';
import { layerMachine } from './options.ts';
import type { HostProduct } from '../../protocol-simulate.ts';

export function layerResult(
  stored: PreparedLayer<unknown> & { readonly index: number },
  run: LayerRun,
  thisMachine: HostProduct | null,
): SimulatedLayer {
  const { statistics: s, energy, capacity, format } = run;
  const { matrix, codebook, name } = run.layer;
  return {
    index: stored.index,
    name,
    source: stored.source,
    op: stored.op,
    kind: stored.kind,
    rows: matrix.rows,
    cols: matrix.cols,
    nonzeros: matrix.code.length,
    codebookSize: codebook.length,
    activeColumns: s.broadcasts,
    paddingEntries: s.paddingEntries,
    cycles: s.cycles,
    theoreticalCycles: s.theoreticalCycles,
    timeUs: s.timeUs,
    theoreticalTimeUs: s.theoreticalTimeUs,
    loadBalance: s.loadBalance,
    validWritesPerPeCycle: s.validWritesPerPeCycle,
    pointerReads: s.pointerReads,
    spmatReads: s.spmatReads,
    entries: s.entries,
    validWrites: s.validWrites,
    realWork: s.realWork,
    broadcastStalls: s.broadcastStalls,
    emptyLookups: s.emptyLookups,
    starved: s.starved,
    queueHighWater: s.queueHighWater,
    energyUj: {
      constantPower: energy.constantPowerUj,
      eventBased: energy.eventBasedUj,
      parts: energy.partsUj,
      multiplier: energy.multiplierUj,
    },
    powerWatt: energy.powerWatt,
    areaMm2: energy.areaMm2,
    causes: s.causes,
    explanation: { loss: explainLoss(s), balance: explainBalance(s) },
    perPe: s.perPe,
    timeline: s.timeline,
    outputSha256: sha256OfFloats(run.output),
    saturations: run.saturations,
    clamped: run.clamped,
    format: format && {
      bits: format.bits,
      weightFraction: format.weightFraction,
      activationFraction: format.activationFraction,
    },
    machine: layerMachine(run.machine),
    activations: stored.activations,
    runsPerInference: stored.runsPerInference,
    capacity,
    published: stored.workload === '' ? null : publishedLayer(stored.workload),
    thisMachine,
  };
}

/** SHA-256 over the values as little-endian float32, whatever this machine's order. */
export function sha256OfFloats(values: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(4 * values.length));
  for (let i = 0; i < values.length; i++) bytes.setFloat32(4 * i, values[i], true);
  return host.sha256([new Uint8Array(bytes.buffer)]);
}

function publishedLayer(id: string): PublishedLayer {
  const workload = findWorkload(id);
  const at = layerIds.findIndex((l) => l === id);
  const us = (platform: 'CPU' | 'GPU' | 'mGPU', kind: 'dense' | 'sparse'): number =>
    wallClock(platform, kind).microseconds[at];
  const bar = (bars: typeof speedupBars): number =>
    bars.find((b) => b.series === 'EIE')?.values[at] ?? NaN;
  return {
    ...workload.published,
    authorsSimulator: {
      theoreticalUs: workload.measured.theoreticalUs,
      timeUs: workload.measured.cycles / 800,
    },
    cpuDenseUs: us('CPU', 'dense'),
    cpuSparseUs: us('CPU', 'sparse'),
    gpuDenseUs: us('GPU', 'dense'),
    gpuSparseUs: us('GPU', 'sparse'),
    mobileGpuDenseUs: us('mGPU', 'dense'),
    mobileGpuSparseUs: us('mGPU', 'sparse'),
    speedup: bar(speedupBars),
    energyEfficiency: bar(efficiencyBars),
    weightPercent: workload.weightPercent,
    activationPercent: workload.activationPercent,
    note: workload.note,
  };
}

export function totalsOf(layers: readonly SimulatedLayer[]): SimulateTotals {
  const sum = (of: (l: SimulatedLayer) => number): number =>
    layers.reduce((total, l) => total + of(l), 0);
  const known = layers.every((l) => l.runsPerInference !== null);
  const runs = (l: SimulatedLayer): number => l.runsPerInference ?? 0;
  const peCycles = sum((l) => l.cycles * l.machine.pe);
  const paper = layers.flatMap((l) => (l.published ? [{ l, p: l.published }] : []));
  const measured = layers.every((l) => l.thisMachine !== null) && layers.length > 0;
  return {
    layers: layers.length,
    nonzeros: sum((l) => l.nonzeros),
    entries: sum((l) => l.entries),
    cycles: sum((l) => l.cycles),
    theoreticalCycles: sum((l) => l.theoreticalCycles),
    timeUs: sum((l) => l.timeUs),
    theoreticalTimeUs: sum((l) => l.theoreticalTimeUs),
    loadBalance: peCycles === 0 ? 1 : sum((l) => l.entries) / peCycles,
    pointerReads: sum((l) => l.pointerReads),
    spmatReads: sum((l) => l.spmatReads),
    energyUj: {
      constantPower: sum((l) => l.energyUj.constantPower),
      eventBased: sum((l) => l.energyUj.eventBased),
    },
    perInference: known
      ? {
          timeUs: sum((l) => runs(l) * l.timeUs),
          energyUj: {
            constantPower: sum((l) => runs(l) * l.energyUj.constantPower),
            eventBased: sum((l) => runs(l) * l.energyUj.eventBased),
          },
        }
      : null,
    thisMachine: measured
      ? {
          denseUs: sum((l) => l.thisMachine?.denseUs ?? 0),
          sparseUs: sum((l) => l.thisMachine?.sparseUs ?? 0),
        }
      : null,
    speedupOverCpuDense:
      paper.length === 0
        ? null
        : {
            simulated: geometricMean(paper.map(({ l, p }) => p.cpuDenseUs / l.timeUs)),
            published: geometricMean(paper.map(({ p }) => p.cpuDenseUs / p.actualUs)),
          },
  };
}
