/**
 * Operators that lay the same elements out along other axes: Reshape, Flatten, Squeeze, Unsqueeze. Where an
 * axis with channels is taken apart, one of the new axes carries them on, and what it covers goes together
 * (a head of attention); joined with others (a feature map that is
 * flattened), each channel has as many places as the others are long.
 */
import type { Slots } from '../coupling.ts';
import { intsOf, type Axes, type Rule, type Step, type Value } from '../rule.ts';

/** Elements of one axis with what it was joined with, at most. */
const mostElements = 2 ** 24;

/** Axes after the same elements were laid out as `dims`. */
export function laidOut(value: Value, dims: readonly number[], step: Step): Axes {
  const { coupling, where } = step;
  const axes: (Slots | undefined)[] = dims.map(() => undefined);
  for (const { from, to } of blocksOf(value.dims, dims)) {
    const carriers = from.filter((i) => value.axes[i]);
    if (carriers.length > 1)
      for (const i of carriers)
        coupling.fixAll(value.axes[i], `${where} joins two axes of channels`);
    if (carriers.length !== 1) continue;
    const slots = value.axes[carriers[0]]!;
    const size = product(from.map((i) => value.dims[i]));
    const inner = product(from.filter((i) => i > carriers[0]).map((i) => value.dims[i]));
    if (size > mostElements) coupling.fixAll(slots, `${where} is too large to be followed`);
    else if (to.length === 1)
      axes[to[0]] = Int32Array.from(
        { length: size },
        (_, e) => slots[Math.floor(e / inner) % slots.length],
      );
    else {
      const [axis, carried] = carrierOf(slots, inner, to, dims, step);
      axes[axis] = carried;
    }
  }
  return axes;
}

interface Block {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Runs of axes, before and after, that hold the same elements; axes of length 1 are in none. */
function blocksOf(before: readonly number[], after: readonly number[]): Block[] {
  const long = (dims: readonly number[]): number[] => dims.flatMap((d, i) => (d === 1 ? [] : [i]));
  const [old, made] = [long(before), long(after)];
  const blocks: Block[] = [];
  for (let i = 0, j = 0; i < old.length && j < made.length;) {
    const from = [old[i++]];
    const to = [made[j++]];
    let [a, b] = [before[from[0]], after[to[0]]];
    while (a !== b && (a < b ? i < old.length : j < made.length)) {
      if (a < b) a *= before[from[from.push(old[i++]) - 1]];
      else b *= after[to[to.push(made[j++]) - 1]];
    }
    blocks.push({ from, to });
  }
  return blocks;
}

/** The new axis that carries the channels on, and its slots: the one that leaves the most of them apart. */
function carrierOf(
  slots: Slots,
  inner: number,
  to: readonly number[],
  dims: readonly number[],
  { coupling, where, meets }: Step,
): [number, Slots] {
  const size = product(to.map((i) => dims[i]));
  let best: { axis: number; place: Int32Array; channels: number } | undefined;
  // heads lie in front of what is multiplied within them
  for (const axis of meets('MatMul') ? to.slice(0, 1) : to) {
    const stride = product(to.filter((i) => i > axis).map((i) => dims[i]));
    const place = joinedPlaces(slots.length, inner, size, stride, dims[axis]);
    const channels = new Set(place).size;
    if (!best || channels > best.channels) best = { axis, place, channels };
  }
  const { axis, place } = best!;
  const carried = new Int32Array(dims[axis]);
  const first = new Map<number, number>();
  for (let i = 0; i < slots.length; i++) {
    const root = place[i];
    if (!first.has(root)) first.set(root, i);
    coupling.join(slots[i], slots[first.get(root)!], where);
  }
  for (let j = 0; j < carried.length; j++) carried[j] = slots[first.get(place[slots.length + j])!];
  return [axis, carried];
}

/**
 * Union-find over the old axis's indices and, behind them, the new one's: an element ties its two indices.
 * Gives the root of each.
 */
function joinedPlaces(
  length: number,
  inner: number,
  size: number,
  stride: number,
  made: number,
): Int32Array {
  const parent = Int32Array.from({ length: length + made }, (_, i) => i);
  const root = (at: number): number => {
    while (parent[at] !== at) at = parent[at] = parent[parent[at]];
    return at;
  };
  for (let e = 0; e < size; e++) {
    const a = root(Math.floor(e / inner) % length);
    const b = root(length + (Math.floor(e / stride) % made));
    if (a !== b) parent[Math.max(a, b)] = Math.min(a, b);
  }
  return parent.map((_, i) => root(i));
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** The stated shape must follow a removal: a constant is rewritten, -1 and the length of the axis follow. */
export function followShape(step: Step, index: number, axes: Axes): void {
  const { coupling, where, lengths, numbers, repair } = step;
  const stated = lengths(index);
  const constants = numbers(index);
  axes.forEach((slots, axis) => {
    if (!slots) return;
    const length = stated?.[axis];
    if (length === undefined || ('slots' in length && !sameSlots(length.slots, slots)))
      coupling.fixAll(slots, `${where} computes its length`);
    else if ('number' in length && length.number !== -1 && constants === undefined)
      coupling.fixAll(slots, `${where} computes its shape`);
  });
  if (constants === undefined || !axes.some((slots) => slots)) return;
  repair((kept) => {
    const values = constants.map((n, axis) =>
      n === -1 || !axes[axis] ? n : kept.count(axes[axis]),
    );
    return { inputs: { [index]: { shape: [values.length], values } } };
  });
}

function sameSlots(a: Slots | undefined, b: Slots): boolean {
  return a?.length === b.length && a.every((slot, i) => slot === b[i]);
}

const reshape: Rule = (step) => {
  const { node, input, outputs } = step;
  const value = input(0);
  if (!value || (node.opType === 'Reshape' && intsOf(node, 'shape') !== undefined))
    return step.stop();
  const axes = laidOut(value, outputs[0], step);
  if (node.opType === 'Reshape') followShape(step, 1, axes);
  return [axes];
};

export const reshapeRules: Readonly<Record<string, Rule>> = {
  ...{ Reshape: reshape, Flatten: reshape, Squeeze: reshape, Unsqueeze: reshape },
};
