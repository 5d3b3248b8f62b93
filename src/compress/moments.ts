/**
 * Second moments of what a weight matrix multiplies, as calibration measures them and quantizers use
 * them. With rows w of the matrix and inputs x, the mean squared error of the layer's outputs is
 * (w - w')^T H (w - w') for every row, where H = E[x x^T]. Matrices follow `Geometry` (model/model.ts):
 * columns are inputs. Source: GPTQ and OBC, which accumulate the same H.
 */
export interface Moments {
  /** Inputs of ONE matrix: `Geometry.cols`. */
  readonly columns: number;
  /**
   * Which set of inputs each of the tensor's matrices multiplies; one entry a matrix. The groups of a
   * convolution have a set each, the gates of a recurrent layer share one a direction.
   */
  readonly setOf: Uint32Array;
  /** How many sets there are. */
  readonly sets: number;
  /**
   * Columns of one diagonal block of H: `columns` when H is full, 1 when only its diagonal is known.
   * The last block of a set is smaller where `block` does not divide `columns`; it is stored with the
   * same pitch, filled with zeros.
   */
  readonly block: number;
  /** sets x ceil(columns / block) x block x block: E[x x^T], symmetric. */
  readonly second: Float64Array;
  /** sets x columns: E[x]. */
  readonly mean: Float64Array;
  /** sets: input vectors that were averaged. */
  readonly count: Float64Array;
}

/** What calibration knows of a model's tensors, by `Tensor.id`. */
export type Calibration = ReadonlyMap<number, Moments>;
