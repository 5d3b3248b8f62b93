/**
 * The scales of grids: a scale is stored as a number of 64ths of an octave, which one table turns into
 * a double of 16 significant bits. docs/dcz-coding.md, section 6.
 */

/** round(2^15 x 2^(j / 64)) for j = 0 .. 63. */
// prettier-ignore
const mantissas = Int32Array.of(
  32768, 33125, 33486, 33850, 34219, 34591, 34968, 35349,
  35734, 36123, 36516, 36914, 37316, 37722, 38133, 38548,
  38968, 39392, 39821, 40255, 40693, 41136, 41584, 42037,
  42495, 42958, 43425, 43898, 44376, 44859, 45348, 45842,
  46341, 46846, 47356, 47871, 48393, 48920, 49452, 49991,
  50535, 51085, 51642, 52204, 52773, 53347, 53928, 54515,
  55109, 55709, 56316, 56929, 57549, 58176, 58809, 59449,
  60097, 60751, 61413, 62081, 62757, 63441, 64132, 64830,
);

/** Steps of an octave. */
export const stepsOfOctave = 64;

/** A channel's scale lies within 2^-900 and 2^901, a column's within 2^-100 and 2^101. */
export const scaleLimit = 900 * stepsOfOctave;
export const columnScaleLimit = 100 * stepsOfOctave;

/** The scale of `log` 64ths of an octave: about 2^(log / 64), exactly what decoders use. */
export function scaleOf(log: number): number {
  return mantissas[log & 63] * 2 ** ((log >> 6) - 15);
}

/**
 * The scale nearest to `scale` in ratio, among those that are a multiple of `step` 64ths of an octave;
 * the least there is for 0.
 */
export function nearestScale(scale: number, step = 1): number {
  if (!(scale > 0)) return -scaleLimit;
  return clamped(Math.round((Math.log2(scale) * stepsOfOctave) / step) * step);
}

/** The least such scale that is not below `scale`. */
export function scaleFrom(scale: number, step = 1): number {
  if (!(scale > 0)) return -scaleLimit;
  let log = clamped(Math.ceil((Math.log2(scale) * stepsOfOctave) / step - 1) * step);
  while (scaleOf(log) < scale && log + step <= scaleLimit) log += step;
  return log;
}

function clamped(log: number): number {
  return Math.min(Math.max(log, -scaleLimit), scaleLimit);
}
