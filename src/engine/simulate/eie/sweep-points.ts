/**
 * Points of a sweep as users want them: with the quantities of the paper's figures that compare a
 * point with others (speed-up, Pareto front), and summed over the layers of a model.
 */
import { rowReadPj } from '../../../eie/energy.ts';
import { paretoFront, type SweepPoint } from '../../../eie/sweep.ts';
import type { SweptWeight } from '../simulator.ts';
import type { SweptPoint } from '../../protocol-eie.ts';

/** Everything but the number of PEs, as a key. */
const without = (p: SweepPoint): string =>
  [p.fifo, p.sramWidth, p.indexBits, p.precision, p.clockMHz].join('/');

export function sweptPoints(points: readonly SweepPoint[]): SweptPoint[] {
  const front = paretoFront(points);
  const base = new Map<string, SweepPoint>();
  for (const point of points) {
    const key = without(point);
    const least = base.get(key);
    if (!least || point.pe < least.pe) base.set(key, point);
  }
  return points.map((point, i) => {
    const rowPj = rowReadPj(point.sramWidth);
    return {
      ...point,
      pareto: front[i],
      speedup: (base.get(without(point)) ?? point).timeUs / point.timeUs,
      rowReadPj: rowPj,
      spmatUj: point.spmatReads * rowPj * 1e-6,
    };
  });
}

/** Point i of every layer added up, each layer as often as it runs. */
export function totalPoints(
  layers: readonly (readonly SweepPoint[])[],
  weights: readonly SweptWeight[],
): SweptPoint[] {
  if (layers.length === 1 && weights[0].runs === 1) return sweptPoints(layers[0]);
  const [first = []] = layers;
  const points = first.map((head, i): SweepPoint => {
    const sum = (of: (p: SweepPoint, l: number) => number): number =>
      layers.reduce((total, own, l) => total + weights[l].runs * of(own[i], l), 0);
    const cycles = sum((p) => p.cycles);
    const peCycles = sum((p) => p.cycles * p.pe);
    const stored = layers.reduce((total, _, l) => total + weights[l].stored, 0);
    const padding = layers.reduce((total, own) => total + own[i].paddingEntries, 0);
    return {
      ...head,
      cycles,
      theoreticalCycles: sum((p) => p.theoreticalCycles),
      timeUs: sum((p) => p.timeUs),
      loadBalance: peCycles === 0 ? 1 : sum((p) => p.theoreticalCycles * p.pe) / peCycles,
      realWork: stored + padding === 0 ? 1 : stored / (stored + padding),
      validWritesPerPeCycle:
        peCycles === 0 ? 0 : sum((p) => p.validWritesPerPeCycle * p.cycles * p.pe) / peCycles,
      broadcastStalls: sum((p) => p.broadcastStalls),
      pointerReads: sum((p) => p.pointerReads),
      spmatReads: sum((p) => p.spmatReads),
      paddingEntries: padding,
      constantPowerUj: sum((p) => p.constantPowerUj),
      eventBasedUj: sum((p) => p.eventBasedUj),
      multiplierUj: sum((p) => p.multiplierUj),
      relativeError: layers.reduce((most, own) => Math.max(most, own[i].relativeError), 0),
      saturations: sum((p) => p.saturations),
    };
  });
  return sweptPoints(points);
}
