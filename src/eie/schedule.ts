/**
 * What the leading-non-zero detection finds, and the cycles it scans in vain: a property of the
 * activations and N alone (paper, section IV; eie-spec 3.1, 3.2). A group of N activations without a
 * hit costs one barren cycle; so does the rest of a group after its last hit, unless that hit was in
 * the last lane. The bias group follows the last input group, its lane 0 is column G * N.
 */
export interface Schedule {
  /** Broadcast columns in order, the bias column last. */
  readonly columns: Int32Array;
  /** Barren scan cycles before each broadcast (before the first one: from the start). */
  readonly barren: Int32Array;
  /** Without bias: barren scan cycles after the last hit; G when nothing is broadcast. With bias 0. */
  readonly barrenAfter: number;
  /** Input groups G. */
  readonly groups: number;
  readonly hasBias: boolean;
}

/** `activations` as the machine sees them: floats, or fixed-point integers. */
export function makeSchedule(
  activations: Float32Array | Float64Array,
  pes: number,
  detect: 'positive' | 'nonzero',
  hasBias: boolean,
): Schedule {
  const inputs = activations.length;
  const groups = Math.ceil(inputs / pes);
  const any = detect === 'nonzero';
  let hits = 0;
  for (let c = 0; c < inputs; c++)
    hits += activations[c] > 0 || (any && activations[c] < 0) ? 1 : 0;
  const broadcasts = hits + (hasBias ? 1 : 0);
  const columns = new Int32Array(broadcasts);
  const barren = new Int32Array(broadcasts);
  let j = 0;
  /** The group the scanner is in after the last hit: the next one when the hit was in lane N - 1. */
  let group = 0;
  for (let c = 0; c < inputs; c++) {
    if (!(activations[c] > 0 || (any && activations[c] < 0))) continue;
    columns[j] = c;
    barren[j++] = Math.trunc(c / pes) - group;
    group = Math.trunc((c + 1) / pes);
  }
  if (hasBias) {
    columns[j] = groups * pes;
    barren[j] = groups - group;
  }
  return { columns, barren, barrenAfter: hasBias ? 0 : groups - group, groups, hasBias };
}
