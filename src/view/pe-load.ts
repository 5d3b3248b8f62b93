/**
 * How evenly the weights of a layer lie on EIE's processing elements: its rows are dealt out to them in
 * turn (EIE, section III-B), and the one with the most weights that are not zero is the last to finish.
 * Counted from the weights alone: what queues, activations and filler zeros add the simulator tells
 * (docs/eie.md).
 */
import type { Tensor } from '../model/model.ts';
import { forEachRun, layoutsOf, type Layout } from './layout.ts';

/** The paper's machine. */
export const pes = 64;

export class PeLoad {
  readonly #weights = new Float64Array(pes);

  /** @param rows of one matrix, where several lie below each other: each begins with the first PE */
  constructor(
    private readonly layout: Layout,
    private readonly rows: number,
  ) {}

  /** Values, or codes of which 0 is the zero, from a flat index on. */
  add(values: ArrayLike<number>, start: number): void {
    const { layout, rows } = this;
    const weights = this.#weights;
    forEachRun(layout, start, start + values.length, (row, _col, offset, length) => {
      const end = offset + length;
      if (layout.vertical) {
        let at = row % rows;
        for (let i = offset; i < end; i++) {
          if (values[i] !== 0) weights[at % pes]!++;
          if (++at === rows) at = 0;
        }
      } else {
        let count = 0;
        for (let i = offset; i < end; i++) if (values[i] !== 0) count++;
        weights[(row % rows) % pes]! += count;
      }
    });
  }

  /** Mean over the PEs of the most that one has, 0 to 1; null when no weight is left. */
  balance(): number | null {
    const most = this.#weights.reduce((a, b) => Math.max(a, b), 0);
    return most === 0 ? null : this.#weights.reduce((a, b) => a + b, 0) / pes / most;
  }
}

/** Undefined for what is no matrix of weights. */
export function peLoadOf(tensor: Tensor): PeLoad | undefined {
  const { role, geometry } = tensor;
  if (role !== 'weight' || !geometry) return undefined;
  const layout = layoutsOf(tensor).find((l) => l.kind === 'matrix');
  return layout && new PeLoad(layout, geometry.rows);
}
