/**
 * A sweep in pieces for several machines: sweeps of fewer points, each next to the other in the order of
 * points, so that a result is theirs one after another.
 */
import type { Pieces } from '../jobs/define.ts';
import type { DesignSpaceInput, DesignSpaceResult } from '../protocol-simulate.ts';
import type { Simulator, SimulatorTypes } from './simulator.ts';

/** Points of one piece of work at most, so that threads and machines end together. */
export const mostTogether = 12;

export function sweepPieces<T extends SimulatorTypes>(
  simulator: Simulator<T>,
): Pieces<
  DesignSpaceInput<T['options'], T['axis']>,
  DesignSpaceResult<T['common'], T['axis'], T['swept']>
> {
  // a point beside the others holds what the machine gave
  const beside = (points: readonly T['swept'][]): T['swept'][] =>
    simulator.figures.points(points as readonly T['point'][]);
  return {
    divide: (input) => {
      // what the sweep refuses
      simulator.machines(simulator.machine({}, input.machine), input.axes);
      return simulator.divided(input.axes, mostTogether).map((axes) => ({ ...input, axes }));
    },
    join: ({ axes }, results) => {
      const [first] = results;
      return {
        ...first,
        axes,
        layers: first.layers.map((layer, i) => ({
          ...layer,
          points: beside(results.flatMap(({ layers }) => layers[i].points)),
        })),
        total: beside(results.flatMap(({ total }) => total)),
        seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
      };
    },
  };
}
