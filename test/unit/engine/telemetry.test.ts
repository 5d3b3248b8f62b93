/** Nothing is gathered or sent: the native ONNX Runtime makes no file of its telemetry. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { lenet300 } from '../../fixtures/lenet.ts';
import { stripes } from '../../fixtures/stripes.ts';
import { buildEngine, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const library = createRequire(import.meta.url).resolve('onnxruntime-node');

/** What a command says, and every file that it makes where the library keeps its own. */
function ran(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { readonly stdout: string; readonly files: string[] } {
  const home = join(folder, name);
  for (const sub of ['home', 'tmp', 'cwd']) mkdirSync(join(home, sub), { recursive: true });
  const places = { HOME: join(home, 'home'), TMPDIR: join(home, 'tmp'), XDG_CACHE_HOME: '' };
  const run = spawnSync(process.execPath, args, {
    cwd: join(home, 'cwd'),
    env: { PATH: process.env['PATH'], ...places, ...env },
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  const files = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
  return { stdout: run.stdout, files };
}

test('training and evaluating with the native runtime leave no telemetry behind', async (t) => {
  const model = join(folder, 'm.onnx');
  const data = join(folder, 'd.csv');
  writeFileSync(model, lenet300(1, [16, 8]));
  writeFileSync(data, stripes(200, 4));
  const script = join(folder, 'load.cjs');
  writeFileSync(
    script,
    `require(${JSON.stringify(library)}).InferenceSession.create(${JSON.stringify(model)})
       .then(() => new Promise((later) => setTimeout(later, 1000)))`,
  );
  if (!ran('bare', [script], {}).files.some((file) => /deviceid|onnxruntime\.db/.test(file)))
    return t.skip('this build of onnxruntime-node has no telemetry to switch off');
  const { cli } = await buildEngine(folder);
  // beside the bundle, where the program looks for it
  const nodeModules = { NODE_PATH: join(process.cwd(), 'node_modules') };
  const args = [cli, 'evaluate', model, '--data', data, '--threads', '2', '--json'];
  const { stdout, files } = ran('ours', args, nodeModules);
  assert.equal((JSON.parse(stdout) as { runtime: string }).runtime, 'onnxruntime-node');
  assert.deepEqual(files, []);
});
