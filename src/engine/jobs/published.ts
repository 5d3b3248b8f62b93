/** published: figures of a simulated machine's publication. */
import type { Simulator, SimulatorTypes } from '../simulate/simulator.ts';
import { defineJob, type JobDeclaration } from './define.ts';

export function publishedJob<T extends SimulatorTypes>(
  simulator: Simulator<T>,
): JobDeclaration<Readonly<Record<string, never>>, T['published']> {
  return defineJob<Readonly<Record<string, never>>, T['published']>({
    input: {},
    run: () => Promise.resolve(simulator.figures.published()),
  });
}
