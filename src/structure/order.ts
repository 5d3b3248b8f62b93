/**
 * In which order the channels of a group should go, and what each costs. Without data: by the norm of the
 * weights that make them (L1: Li et al. 2017; L2), or by the scale of the BatchNormalization behind them
 * (Liu et al. 2017). With second moments of what the readers multiply: by how much the readers' outputs
 * change although their other weights are refitted, one after another with everything that is gone already
 * (Optimal Brain Surgeon for groups of columns: Hassibi and Stork 1993; Kurtic et al. 2023, ZipLM).
 */
import type { Calibration } from '../compress/moments.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import { tensorsByName } from './follow.ts';
import type { ChannelGroup, Groups, Place } from './groups.ts';
import { columnsOf, matricesOf, momentBlocks } from './readers.ts';
import { inverse, solve } from './solve.ts';

export const scoreNames = ['l1', 'l2', 'gamma', 'outputs'] as const;
export type ScoreName = (typeof scoreNames)[number];

/** Channels from the first that goes to the last. */
export interface Order {
  readonly channels: readonly number[];
  /** What each adds to the damage, as a share of the whole group's. */
  readonly costs: readonly number[];
}

/** Wider matrices are not inverted: their inputs count by their variance alone. */
const mostColumns = 2304;
/** Channels of a group that go before the rest is weighed again: one of so many. */
const batches = 32;

/** undefined where the group has nothing to be ordered by. */
export function orderOf(
  model: OnnxModel,
  found: Groups,
  group: ChannelGroup,
  score: ScoreName,
  calibration: Calibration | undefined,
): Order | undefined {
  if (score === 'outputs' && calibration) {
    const order = byOutputs(model, found, group, calibration);
    if (order) return order;
  }
  const scores =
    score === 'gamma' ? gammas(model, found, group) : norms(model, found, group, score);
  if (!scores) return undefined;
  const channels = [...group.channels].sort((a, b) => scores.get(a)! - scores.get(b)! || a - b);
  const total = channels.reduce((sum, c) => sum + scores.get(c)!, 0) || 1;
  return { channels, costs: channels.map((c) => scores.get(c)! / total) };
}

/** Norms of the weights that make a channel; every layer of the group counts alike. */
function norms(
  model: OnnxModel,
  { places }: Groups,
  { channels }: ChannelGroup,
  score: ScoreName,
): Map<number, number> {
  const square = score !== 'l1';
  const scores = new Map(channels.map((c) => [c, 0]));
  const layers = new Map<number, Map<number, number>>();
  const values = new Map<number, Float64Array>();
  for (const channel of channels)
    for (const place of places.get(channel)!) {
      if (place.side !== 'output') continue;
      let all = values.get(place.tensor);
      if (!all) {
        all = new Float64Array(model.tensors[place.tensor].parameters);
        model.reader.readValues(model.tensors[place.tensor], 0, all);
        values.set(place.tensor, all);
      }
      let sum = 0;
      eachOf(model.tensors[place.tensor].shape, place, (i) => {
        sum += square ? all[i] * all[i] : Math.abs(all[i]);
      });
      const own = layers.get(place.tensor) ?? new Map<number, number>();
      layers.set(place.tensor, own.set(channel, (own.get(channel) ?? 0) + sum));
    }
  for (const own of layers.values()) {
    const total = [...own.values()].reduce((a, b) => a + b, 0) || 1;
    for (const [channel, sum] of own) scores.set(channel, scores.get(channel)! + sum / total);
  }
  return scores;
}

/** Flat indices of what lies at a place. */
export function eachOf(
  shape: readonly number[],
  { axis, indices }: Place,
  visit: (i: number) => void,
): void {
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  for (let o = 0; o < outer; o++)
    for (const index of indices) {
      const from = (o * shape[axis] + index) * inner;
      for (let i = from; i < from + inner; i++) visit(i);
    }
}

/** Scales of BatchNormalization; undefined where none is behind the group. */
function gammas(
  model: OnnxModel,
  { places }: Groups,
  { channels }: ChannelGroup,
): Map<number, number> | undefined {
  const names = tensorsByName(model.graph);
  const scales = new Set(
    model.graph.nodes.flatMap(({ opType, inputs }) =>
      opType === 'BatchNormalization' ? (names.get(inputs[1]) ?? []) : [],
    ),
  );
  const scores = new Map<number, number>();
  for (const channel of channels)
    for (const place of places.get(channel)!) {
      if (!scales.has(place.tensor)) continue;
      const all = new Float64Array(model.tensors[place.tensor].parameters);
      model.reader.readValues(model.tensors[place.tensor], 0, all);
      for (const i of place.indices)
        scores.set(channel, (scores.get(channel) ?? 0) + Math.abs(all[i]));
    }
  return scores.size === channels.length ? scores : undefined;
}

/** A diagonal block of a reader while channels go from it. */
interface Part {
  readonly n: number;
  /** n x n: inverse of the moments of what is left; or, of wide blocks, n reciprocals of the diagonal. */
  readonly inverted: Float64Array;
  readonly isFull: boolean;
  /** rows x n, refitted to what is left. */
  readonly weights: Float64Array;
  readonly rows: number;
  /** One over the energy of the reader's outputs. */
  readonly unit: number;
  /** Columns of every channel in this block. */
  readonly columns: ReadonlyMap<number, readonly number[]>;
}

