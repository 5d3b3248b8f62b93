/**
 * Places the nodes of a data flow in rows by rank (Sugiyama, Tagawa and Toda 1981): edges over
 * several rows run through way points, all edges of one node through the same ones; rows are put in
 * order by barycentres, and the order with the fewest crossings is kept; last, every row is moved as
 * near to its neighbours as the room its boxes need allows, which is an isotonic regression (solved by
 * pooling adjacent violators). Linear in nodes and way points but for the sorting.
 * Limits: beyond `mostWayPoints` the longest edges are cut: they are listed, not led.
 */
export interface FlowBox {
  /** Row, 0 at the top; every edge leads to a higher one. */
  readonly rank: number;
  readonly width: number;
  readonly height: number;
}

/** A piece of one or more edges between two rows that follow each other. */
export interface FlowSegment {
  /** Node the edges come from, and the node it ends at; -1: it ends at a way point. */
  readonly from: number;
  readonly to: number;
  /** Of the upper end; the lower one lies in the row below. */
  readonly rank: number;
  readonly x1: number;
  readonly x2: number;
  /** The upper end is a way point, not the node itself. */
  readonly passing: boolean;
}

export interface FlowLayout {
  readonly width: number;
  readonly height: number;
  /** Middle of every node. */
  readonly x: Float64Array;
  readonly rowTop: Float64Array;
  readonly rowHeight: Float64Array;
  /** In the order of their rank. */
  readonly segments: readonly FlowSegment[];
  /** Nodes row by row, from left to right. */
  readonly rows: readonly (readonly number[])[];
  /** Edges that are not led: from, to, from, to, … */
  readonly cut: readonly number[];
}

const mostWayPoints = 20_000;
export const rowGap = 30;
const columnGap = 24;
const wayWidth = 8;

/** @param edges from, to, from, to, … */
export function layoutFlow(boxes: readonly FlowBox[], edges: Int32Array): FlowLayout {
  const net = new Net(boxes, edges);
  const rows = orderedRows(net);
  const x = placed(net, rows);
  let [least, most] = [Infinity, -Infinity];
  x.forEach((at, s) => {
    least = Math.min(least, at - net.width[s] / 2);
    most = Math.max(most, at + net.width[s] / 2);
  });
  if (!(least < most)) [least, most] = [0, 0];
  x.forEach((at, s) => (x[s] = at - least));
  const rowHeight = new Float64Array(rows.length);
  boxes.forEach((b) => (rowHeight[b.rank] = Math.max(rowHeight[b.rank], b.height)));
  const rowTop = new Float64Array(rows.length);
  for (let r = 1; r < rows.length; r++) rowTop[r] = rowTop[r - 1] + rowHeight[r - 1] + rowGap;
  const segments = net.segments
    .map(([upper, lower]): FlowSegment => ({
      from: net.owner[upper],
      to: lower < boxes.length ? lower : -1,
      rank: net.rank[upper],
      ...{ x1: x[upper], x2: x[lower], passing: upper >= boxes.length },
    }))
    .sort((a, b) => a.rank - b.rank);
  const last = rows.length - 1;
  return {
    width: most - least,
    height: last < 0 ? 0 : rowTop[last] + rowHeight[last],
    x: x.slice(0, boxes.length),
    ...{ rowTop, rowHeight, segments, cut: net.cut },
    rows: rows.map((row) => row.filter((s) => s < boxes.length)),
  };
}

/** Nodes and way points ("slots", nodes first) and what joins those of neighbouring rows. */
class Net {
  readonly rank: number[] = [];
  readonly width: number[] = [];
  /** Node whose edges run through a slot: itself, of a node. */
  readonly owner: number[] = [];
  readonly segments: (readonly [number, number])[] = [];
  readonly above: number[][] = [];
  readonly below: number[][] = [];
  readonly cut: number[] = [];

  readonly #nodes: number;

