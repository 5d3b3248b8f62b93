/** `deepc` over a queue as users have it: real workers, and the bytes of a single machine. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildEngine, smallModel, temporaryFolder } from '../engine/support.ts';
import { TestPostgres, postgresPrograms } from './postgres.ts';

if (postgresPrograms() === undefined)
  test('deepc over a queue', { skip: "Debian's postgresql is not installed" }, () => {});
else tests();

function tests(): void {
  const folder = temporaryFolder();
  let server: TestPostgres;
  let cli = '';
  let worker: ChildProcess | undefined;
  let said = '';

  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, DEEPC_QUEUE: server.url() });
  const deepc = (...args: string[]) =>
    spawnSync(process.execPath, [cli, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: environment(),
    });
  const started = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [cli, ...args], {
      ...{ cwd: folder, env: environment() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  const startWorker = async (): Promise<void> => {
    said = '';
    worker = started('worker', '--threads', '2', '--cache', join(folder, 'cache'));
    worker.stderr!.on('data', (text) => (said += String(text)));
    for (let i = 0; i < 3000 && !said.includes('working'); i++)
      await new Promise((next) => setTimeout(next, 20));
    assert.match(said, /^working: 2 pieces at a time, engine /);
  };

  before(async () => {
    server = (await TestPostgres.start())!;
    ({ cli } = await buildEngine(folder));
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules')); // for pg-boss
    mkdirSync(join(folder, 'models/deep'), { recursive: true });
    for (const [i, name] of ['a', 'b', 'deep/c'].entries())
      writeFileSync(join(folder, `models/${name}.onnx`), smallModel({ seed: i + 1 }));
    writeFileSync(join(folder, 'models/broken.onnx'), 'no model');
  });
  after(async () => {
    worker?.kill('SIGKILL');
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a batch over a queue writes what the same batch writes here, and says what failed where', async () => {
    const here = deepc('batch', 'models/**/*.onnx', '--out', 'here', '--threads', '2');
    assert.equal(here.status, 1, here.stderr);
    assert.match(here.stdout, /3 files, .* failed:\n {2}models\/broken\.onnx: /s);
    await startWorker();
    const there = deepc('batch', 'models/**/*.onnx', '--out', 'there', '--queue', server.url());
    assert.equal(there.status, 1, there.stderr);
    assert.match(there.stderr, /run \w{8}: 4 pieces; deepc attach/);
    const reason = (text: string): string => /broken\.onnx[^:]*: (.*)/.exec(text)![1];
    assert.equal(reason(there.stdout), reason(here.stdout));
    const files = readdirSync(join(folder, 'here'), { recursive: true, encoding: 'utf8' });
    const made = files.filter((name) => name.endsWith('.dcz')).sort();
    assert.deepEqual(made, ['a.dcz', 'b.dcz', 'deep/c.dcz']);
    for (const name of made)
      assert.deepEqual(
        readFileSync(join(folder, 'there', name)),
        readFileSync(join(folder, 'here', name)),
        name,
      );
    const runs = deepc('runs');
    assert.match(runs.stdout, /batch +done +4 of 4 +1 /);
    assert.match(runs.stdout, /piece 2 on \S+: .*broken\.onnx/);
    const id = /^(\w{8}) /m.exec(runs.stdout)![1];
    assert.match(deepc('cancel', id).stdout, /is cancelled/);
    assert.match(deepc('runs').stdout, /no runs/);
  });

  test('a sweep whose starter is killed is taken by deepc attach, and is the sweep of one machine', async () => {
    const sweep = ['sweep', 'models/a.onnx', '--axis', 'pe=1,2,4', '--axis', 'fifo=2,3,4,5,6,7,8'];
    const here = deepc(...sweep, '--json');
    assert.equal(here.status, 0, here.stderr);
    worker?.kill('SIGTERM');
    await new Promise((done) => worker!.once('exit', done));
    assert.match(said, /stopped: what was under way waits/);
    const starter = started(...sweep, '--queue', server.url());
    let lines = '';
    starter.stderr!.on('data', (text) => (lines += String(text)));
    for (let i = 0; i < 3000 && !lines.includes('waiting for a worker'); i++)
      await new Promise((next) => setTimeout(next, 20));
    starter.kill('SIGKILL');
    const id = /^run (\w{8}): 3 pieces/m.exec(lines)![1];
    await startWorker();
    const there = deepc('attach', id, '--json');
    assert.equal(there.status, 0, there.stderr);
    const result = (text: string): object => ({ ...(JSON.parse(text) as object), seconds: 0 });
    assert.deepEqual(result(there.stdout), result(here.stdout));
    assert.equal(deepc('attach', id).stderr, `error: no run ${id}: deepc runs lists them\n`);
  });
}