function byOutputs(
  model: OnnxModel,
  { places }: Groups,
  { channels }: ChannelGroup,
  calibration: Calibration,
): Order | undefined {
  const parts = partsOf(model, places, channels, calibration);
  const left = new Set(channels);
  if (!channels.every((c) => parts.some(({ columns }) => columns.has(c)))) return undefined;
  const order: number[] = [];
  const costs: number[] = [];
  while (left.size > 0) {
    const scored = [...left].map((channel) => ({
      channel,
      cost: parts.reduce((sum, part) => sum + costIn(part, channel), 0),
    }));
    scored.sort((a, b) => a.cost - b.cost || a.channel - b.channel);
    for (const { channel, cost } of scored.slice(0, Math.ceil(left.size / batches))) {
      for (const part of parts) takeFrom(part, channel);
      left.delete(channel);
      order.push(channel);
      costs.push(cost);
    }
  }
  return { channels: order, costs };
}

function partsOf(
  model: OnnxModel,
  places: Groups['places'],
  channels: readonly number[],
  calibration: Calibration,
): Part[] {
  const readers = new Map<number, Map<number, Uint32Array>>();
  for (const channel of channels)
    for (const place of places.get(channel)!) {
      const columns = place.side === 'input' && columnsOf(model.tensors[place.tensor], place);
      if (!columns || !calibration.has(place.tensor)) continue;
      const own = readers.get(place.tensor) ?? new Map<number, Uint32Array>();
      readers.set(place.tensor, own.set(channel, columns));
    }
  const parts: Part[] = [];
  for (const [id, columns] of readers) {
    const tensor = model.tensors[id];
    const { rows, cols } = tensor.geometry!;
    const moments = calibration.get(id)!;
    const weights = matricesOf(model, tensor);
    const made: Omit<Part, 'unit'>[] = [];
    let energy = 0;
    for (const { set, first, n, second } of momentBlocks(moments, true)) {
      const own = [...moments.setOf.keys()].filter((m) => moments.setOf[m] === set);
      const part = new Float64Array(own.length * rows * n);
      own.forEach((m, i) => {
        for (let r = 0; r < rows; r++) {
          const at = (m * rows + r) * cols + first;
          part.set(weights.subarray(at, at + n), (i * rows + r) * n);
        }
      });
      energy += energyOf(part, second, n);
      const full = n <= mostColumns ? inverse(second.slice(), n) : undefined;
      const diagonal = Float64Array.from({ length: n }, (_, i) => 1 / second[i * n + i]);
      const inside = [...columns].map(([channel, all]): [number, number[]] => [
        channel,
        [...all].filter((c) => c >= first && c < first + n).map((c) => c - first),
      ]);
      made.push({
        ...{ n, inverted: full ?? diagonal, isFull: full !== undefined, weights: part },
        rows: own.length * rows,
        columns: new Map(inside.filter(([, list]) => list.length > 0)),
      });
    }
    for (const part of made) parts.push({ ...part, unit: energy > 0 ? 1 / energy : 0 });
  }
  return parts;
}

/** tr(W C W^T), from the diagonal alone where the block is wide. */
function energyOf(weights: Float64Array, second: Float64Array, n: number): number {
  let energy = 0;
  const product = new Float64Array(n);
  for (let from = 0; from < weights.length; from += n) {
    product.fill(0);
    for (let i = 0; i < n; i++) {
      const w = weights[from + i];
      if (n > mostColumns) energy += w * w * second[i * n + i];
      else if (w !== 0) for (let j = 0; j < n; j++) product[j] += w * second[i * n + j];
    }
    for (let j = 0; j < n; j++) energy += product[j] * weights[from + j];
  }
  return energy;
}

/** Squared error of the reader's outputs when these columns go too: tr(W_J (A_JJ)^-1 W_J^T). */
function costIn(
  { n, inverted, isFull, weights, rows, unit, columns }: Part,
  channel: number,
): number {
  const own = columns.get(channel);
  if (!own) return 0;
  let cost = 0;
  if (!isFull) {
    for (let r = 0; r < rows; r++)
      for (const j of own) cost += weights[r * n + j] ** 2 / inverted[j];
    return cost * unit;
  }
  const k = own.length;
  const small = new Float64Array(k * k);
  own.forEach((i, a) => own.forEach((j, b) => (small[a * k + b] = inverted[i * n + j])));
  const solved = inverse(small, k);
  if (!solved) return 0;
  for (let r = 0; r < rows; r++)
    for (let a = 0; a < k; a++) {
      const w = weights[r * n + own[a]];
      for (let b = 0; b < k; b++) cost += w * solved[a * k + b] * weights[r * n + own[b]];
    }
  return cost * unit;
}

/** Takes a channel's columns out: the weights left are refitted, and the inverse is that of what is left. */
function takeFrom({ n, inverted, isFull, weights, rows, columns }: Part, channel: number): void {
  const own = columns.get(channel);
  if (!own || !isFull) return;
  const k = own.length;
  const small = new Float64Array(k * k);
  own.forEach((i, a) => own.forEach((j, b) => (small[a * k + b] = inverted[i * n + j])));
  // G = A_JJ^-1 A_J: (k x n), one right side a column
  const columnsOfA = new Float64Array(n * k);
  for (let c = 0; c < n; c++)
    for (let a = 0; a < k; a++) columnsOfA[c * k + a] = inverted[own[a] * n + c];
  if (!solve(small, k, columnsOfA)) return;
  const before = own.map((j) => inverted.slice(j * n, (j + 1) * n));
  for (let r = 0; r < rows; r++) {
    const taken = own.map((j) => weights[r * n + j]);
    for (let c = 0; c < n; c++)
      for (let a = 0; a < k; a++) weights[r * n + c] -= taken[a] * columnsOfA[c * k + a];
    for (const j of own) weights[r * n + j] = 0;
  }
  for (let i = 0; i < n; i++)
    for (let a = 0; a < k; a++) {
      const factor = columnsOfA[i * k + a];
      const row = before[a];
      if (factor !== 0) for (let c = 0; c < n; c++) inverted[i * n + c] -= factor * row[c];
    }
}
