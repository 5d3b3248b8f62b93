/**
 * Speed of the EIE simulator on one core, against the targets of its issue: PE-cycles of timing a
 * second, ratio to the stepped reference, the real Alex-8, slider steps on Alex-7, a 9 x 9 sweep and
 * all nine layers of Table III. Best of several repetitions; exits 1 when a target is missed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { encode } from '../../src/eie/encode.ts';
import { measureHost } from '../../src/layers/own-products.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { entriesPerRow, makeMachine } from '../../src/eie/machine.ts';
import { runReference } from '../unit/eie/reference.ts';
import { LayerSimulator } from '../../src/eie/run.ts';
import { fromDense } from '../../src/layers/sparse.ts';
import { parseAxis, sweepMachines, sweepPoint } from '../../src/eie/sweep.ts';
import { timeLayer } from '../../src/eie/timing.ts';
import { findWorkload, makeWorkload, workloads } from '../../src/eie/workloads.ts';
import { writeEntries } from '../unit/eie/entries.ts';

/** Keeps results alive, so that nothing is optimised away. */
let sink = 0;

/** Milliseconds of `run`: the least and the median of `reps`, after two to warm up. */
function time(run: () => number, reps: number): { least: number; median: number } {
  const times: number[] = [];
  for (let i = -2; i < reps; i++) {
    const from = performance.now();
    sink += run();
    if (i >= 0) times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  return { least: times[0], median: times[times.length >> 1] };
}

function line(name: string, ms: { least: number; median: number }, target?: number): void {
  const verdict =
    target === undefined
      ? ''
      : ms.least <= target
        ? `  ok (target ${target} ms)`
        : `  MISSED (target ${target} ms)`;
  if (verdict.includes('MISSED')) process.exitCode = 1;
  console.log(
    `${name.padEnd(58)} ${ms.least.toFixed(2).padStart(8)} ms  median ${ms.median.toFixed(2)}${verdict}`,
  );
}

function rate(name: string, peCycles: number, ms: number, target?: number): void {
  const perSecond = peCycles / ms / 1000;
  const verdict =
    target === undefined
      ? ''
      : perSecond >= target
        ? `  ok (target ${target})`
        : `  MISSED (target ${target})`;
  if (verdict.includes('MISSED')) process.exitCode = 1;
  console.log(
    `${name.padEnd(58)} ${perSecond.toFixed(1).padStart(8)} million PE-cycles/s${verdict}`,
  );
}

const machine = makeMachine();
const alex7 = makeWorkload(findWorkload('alex-7'), 1);

{
  const simulator = new LayerSimulator(alex7);
  const encoding = simulator.encoding(machine);
  const schedule = simulator.schedule(machine);
  const { cycles } = timeLayer(encoding, schedule, 8);
  const fast = time(() => timeLayer(encoding, schedule, 8).cycles, 200);
  rate('timing, Alex-7, fast engine', cycles * 64, fast.least, 1000);
  const entries = writeEntries(encoding, alex7.matrix, alex7.bias);
  const options = { ring: 8, perRow: entriesPerRow(machine), detect: machine.detect };
  const arithmetic = simulator.arithmetic(machine);
  const slow = time(() => runReference(encoding, entries, arithmetic, options).cycles, 1);
  rate('timing and output, Alex-7, stepped reference', cycles * 64, slow.least);
  const full = time(() => simulator.run(machine, 256).statistics.cycles, 50);
  rate('all statistics and timeline, Alex-7, fast engine', cycles * 64, full.least);
  console.log(
    `${'fast engine (timing) against the reference'.padEnd(58)} ${(slow.least / fast.least).toFixed(0).padStart(8)} x`,
  );
}

const folder = join(process.env['DC_SHARED'] ?? '../shared', 'data/eie/alex8');
if (existsSync(folder)) {
  const floats = (name: string): Float32Array =>
    new Float32Array(Uint8Array.from(readFileSync(join(folder, name))).buffer);
  const layer: Layer = {
    name: 'alex8',
    matrix: fromDense(
      Uint8Array.from(gunzipSync(readFileSync(join(folder, 'codes_1000x4096.u8.gz')))),
      1000,
      4096,
    ),
    bias: Uint16Array.from(readFileSync(join(folder, 'biasCodes_1000.u8'))),
    codebook: floats('codebook_16.f32'),
    activations: floats('act_4096.f32'),
  };
  const warm = new LayerSimulator(layer);
  const encoding = warm.encoding(machine);
  line(
    'real Alex-8, encoded: all statistics and outputs',
    time(() => {
      const fresh = new LayerSimulator(layer);
      fresh.useEncoding(machine, encoding);
      return fresh.run(machine).statistics.cycles;
    }, 50),
    5,
  );
  const schedule = warm.schedule(machine);
  const { cycles } = timeLayer(encoding, schedule, 8);
  rate(
    'timing, real Alex-8',
    cycles * 64,
    time(() => timeLayer(encoding, schedule, 8).cycles, 200).least,
    1000,
  );
} else console.log('real Alex-8: the shared data folder is absent');

{
  const simulator = new LayerSimulator(alex7);
  let step = 0;
  line(
    'slider step on Alex-7, queue depth',
    time(() => simulator.run(makeMachine({ ring: 2 + (step++ % 30) }), 256).statistics.cycles, 40),
    50,
  );
  line(
    'slider step on Alex-7, SRAM width',
    time(
      () => simulator.run(makeMachine({ sramWidth: 16 << (step++ % 6) }), 256).statistics.cycles,
      40,
    ),
    50,
  );
  const counts = [16, 32, 48, 64, 96, 128, 256, 512, 1024];
  line(
    'slider step on Alex-7, PEs (mean of 16 .. 1024)',
    time(
      () =>
        counts.reduce(
          (n, pes) => n + simulator.run(makeMachine({ pes }), 256).statistics.cycles,
          0,
        ),
      3,
    ),
    150 * counts.length,
  );
  for (const pes of [64, 256, 1024])
    line(
      `  of these, ${pes} PEs`,
      time(() => new LayerSimulator(alex7).run(makeMachine({ pes }), 256).statistics.cycles, 5),
      150,
    );
  const axes = ['fifo=2,4,8,16,32,64,128,256,512', 'pe=1,2,4,8,16,32,64,128,256'].map(parseAxis);
  const machines = sweepMachines(machine, axes);
  line(
    'sweep of 9 x 9 points over Alex-7 on one core',
    time(() => {
      const simulator = new LayerSimulator(alex7);
      return machines.reduce((n, m) => n + sweepPoint(simulator, m).cycles, 0);
    }, 3),
    3000,
  );
}

const begin = performance.now();
for (const workload of workloads) {
  const from = performance.now();
  const layer = makeWorkload(workload, 1);
  const made = performance.now();
  const encoding = encode(layer.matrix, layer.bias, 64, 4, true);
  const encoded = performance.now();
  const simulator = new LayerSimulator(layer);
  simulator.useEncoding(machine, encoding);
  const { statistics: s } = simulator.run(machine);
  const done = performance.now();
  console.log(
    `  ${workload.name.padEnd(8)} ${s.theoreticalTimeUs.toFixed(2).padStart(6)} / ${s.timeUs.toFixed(2).padStart(6)} us simulated, ${workload.published.theoreticalUs} / ${workload.published.actualUs} us published; made in ${(made - from).toFixed(0)}, encoded in ${(encoded - made).toFixed(0)}, run in ${(done - encoded).toFixed(0)} ms`,
  );
}
const all = performance.now() - begin;
line('all nine layers, generation and encoding included', { least: all, median: all }, 2000);
const host = measureHost(alex7, () => performance.now(), 200);
console.log(
  `this machine, one core, JavaScript, Alex-7: dense ${host.denseUs.toFixed(0)} us, sparse ${host.sparseUs.toFixed(0)} us`,
);
if (sink === 0) console.log('nothing ran');
