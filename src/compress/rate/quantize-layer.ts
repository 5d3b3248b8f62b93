/**
 * One layer to integer levels and scales at one slope of output error against bits. The step follows from
 * what errors and bits cost, as rate theory has it at high rates: a step s on a column of curvature
 * c = importance x M_jj^2 adds c s^2 / 12 to the error and takes log2 s bits, so that at the slope lambda
 * s^2 = 6 lambda / (c ln 2). Where curvature differs much between columns each has a scale of its own,
 * inversely proportional to M_jj (WaterSIC, arXiv 2603.04956). What was compared, and what was not
 * kept: docs/rate-distortion.md.
 */
import type { Geometry } from '../../model/model.ts';
import type { Moments } from '../moments.ts';
import type { AssignedGrid } from '../share/grid.ts';
import { columnScaleLimit, nearestScale, scaleOf } from '../share/scales.ts';
import { curvatureOf, pivotsOf, usualCurvature, type CurvatureBlock } from './curvature.ts';
import { roundWithFeedback } from './feedback.ts';
import { bitsOf, classify, countLevels, largestLevel, totalBits } from './level-cost.ts';
import { gatherMatrix, scatterLevels } from './matrix.ts';

/** Levels and scales of a layer, and what they are worth. */
export interface QuantizedLayer extends AssignedGrid {
  /** Sum over outputs of importance x mean squared output error. */
  readonly distortion: number;
  /** What levels and scales will take, estimated. */
  readonly bits: number;
  /** matrices x rows: mean of w x - w' x, which adding to a bias makes up for. */
  readonly shift: Float64Array;
}

/** s^2 over what theory says: at a few bits a weight, dead zones make wider steps better. */
const stepTie = 1.5;
/** Scales are rounded to this many 64ths of an octave: the error passed on knows of it. */
const scaleStep = 8;
/** A scale's cost in bits, and the share of what theory promises column scales that is seen. */
const bitsOfScale = 4;
const columnGain = 0.3;
/** Times the bits of levels are counted, and levels chosen by them. */
const rounds = 2;

export class LayerQuantizer {
  readonly #geometry: Geometry;
  readonly #inputs: Pick<Moments, 'setOf' | 'mean'>;
  /** matrices x rows x cols. */
  readonly #weights: Float64Array;
  /** By set. */
  readonly #curvature: readonly (readonly CurvatureBlock[])[];
  readonly #pivots: readonly Float64Array[];
  /** matrices x cols, as a grid has them. */
  readonly #columnScales: Int32Array | undefined;

