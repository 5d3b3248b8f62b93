/**
 * Regions of a map of probabilities: cells above one half that touch (8 neighbours), by their
 * bounding boxes. Two regions are the same when the boxes' intersection over union exceeds one half,
 * the usual threshold of detection.
 */
const threshold = 0.5;
/** Smaller regions are specks that no reader of a map takes for an object. */
const leastSide = 3;

export interface Box {
  readonly left: number;
  readonly top: number;
  /** Exclusive. */
  readonly right: number;
  readonly bottom: number;
}

/** A region and its cells, by their number in the plane. */
export interface Region extends Box {
  readonly cells: readonly number[];
}

/** Regions of one plane whose cells lie `step` apart, from `start`. */
export function regionsOf(
  data: Float32Array,
  start: number,
  step: number,
  height: number,
  width: number,
): Region[] {
  const seen = new Uint8Array(height * width);
  const stack: number[] = [];
  const found: Region[] = [];
  const inside = (cell: number): boolean => data[start + cell * step]! > threshold;
  for (let first = 0; first < seen.length; first++) {
    if (seen[first] || !inside(first)) continue;
    let [left, right, top, bottom] = [width, 0, height, 0];
    const cells: number[] = [];
    stack.push(first);
    seen[first] = 1;
    for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
      cells.push(cell);
      const x = cell % width;
      const y = (cell - x) / width;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const next = v * width + u;
          if (seen[next] || !inside(next)) continue;
          seen[next] = 1;
          stack.push(next);
        }
    }
    if (Math.min(right - left, bottom - top) >= leastSide)
      found.push({ left, top, right, bottom, cells });
  }
  return found;
}

/** What has no partner in the other list when each is paired with one at most, best overlap first come. */
export function unpaired<A extends Box, B extends Box>(
  a: readonly A[],
  b: readonly B[],
): { readonly lost: readonly A[]; readonly added: readonly B[] } {
  const free = new Set(b.keys());
  const lost: A[] = [];
  for (const box of a) {
    let best = -1;
    let most = 0.5;
    for (const i of free) {
      const overlap = intersectionOverUnion(box, b[i]!);
      if (overlap > most) [best, most] = [i, overlap];
    }
    if (best < 0) lost.push(box);
    free.delete(best);
  }
  return { lost, added: [...free].map((i) => b[i]!) };
}

function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (area(a) + area(b) - width * height);
}

function area({ left, top, right, bottom }: Box): number {
  return (right - left) * (bottom - top);
}
