/** Groups of samples as the runs that calibration observes: one sample a run, state going on in a group. */
import type { Runs } from '../../calibrate/calibrate.ts';
import { initialState, type Feeding } from '../fidelity/feeds.ts';

export function runsOf(feeding: Feeding, groups: Uint32Array): Runs {
  const { samples, states, constants, samplesOf } = feeding;
  const rows = samples.fixedBatch ?? 1;
  const order: number[] = [];
  const first = new Set<number>();
  for (const group of groups) {
    const { from, to } = samplesOf(group);
    first.add(order.length);
    for (let sample = from; sample < to; sample++) order.push(sample);
  }
  return {
    count: order.length,
    feeds: (run) => {
      const inputs = samples.batch(Uint32Array.of(order[run]!), 0, 1, rows);
      const state = states.map((s) => [s.input.name, initialState(s, rows)] as const);
      return { ...constants, ...Object.fromEntries(state), ...inputs };
    },
    continues: (run) => !first.has(run),
    states: states.map((s) => ({ input: s.input.name, output: s.output })),
  };
}
