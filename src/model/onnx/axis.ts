/** Axes of an operand, followed back to the stored tensor: what geometry and Einsum reason about. */

/** An axis as the layer sees it: its size and the stored axis it is (-1: inserted, size 1). */
export interface Axis {
  readonly size: number;
  readonly from: number;
}
