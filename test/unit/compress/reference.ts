/**
 * Slow, obviously right versions of what src/compress does fast: Huffman by repeatedly joining the
 * two rarest, the relative index entry by entry, CRC-32 bit by bit, k-means as the paper states it,
 * and optimal 1-D k-means by trying every split.
 */

/** Total bits of Huffman's code for these counts (one symbol: none). */
export function huffmanBits(counts: readonly number[]): number {
  const heap = counts.filter((c) => c > 0);
  let bits = 0;
  while (heap.length > 1) {
    heap.sort((a, b) => a - b);
    const joined = heap.shift()! + heap.shift()!;
    bits += joined;
    heap.push(joined);
  }
  return bits;
}

/** Entries [code, gap] of the relative index. */
export function relativeIndex(codes: readonly number[], bits: number): [number, number][] {
  const entries: [number, number][] = [];
  let gap = 0;
  for (const code of codes) {
    if (code === 0) {
      gap++;
      continue;
    }
    while (gap > 2 ** bits - 1) {
      entries.push([0, 2 ** bits - 1]);
      gap -= 2 ** bits; // the filler itself stands for one zero
    }
    entries.push([code, gap]);
    gap = 0;
  }
  return entries;
}

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Within-cluster sum of squares of every point's nearest centroid. */
export function wcss(points: readonly number[], centroids: readonly number[]): number {
  let total = 0;
  for (const p of points) total += Math.min(...centroids.map((c) => (p - c) ** 2));
  return total;
}

/** Lloyd's iteration over every weight, as in Deep Compression, section 3.1. */
export function lloyd(
  points: readonly number[],
  start: readonly number[],
  rounds = 1000,
): number[] {
  let centroids = [...start];
  for (let round = 0; round < rounds; round++) {
    const groups = centroids.map((): number[] => []);
    for (const p of points) {
      let best = 0;
      for (let c = 1; c < centroids.length; c++) {
        if (Math.abs(p - centroids[c]) < Math.abs(p - centroids[best])) best = c;
      }
      groups[best].push(p);
    }
    const next = groups.map((g, c) =>
      g.length > 0 ? g.reduce((a, b) => a + b, 0) / g.length : centroids[c],
    );
    if (next.every((c, i) => c === centroids[i])) break;
    centroids = next;
  }
  return centroids;
}

/** Least possible sum of squares of `k` groups of sorted points, O(k n^2). */
export function optimalWcss(sorted: readonly number[], k: number): number {
  const n = sorted.length;
  const cost = (from: number, to: number): number => {
    const part = sorted.slice(from, to);
    const mean = part.reduce((a, b) => a + b, 0) / part.length;
    return part.reduce((a, b) => a + (b - mean) ** 2, 0);
  };
  let best = Array.from({ length: n + 1 }, (_, i) => (i === 0 ? 0 : cost(0, i)));
  for (let groups = 2; groups <= k; groups++) {
    best = best.map((one, end) => {
      let least = one;
      for (let split = 1; split < end; split++) {
        least = Math.min(least, best[split] + cost(split, end));
      }
      return least;
    });
  }
  return best[n];
}
