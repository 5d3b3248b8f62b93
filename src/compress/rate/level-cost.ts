/**
 * What levels cost: bits by magnitude in each of a few classes, the class of a weight being how large the
 * levels around it, in its row and in its column are. The bits are those of an adaptive code that has
 * seen all counts: the estimate that choosing levels needs, not the coder itself.
 */

/** The largest magnitude of a level. */
export const largestLevel = 32767;

/** Magnitudes below this have an entry of their own; above, halves of octaves have one. */
const single = 32;
const singleBits = 5;
/** Entries of a class: of magnitudes up to 32767. */
export const costWidth = single + 2 * (15 - singleBits);

/** The entry of a magnitude, at most 32767. */
export function costEntry(magnitude: number): number {
  if (magnitude < single) return magnitude;
  const octave = 31 - Math.clz32(magnitude);
  return single + 2 * (octave - singleBits) + ((magnitude >> (octave - 1)) & 1);
}

/** Bits that tell the magnitudes of one entry apart. */
function bitsWithin(entry: number): number {
  return entry < single ? 0 : ((entry - single) >> 1) + singleBits - 1;
}
/** Classes of neighbourhoods. */
export const costClasses = 16;

/** Class by a quarter of the activity: two to an octave from 1/4 on. */
const classOf = Uint8Array.from({ length: 512 }, (_, quarters) =>
  quarters === 0 ? 0 : Math.min(costClasses - 1, 1 + Math.floor(1.5 * Math.log2(quarters))),
);

/**
 * Fills `classes` (rows x columns) from `levels`: the activity of a weight is |left| + |above| and four
 * times the mean magnitude of its column and twice that of its row, which an adaptive coder comes to know.
 */
export function classify(
  levels: Int16Array,
  rows: number,
  columns: number,
  classes: Uint8Array,
): void {
  const columnMean = new Float64Array(columns);
  const rowMean = new Float64Array(rows);
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at++) {
      columnMean[c] += Math.abs(levels[at]) / rows;
      rowMean[r] += Math.abs(levels[at]) / columns;
    }
  }
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at++) {
      const left = c > 0 ? Math.abs(levels[at - 1]) : 0;
      const above = r > 0 ? Math.abs(levels[at - columns]) : 0;
      const activity = left + above + 4 * columnMean[c] + 2 * rowMean[r];
      classes[at] = classOf[Math.min(classOf.length - 1, Math.round(4 * activity))];
    }
  }
}

/** How often each entry occurs in each class. */
export function countLevels(levels: Int16Array, classes: Uint8Array): Float64Array {
  const counts = new Float64Array(costClasses * costWidth);
  for (let i = 0; i < levels.length; i++) {
    counts[classes[i] * costWidth + costEntry(Math.abs(levels[i]))]++;
  }
  return counts;
}

/** Counts that stand for what is known before anything is counted. */
const prior = 2;

/**
 * Bits of every entry in every class, from counts, the sign of what is not zero included. What was
 * never counted in a class costs by the counts of all classes, and what was counted in none by
 * halving from entry to entry.
 */
export function bitsOf(counts: Float64Array): Float64Array {
  const all = new Float64Array(costWidth);
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    all[i % costWidth] += counts[i];
    total += counts[i];
  }
  // 2^-1, 2^-2, ... add up to 1, so that these do too
  for (let k = 0; k < costWidth; k++) all[k] = (all[k] + 2 ** -(k + 1)) / (total + 1);
  const bits = new Float64Array(costClasses * costWidth);
  for (let c = 0; c < costClasses; c++) {
    const first = c * costWidth;
    let seen = 0;
    for (let k = 0; k < costWidth; k++) seen += counts[first + k];
    for (let k = 0; k < costWidth; k++) {
      const share = (counts[first + k] + prior * all[k]) / (seen + prior);
      bits[first + k] = -Math.log2(share) + bitsWithin(k) + (k > 0 ? 1 : 0);
    }
  }
  return bits;
}

/** Bits of all levels in their classes. */
export function totalBits(counts: Float64Array, bits: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] > 0) sum += counts[i] * bits[i];
  return sum;
}