  constructor(boxes: readonly FlowBox[], edges: Int32Array) {
    this.#nodes = boxes.length;
    boxes.forEach((b, i) => this.#slot(b.rank, b.width, i));
    const targets = boxes.map((): number[] => []);
    for (let i = 0; i < edges.length; i += 2) targets[edges[i]].push(edges[i + 1]);
    const reach = (from: number): number =>
      targets[from].reduce((far, to) => Math.max(far, this.rank[to] - this.rank[from]), 0);
    // the short ones first, so that what is cut are the longest
    const sources = boxes.map((_, i) => i).sort((a, b) => reach(a) - reach(b) || a - b);
    for (const from of sources) this.#lead(from, targets[from]);
  }

  #lead(from: number, targets: readonly number[]): void {
    let [at, rank] = [from, this.rank[from]];
    for (const to of [...targets].sort((a, b) => this.rank[a] - this.rank[b])) {
      const missing = this.rank[to] - 1 - rank;
      if (this.rank.length - this.#nodes + missing > mostWayPoints) {
        this.cut.push(from, to);
        continue;
      }
      for (; rank < this.rank[to] - 1; rank++) {
        const next = this.#slot(rank + 1, wayWidth, from);
        this.#join(at, next);
        at = next;
      }
      this.#join(at, to);
    }
  }

  #slot(rank: number, width: number, owner: number): number {
    this.above.push([]);
    this.below.push([]);
    this.width.push(width);
    this.owner.push(owner);
    return this.rank.push(rank) - 1;
  }

  #join(upper: number, lower: number): void {
    this.segments.push([upper, lower]);
    this.below[upper].push(lower);
    this.above[lower].push(upper);
  }
}

/** Slots of every row from left to right. */
function orderedRows(net: Net): number[][] {
  const rows: number[][] = [];
  net.rank.forEach((r, s) => {
    while (rows.length <= r) rows.push([]);
    rows[r].push(s);
  });
  const place = new Float64Array(net.rank.length);
  const number = (row: readonly number[]): void => row.forEach((s, i) => (place[s] = i));
  rows.forEach(number);
  const sort = (row: number[], next: readonly (readonly number[])[]): void => {
    const wanted = new Map(row.map((s) => [s, meanOf(next[s], place) ?? place[s]]));
    row.sort((a, b) => wanted.get(a)! - wanted.get(b)! || place[a] - place[b]);
    number(row);
  };
  let best = rows.map((r) => [...r]);
  let fewest = crossings(net, rows, place);
  const sweeps = net.rank.length > 5000 ? 2 : 12;
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    if (sweep % 2 === 0) for (let r = 1; r < rows.length; r++) sort(rows[r], net.above);
    else for (let r = rows.length - 2; r >= 0; r--) sort(rows[r], net.below);
    const now = crossings(net, rows, place);
    if (now >= fewest) continue;
    fewest = now;
    best = rows.map((r) => [...r]);
  }
  return best;
}

function meanOf(slots: readonly number[], of: Float64Array): number | undefined {
  if (slots.length === 0) return undefined;
  let sum = 0;
  for (const s of slots) sum += of[s];
  return sum / slots.length;
}

/** Pairs of segments that cross, over all rows. */
function crossings(net: Net, rows: readonly (readonly number[])[], place: Float64Array): number {
  let count = 0;
  for (const row of rows) {
    const ends = row.flatMap((s) => net.below[s].map((l) => place[l]).sort((a, b) => a - b));
    count += inversions(ends);
  }
  return count;
}

/** Pairs in the wrong order; sorts the list (merge sort). */
export function inversions(list: number[]): number {
  if (list.length < 2) return 0;
  const left = list.slice(0, list.length >> 1);
  const right = list.slice(list.length >> 1);
  let count = inversions(left) + inversions(right);
  let [i, j] = [0, 0];
  for (let k = 0; k < list.length; k++)
    if (j >= right.length || (i < left.length && left[i] <= right[j])) list[k] = left[i++];
    else {
      count += left.length - i;
      list[k] = right[j++];
    }
  return count;
}

