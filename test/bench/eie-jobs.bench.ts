/**
 * The simulator's jobs as the panel and the command line meet them, against what issue 3 asks: in
 * the bundled worker, messages included. Exit code 1 when a limit is missed.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineClient } from '../../src/engine/client.ts';
import { threadHost } from '../../src/engine/node/job-host.ts';
import type { MachineOptions, SimulateInput } from '../../src/engine/protocol-eie.ts';

const built = dirname(fileURLToPath(import.meta.url));
const client = new EngineClient(threadHost(join(built, 'worker.js')));
const alex7: SimulateInput = { source: { kind: 'workload', name: 'alex-7' }, seed: 1 };
let missed = false;

function report(what: string, ms: number, limit: number): void {
  const bad = ms > limit;
  missed ||= bad;
  console.log(
    `${what.padEnd(58)} ${ms.toFixed(1).padStart(8)} ms (limit ${limit})${bad ? '  MISSED' : ''}`,
  );
}

async function time(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Median over machines that all differ from the one before. */
async function steps(machines: readonly MachineOptions[]): Promise<number> {
  const times: number[] = [];
  for (const machine of machines)
    times.push(await time(() => client.run('simulate', { ...alex7, machine, timelineBins: 256 })));
  return times.sort((a, b) => a - b)[times.length >> 1];
}

await client.run('simulate', { ...alex7, timelineBins: 256 });
const rings = [2, 3, 4, 6, 8, 12, 16, 24, 32, 8, 4, 2];
await steps(rings.map((fifo) => ({ fifo }))); // compiled
report('slider step on Alex-7: queue depth', await steps(rings.map((fifo) => ({ fifo }))), 50);
const widths = [16, 32, 64, 128, 256, 512, 64, 32];
report(
  'slider step on Alex-7: SRAM width',
  await steps(widths.map((sramWidth) => ({ sramWidth }))),
  50,
);
const pes = [32, 64, 128, 256, 16, 8, 48, 96];
await steps(pes.map((pe) => ({ pe })));
report('slider step on Alex-7: PEs', await steps(pes.map((pe) => ({ pe }))), 150);

const axes = [
  { name: 'fifo' as const, values: [2, 4, 8, 16, 32, 64, 128, 256, 512] },
  { name: 'pe' as const, values: [1, 2, 4, 8, 16, 32, 64, 128, 256] },
];
report(
  'sweep of 9 x 9 points over Alex-7, two threads',
  await time(() => client.run('sweep', { ...alex7, threads: 2, axes })),
  3000,
);

const stop = new AbortController();
const long = client.run(
  'sweep',
  { ...alex7, threads: 2, axes: [...axes, { name: 'sram-width', values: [16, 32, 64, 128, 256] }] },
  { signal: stop.signal },
);
await new Promise((resolve) => setTimeout(resolve, 300));
report(
  'cancelling a sweep',
  await time(() => {
    stop.abort();
    return long.catch(() => {});
  }),
  200,
);
await client.dispose();

const cold = await time(async () => {
  const args = [join(built, 'cli.js'), 'simulate', 'workload:all', '--no-host', '--json'];
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) missed = true;
});
report('deepc simulate workload:all --json, process start included', cold, 2000);
process.exitCode = missed ? 1 : 0;
