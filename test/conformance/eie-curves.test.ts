/**
 * The nine layers of Table III and the sweeps behind Figs. 8, 11, 12 and 13 against the curves that
 * were measured with the authors' own simulator (end test corrected) on synthetic layers of the same
 * densities. Other random weights than theirs, so within a stated tolerance, for several seeds.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMachine } from '../../src/eie/machine.ts';
import { LayerSimulator } from '../../src/eie/run.ts';
import { makeWorkload, workloads } from '../../src/eie/workloads.ts';

/** Load balance by ring, in the order of `workloads`. */
const byRing: Readonly<Record<number, readonly number[]>> = {
  2: [0.818, 0.814, 0.687, 0.707, 0.701, 0.664, 0.326, 0.924, 0.702],
  4: [0.928, 0.926, 0.853, 0.856, 0.853, 0.839, 0.531, 0.966, 0.866],
  8: [0.969, 0.964, 0.917, 0.923, 0.917, 0.91, 0.639, 0.978, 0.929],
  16: [0.984, 0.979, 0.944, 0.952, 0.946, 0.938, 0.669, 0.982, 0.951],
  32: [0.988, 0.982, 0.955, 0.963, 0.96, 0.949, 0.679, 0.982, 0.957],
  64: [0.988, 0.982, 0.955, 0.963, 0.96, 0.951, 0.685, 0.982, 0.957],
};
/** [real work, load balance] by PEs, ring 8. */
const byPes: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  1: [[0.78, 1], [0.78, 1], [0.99, 1], [0.482, 1], [0.482, 1], [0.985, 1], [0.82, 1], [0.845, 1], [0.817, 1]],
  4: [[0.782, 0.998], [0.782, 0.999], [0.991, 0.996], [0.488, 1], [0.488, 0.999], [0.986, 0.997], [0.835, 0.998], [0.846, 0.998], [0.82, 0.999]],
  16: [[0.793, 0.995], [0.792, 0.995], [0.993, 0.98], [0.514, 0.994], [0.514, 0.993], [0.989, 0.983], [0.9, 0.948], [0.85, 0.993], [0.835, 0.991]],
  32: [[0.808, 0.989], [0.807, 0.985], [0.995, 0.957], [0.554, 0.98], [0.555, 0.977], [0.993, 0.956], [0.974, 0.843], [0.854, 0.989], [0.857, 0.975]],
  64: [[0.838, 0.969], [0.838, 0.964], [1, 0.917], [0.641, 0.923], [0.641, 0.917], [1, 0.91], [1, 0.639], [0.864, 0.978], [0.9, 0.929]],
  128: [[0.9, 0.896], [0.9, 0.903], [1, 0.824], [0.793, 0.758], [0.794, 0.754], [1, 0.814], [1, 0.408], [0.883, 0.963], [0.973, 0.814]],
  256: [[1, 0.737], [1, 0.741], [1, 0.655], [1, 0.494], [1, 0.489], [1, 0.628], [1, 0.223], [0.922, 0.904], [1, 0.617]],
}; // prettier-ignore

const within = (got: number, want: number, by: number, what: string): void =>
  assert.ok(Math.abs(got - want) <= by, `${what}: ${got.toFixed(4)}, measured ${want}`);

for (const [i, workload] of workloads.entries()) {
  test(`${workload.name}: times within 3 % of the measured ones, curves within 0.015`, () => {
    for (const seed of [1, 2, 42]) {
      const simulator = new LayerSimulator(makeWorkload(workload, seed));
      const counts = simulator.counts(makeMachine());
      const { theoreticalUs, cycles } = workload.measured;
      const what = `${workload.name}, seed ${seed}`;
      within(counts.theoreticalTimeUs / theoreticalUs, 1, 0.03, `${what}, theoretical`);
      within(counts.cycles / cycles, 1, 0.03, `${what}, simulated`);
      for (const [ring, curve] of Object.entries(byRing))
        within(
          simulator.counts(makeMachine({ ring: Number(ring) })).loadBalance,
          curve[i],
          0.015,
          `${what}, ring ${ring}`,
        );
      if (seed !== 1) continue;
      for (const [pes, curve] of Object.entries(byPes)) {
        const { realWork, loadBalance } = simulator.counts(makeMachine({ pes: Number(pes) }));
        within(realWork, curve[i][0], 0.005, `${what}, real work at ${pes} PEs`);
        within(loadBalance, curve[i][1], 0.02, `${what}, load balance at ${pes} PEs`);
      }
    }
  });
}