/** Middles of all slots. */
function placed(net: Net, rows: readonly (readonly number[])[]): Float64Array {
  const x = new Float64Array(net.rank.length);
  for (const row of rows) {
    let free = 0;
    for (const s of row) {
      x[s] = free + net.width[s] / 2;
      free += net.width[s] + columnGap;
    }
    for (const s of row) x[s] = x[s] - free / 2;
  }
  const settle = (row: readonly number[], next: (s: number) => readonly number[]): void => {
    const wanted = row.map((s) => meanOf(next(s), x) ?? x[s]);
    // lines are kept straight before boxes are centred
    const weights = row.map((s) => (net.width[s] === wayWidth ? 8 : 1));
    const gaps = row.map((s, i) =>
      i === 0 ? 0 : (net.width[row[i - 1]] + net.width[s]) / 2 + columnGap,
    );
    spread(wanted, gaps, weights).forEach((at, i) => (x[row[i]] = at));
  };
  const both = (s: number): readonly number[] => [...net.above[s], ...net.below[s]];
  // from one side only, many rows drift away, so that long drawings are settled from both
  const long = net.rank.length > 5000;
  for (let sweep = 0; sweep < (long ? 0 : 10); sweep++) {
    for (let r = 1; r < rows.length; r++) settle(rows[r], (s) => net.above[s]);
    for (let r = rows.length - 2; r >= 0; r--) settle(rows[r], (s) => net.below[s]);
  }
  for (let sweep = 0; sweep < (long ? 8 : 1); sweep++) for (const row of rows) settle(row, both);
  straighten(net, rows, x);
  return x;
}

/**
 * Puts chains (one edge out, one edge in) and the way points of one node above each other, as far as
 * their neighbours leave room.
 */
function straighten(net: Net, rows: readonly (readonly number[])[], x: Float64Array): void {
  const place = new Float64Array(net.rank.length);
  for (const row of rows) row.forEach((s, i) => (place[s] = i));
  const free = (s: number): readonly [number, number] => {
    const row = rows[net.rank[s]];
    const room = (other: number): number => (net.width[other] + net.width[s]) / 2 + columnGap;
    const left = row[place[s] - 1];
    const right = row[place[s] + 1];
    return [
      left === undefined ? -Infinity : x[left] + room(left),
      right === undefined ? Infinity : x[right] - room(right),
    ];
  };
  const next = (s: number): number | undefined => {
    const way = net.width[s] === wayWidth;
    for (const below of net.below[s])
      if (
        (way && net.width[below] === wayWidth) ||
        (net.below[s].length === 1 && net.above[below].length === 1)
      )
        return below;
    return undefined;
  };
  const done = new Uint8Array(net.rank.length);
  for (const row of rows)
    for (const start of row) {
      let chain: number[] = [];
      let [low, high] = [-Infinity, Infinity];
      const align = (): void => {
        const middle = [...chain].map((s) => x[s]).sort((a, b) => a - b)[chain.length >> 1];
        if (chain.length > 1) for (const s of chain) x[s] = Math.min(high, Math.max(low, middle));
      };
      for (let s: number | undefined = start; s !== undefined && done[s] === 0; s = next(s)) {
        done[s] = 1;
        const [from, to] = free(s);
        if (Math.max(low, from) > Math.min(high, to)) {
          align();
          chain = [];
          [low, high] = [-Infinity, Infinity];
        }
        chain.push(s);
        low = Math.max(low, from);
        high = Math.min(high, to);
      }
      align();
    }
}

/**
 * Places as near to those wanted as can be (weighted least squares) with at least `gaps[i]` between
 * place i - 1 and place i.
 */
export function spread(
  wanted: readonly number[],
  gaps: readonly number[],
  weights: readonly number[],
): number[] {
  const pools: { sum: number; weight: number; count: number }[] = [];
  const mean = (p: { sum: number; weight: number }): number => p.sum / p.weight;
  let offset = 0;
  const offsets = wanted.map((w, i) => {
    offset += gaps[i];
    let pool = { sum: (w - offset) * weights[i], weight: weights[i], count: 1 };
    for (let last = pools.at(-1); last && mean(last) > mean(pool); last = pools.at(-1)) {
      pools.pop();
      pool = {
        sum: last.sum + pool.sum,
        weight: last.weight + pool.weight,
        count: last.count + pool.count,
      };
    }
    pools.push(pool);
    return offset;
  });
  const places: number[] = [];
  for (const pool of pools)
    for (let i = 0; i < pool.count; i++) places.push(mean(pool) + offsets[places.length]);
  return places;
}
