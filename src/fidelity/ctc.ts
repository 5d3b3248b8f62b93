/**
 * How probable a text is by steps x classes of probabilities: the sum over all paths that read as it, since
 * which step shows a letter does not matter. Source: connectionist temporal classification, Graves et al.,
 * ICML 2006, forward variables; scaled at every step, so that long texts do not vanish.
 */

/** The highest class of every step. */
export function pathOf(data: Float32Array, classes: number): number[] {
  const path: number[] = [];
  for (let first = 0; first < data.length; first += classes) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (data[first + c]! > data[first + best]!) best = c;
    path.push(best);
  }
  return path;
}

/** What CTC reads of a path: repeated classes once, blanks not at all. */
export function collapsed(path: readonly number[], blank: number): number[] {
  return path.filter((c, t) => c !== blank && c !== path[t - 1]);
}

/** 0..1. */
export function textProbability(
  data: Float32Array,
  classes: number,
  text: readonly number[],
  blank: number,
): number {
  const steps = data.length / classes;
  const states = 2 * text.length + 1;
  let now = new Float64Array(states);
  let next = new Float64Array(states);
  let log = 0;
  for (let t = 0; t < steps; t++) {
    let sum = 0;
    for (let s = 0; s < states; s++) {
      const letter = s & 1 ? text[s >> 1]! : blank;
      // before the first step all paths stand at the blank before the text
      let reached = t === 0 ? (s < 2 ? 1 : 0) : now[s]! + (s > 0 ? now[s - 1]! : 0);
      if (t > 0 && s & 1 && s > 1 && letter !== text[(s >> 1) - 1]) reached += now[s - 2]!;
      next[s] = reached * data[t * classes + letter]!;
      sum += next[s]!;
    }
    if (!(sum > 0)) return 0;
    log += Math.log(sum);
    for (let s = 0; s < states; s++) next[s]! /= sum;
    [now, next] = [next, now];
  }
  const ending = now[states - 1]! + (states > 1 ? now[states - 2]! : 0);
  return Math.min(1, Math.exp(log) * ending);
}