  /**
   * @param weights all of the tensor, as stored
   * @param moments none: all inputs count alike, and errors are those of the weights
   * @param trust `correctedTrust` when `shift` will be added to the layer's bias, else 0
   */
  constructor(
    weights: Float32Array | Float64Array,
    geometry: Geometry,
    moments: Moments | undefined,
    trust = usualCurvature.trust,
  ) {
    const { rows, cols, matrices } = geometry;
    this.#geometry = geometry;
    const known = moments ?? unknownInputs(geometry);
    // the factor says what the second moments said
    this.#inputs = { setOf: known.setOf, mean: known.mean };
    this.#weights = new Float64Array(weights.length);
    for (let m = 0; m < matrices; m++) {
      gatherMatrix(weights, geometry, m, part(this.#weights, m, rows * cols));
    }
    const options = { ...usualCurvature, trust };
    const sets = Array.from({ length: known.sets }, (_, set) => set);
    this.#curvature = sets.map((set) => curvatureOf(known, set, options));
    this.#pivots = this.#curvature.map((blocks) => pivotsOf(blocks, cols));
    this.#columnScales = this.#scaleColumns();
  }

  /**
   * The slope at which, by theory and at importance 1, normal weights of this size take so many bits each:
   * a step s takes log2(sqrt(2 pi e) / s) bits of a weight of variance 1.
   */
  slopeAt(bits: number): number {
    const { rows, cols } = this.#geometry;
    const { setOf } = this.#inputs;
    let sum = 0;
    for (let i = 0; i < this.#weights.length; i++) {
      const pivot = this.#pivots[setOf[Math.floor(i / (rows * cols))]][i % cols];
      sum += (this.#weights[i] * pivot) ** 2;
    }
    const step = (2 * Math.PI * Math.E * sum) / this.#weights.length / 4 ** bits;
    return (step * Math.LN2) / (6 * stepTie);
  }

  /**
   * The layer at one slope.
   * @param lambda what a bit costs, above 0
   * @param importance what a unit of mean squared output error costs: of every output (matrices x
   * rows), or of all alike
   */
  quantize(lambda: number, importance: number | Float64Array): QuantizedLayer {
    const { rows, cols, matrices, transposed } = this.#geometry;
    const costs =
      typeof importance === 'number'
        ? new Float64Array(matrices * rows).fill(importance)
        : importance;
    const scales = this.#scaleRows(lambda, costs);
    const steps = Float64Array.from(scales, scaleOf);
    const columnSteps = this.#columnScales
      ? Float64Array.from(this.#columnScales, scaleOf)
      : new Float64Array(matrices * cols).fill(1);
    const levels = this.#rounded(steps, columnSteps);
    const classes = new Uint8Array(levels.length);
    let distortion = 0;
    for (let round = 0; round < rounds; round++) {
      classify(levels, matrices * rows, cols, classes);
      const bits = bitsOf(countLevels(levels, classes));
      distortion = 0;
      for (let m = 0; m < matrices; m++) {
        const task = {
          rows,
          columns: cols,
          weights: part(this.#weights, m, rows * cols),
          steps: part(steps, m, rows),
          columnSteps: part(columnSteps, m, cols),
          importance: part(costs, m, rows),
          lambda,
          bits,
          classes: classes.subarray(m * rows * cols, (m + 1) * rows * cols),
          levels: levels.subarray(m * rows * cols, (m + 1) * rows * cols),
        };
        for (const block of this.#curvature[this.#inputs.setOf[m]]) {
          distortion += roundWithFeedback(task, block);
        }
      }
    }
    classify(levels, matrices * rows, cols, classes);
    const counts = countLevels(levels, classes);
    const columns = this.#columnScales?.length ?? 0;
    const stored = new Int16Array(levels.length);
    for (let m = 0; m < matrices; m++) {
      scatterLevels(levels.subarray(m * rows * cols), this.#geometry, m, stored);
    }
    return {
      grid: {
        rows,
        cols,
        transposed,
        scales: quietScales(scales, levels, cols),
        ...(this.#columnScales && { columnScales: this.#columnScales }),
      },
      levels: stored,
      distortion: Math.max(0, distortion),
      bits: totalBits(counts, bitsOf(counts)) + bitsOfScale * (differing(scales) + columns),
      shift: this.#shift(levels, steps, columnSteps),
    };
  }

  /** Scales of all columns, where they are worth their bits. */
  #scaleColumns(): Int32Array | undefined {
    const { rows, cols, matrices } = this.#geometry;
    let gain = 0;
    const scales = new Int32Array(matrices * cols);
    for (let m = 0; m < matrices; m++) {
      const pivots = this.#pivots[this.#inputs.setOf[m]];
      let logs = 0;
      let squares = 0;
      for (const p of pivots) {
        logs += Math.log2(p) / cols;
        squares += (p * p) / cols;
      }
      gain += rows * cols * (Math.log2(squares) / 2 - logs);
      for (let c = 0; c < cols; c++) {
        const wanted = nearestScale(2 ** (logs - Math.log2(pivots[c])), 2 * scaleStep);
        scales[m * cols + c] = Math.max(-columnScaleLimit, Math.min(columnScaleLimit, wanted));
      }
    }
    return columnGain * gain > bitsOfScale * scales.length ? scales : undefined;
  }

  /** The scale of every row at the slope `lambda`; none so small that levels could not hold the weights. */
  #scaleRows(lambda: number, costs: Float64Array): Int32Array {
    const { rows, cols, matrices } = this.#geometry;
    const scales = new Int32Array(matrices * rows);
    for (let m = 0; m < matrices; m++) {
      const pivots = this.#pivots[this.#inputs.setOf[m]];
      const columns = this.#columnScales?.subarray(m * cols, (m + 1) * cols);
      let curvature = 0;
      for (let c = 0; c < cols; c++) {
        curvature += (pivots[c] * (columns ? scaleOf(columns[c]) : 1)) ** 2 / cols;
      }
      for (let r = m * rows; r < (m + 1) * rows; r++) {
        let extent = 0;
        for (let c = 0; c < cols; c++) {
          const size = Math.abs(this.#weights[r * cols + c]);
          extent = Math.max(extent, columns ? size / scaleOf(columns[c]) : size);
        }
        const step = Math.sqrt((6 * lambda * stepTie) / (Math.LN2 * costs[r] * curvature));
        const least = extent / (0.9 * largestLevel);
        scales[r] = nearestScale(Math.max(least, step < Infinity ? step : 4 * extent), scaleStep);
      }
    }
    return scales;
  }

  /** Every weight at the level next to it. */
  #rounded(steps: Float64Array, columnSteps: Float64Array): Int16Array {
    const { rows, cols } = this.#geometry;
    const levels = new Int16Array(this.#weights.length);
    for (let r = 0, at = 0; r < steps.length; r++) {
      const first = Math.floor(r / rows) * cols;
      for (let c = 0; c < cols; c++, at++) {
        const level = Math.round(this.#weights[at] / (steps[r] * columnSteps[first + c]));
        levels[at] = Math.max(-largestLevel, Math.min(largestLevel, level));
      }
    }
    return levels;
  }

  #shift(levels: Int16Array, steps: Float64Array, columnSteps: Float64Array): Float64Array {
    const { rows, cols } = this.#geometry;
    const { mean, setOf } = this.#inputs;
    const shift = new Float64Array(steps.length);
    for (let r = 0, at = 0; r < steps.length; r++) {
      const m = Math.floor(r / rows);
      for (let c = 0; c < cols; c++, at++) {
        const value = levels[at] * steps[r] * columnSteps[m * cols + c];
        shift[r] += (this.#weights[at] - value) * mean[setOf[m] * cols + c];
      }
    }
    return shift;
  }
}

/** Of matrix `m`, `size` numbers each. */
function part(values: Float64Array, m: number, size: number): Float64Array {
  return values.subarray(m * size, (m + 1) * size);
}

/** Moments of inputs of which nothing is known: independent, of mean 0 and variance 1. */
function unknownInputs({ cols, matrices }: Geometry): Moments {
  return {
    columns: cols,
    setOf: new Uint32Array(matrices),
    sets: 1,
    block: 1,
    second: new Float64Array(cols).fill(1),
    mean: new Float64Array(cols),
    count: new Float64Array(1),
  };
}

/** Rows of zeros take the scale of the row before, which costs nothing. */
function quietScales(scales: Int32Array, levels: Int16Array, cols: number): Int32Array {
  const quiet = Int32Array.from(scales);
  for (let r = 1; r < scales.length; r++) {
    let any = 0;
    for (let c = r * cols; c < (r + 1) * cols; c++) any |= levels[c];
    if (any === 0) quiet[r] = quiet[r - 1];
  }
  return quiet;
}

/** How many scales are not that of the row before. */
function differing(scales: Int32Array): number {
  let count = 1;
  for (let r = 1; r < scales.length; r++) if (scales[r] !== scales[r - 1]) count++;
  return count;
}
