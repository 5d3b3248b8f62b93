/**
 * Optimal prefix-code lengths of at most 16 bits. Huffman's algorithm with two queues (van Leeuwen
 * 1976) when its longest code fits, else package-merge (Larmore and Hirschberg 1990), which is
 * optimal among codes that keep the limit. Deep Compression, section 4.
 */
export const maxCodeLength = 16;

/**
 * Code length of every symbol, 0 where `counts` is 0. A sole symbol gets length 1 although its
 * stream takes no bits (see `streamBits`). At most 2^limit symbols may occur.
 */
export function codeLengths(counts: Float64Array, limit = maxCodeLength): Uint8Array<ArrayBuffer> {
  const lengths = new Uint8Array(counts.length);
  // sort by count, then symbol: both fit one double, 2^16 symbols and counts below 2^36
  let used = 0;
  for (let s = 0; s < counts.length; s++) if (counts[s] > 0) used++;
  if (used > 2 ** limit) throw new RangeError(`${used} symbols do not fit codes of ${limit} bits`);
  if (used === 0) return lengths;
  const sorted = new Float64Array(used);
  for (let s = 0, n = 0; s < counts.length; s++)
    if (counts[s] > 0) sorted[n++] = counts[s] * 65536 + s;
  sorted.sort();
  const weight = new Float64Array(used);
  for (let i = 0; i < used; i++) weight[i] = Math.floor(sorted[i] / 65536);
  let depth = used === 1 ? Uint8Array.of(1) : huffmanDepths(weight, limit);
  depth ??= packageMerge(weight, limit);
  for (let i = 0; i < used; i++) lengths[sorted[i] % 65536] = depth[i];
  return lengths;
}

/** Depths for ascending weights, or undefined when one exceeds the limit. */
function huffmanDepths(weight: Float64Array, limit: number): Uint8Array<ArrayBuffer> | undefined {
  const n = weight.length;
  const inner = new Float64Array(n - 1);
  const parent = new Int32Array(2 * n - 1);
  let leaf = 0;
  let node = 0;
  for (let made = 0; made < n - 1; made++) {
    let sum = 0;
    for (let child = 0; child < 2; child++) {
      const takeLeaf = leaf < n && (node >= made || weight[leaf] <= inner[node]);
      parent[takeLeaf ? leaf : n + node] = n + made;
      sum += takeLeaf ? weight[leaf++] : inner[node++];
    }
    inner[made] = sum;
  }
  const depth = new Int32Array(2 * n - 1);
  for (let i = 2 * n - 3; i >= 0; i--) depth[i] = depth[parent[i]] + 1;
  const leaves = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    if (depth[i] > limit) return undefined;
    leaves[i] = depth[i];
  }
  return leaves;
}

/** Package-merge for ascending weights: exact minimum of sum(weight x length), length <= limit. */
export function packageMerge(weight: Float64Array, limit: number): Uint8Array<ArrayBuffer> {
  const n = weight.length;
  const lengths = new Uint8Array(n);
  if (n === 1) return Uint8Array.of(1);
  const width = 2 * n - 2; // no level is ever asked for more
  // isLeaf[level][i]: the i-th cheapest item of the level is a leaf (else a package of two below)
  const isLeaf: Uint8Array[] = [];
  let previous = new Float64Array(0);
  for (let level = 0; level < limit; level++) {
    const packages = previous.length >> 1;
    const size = Math.min(width, n + packages);
    const items = new Float64Array(size);
    const flags = new Uint8Array(size);
    let leaf = 0;
    let pack = 0;
    for (let i = 0; i < size; i++) {
      const cost = pack < packages ? previous[2 * pack] + previous[2 * pack + 1] : Infinity;
      if (leaf < n && weight[leaf] <= cost) {
        items[i] = weight[leaf++];
        flags[i] = 1;
      } else {
        items[i] = cost;
        pack++;
      }
    }
    isLeaf.push(flags);
    previous = items;
  }
  // the taken items of a level are its cheapest; so are the leaves among them
  let take = width;
  for (let level = limit - 1; level >= 0 && take > 0; level--) {
    let leaves = 0;
    for (let i = 0; i < take; i++) leaves += isLeaf[level][i];
    for (let i = 0; i < leaves; i++) lengths[i]++;
    take = 2 * (take - leaves);
  }
  return lengths;
}

/** Bits of a stream with these symbol counts: a sole symbol takes none. */
export function streamBits(counts: Float64Array, lengths: Uint8Array): number {
  let bits = 0;
  let used = 0;
  for (let s = 0; s < lengths.length; s++) {
    if (lengths[s] === 0) continue;
    used++;
    bits += counts[s] * lengths[s];
  }
  return used > 1 ? bits : 0;
}

/** Order-0 entropy of a stream in bits: no code of one symbol at a time does better. */
export function entropyBits(counts: Float64Array): number {
  let total = 0;
  for (const c of counts) total += c;
  let bits = 0;
  for (const c of counts) if (c > 0) bits += c * Math.log2(total / c);
  return bits;
}
