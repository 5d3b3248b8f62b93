/** Restoring a model with external data: what it makes, what is never touched, and all of it or nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { before } from 'node:test';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { FilesToRestore } from '../../../src/engine/protocol-model.ts';
import { float32Bytes } from '../../fixtures/wire-writer.ts';
import { externalTensor, graph, model } from '../../fixtures/onnx-writer.ts';
import { saying } from '../model/support.ts';
import { buildEngine, gaussianTensor, temporaryFolder } from './support.ts';

const root = temporaryFolder();
const jobs = allJobs({ workerFile: undefined });
const never = new AbortController().signal;
const fixtures = 'test/fixtures/hostile';
let cli = '';
let made = 0;

/** Every file below a folder with its content, and every link with where it leads. */
function contentOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[path.slice(folder.length + 1)] = readFileSync(path, 'latin1');
    else found[path.slice(folder.length + 1)] = entry.isDirectory() ? 'a folder' : 'a link';
  }
  return found;
}

function folder(): string {
  const path = join(root, `f${made++}`);
  mkdirSync(path);
  return path;
}

/** A folder with m.onnx, its data in w/a.bin and b.bin, and m.dcz made from it. */
async function compressed(weights = 4096): Promise<{ home: string; dcz: string }> {
  const home = folder();
  const values = (seed: number): Uint8Array =>
    new Uint8Array(gaussianTensor('x', [weights], seed).rawData!);
  const at = (name: string, location: string): ReturnType<typeof externalTensor> =>
    externalTensor(name, [weights], { location, offset: '0', length: String(4 * weights) });
  mkdirSync(join(home, 'w'));
  writeFileSync(join(home, 'w', 'a.bin'), values(1));
  writeFileSync(join(home, 'b.bin'), values(2));
  writeFileSync(
    join(home, 'm.onnx'),
    model(graph([], { initializers: [at('a', 'w/a.bin'), at('b', './b.bin')] })),
  );
  const dcz = join(home, 'm.dcz');
  const input = { file: { path: join(home, 'm.onnx') }, out: dcz, overwrite: false };
  await jobs.compress({ ...input, recipe: 'eie', seed: 1, threads: 1 }, never, () => {});
  return { home, dcz };
}

const restore = (
  dcz: string,
  out: string,
  overwrite: boolean,
  signal = never,
): Promise<{ readonly externalFiles: readonly string[] }> =>
  jobs.decompress({ file: { path: dcz }, out, overwrite, threads: 1 }, signal, () => {});

before(async () => {
  ({ cli } = await buildEngine(root));
});

test('a model is restored with its data into a folder that has neither', async () => {
  const { home, dcz } = await compressed();
  const to = folder();
  const { externalFiles } = await restore(dcz, join(to, 'back.onnx'), false);
  assert.deepEqual(externalFiles, [join(to, 'w', 'a.bin'), join(to, 'b.bin')]);
  assert.deepEqual(Object.keys(contentOf(to)).sort(), ['b.bin', 'back.onnx', 'w', 'w/a.bin']);
  assert.deepEqual(readFileSync(join(to, 'back.onnx')), readFileSync(join(home, 'm.onnx')));
  assert.equal(statSync(join(to, 'b.bin')).nlink, 1);
});

test('the command line says what it will write before it writes, and whether it can or not', async () => {
  const { home, dcz } = await compressed();
  const to = folder();
  for (const out of [join(to, 'm.onnx'), join(home, 'new.onnx')]) {
    const run = spawnSync(process.execPath, [cli, 'decompress', dcz, '--out', out, '--json'], {
      encoding: 'utf8',
    });
    const lines = run.stderr.split('\n');
    const bytes = readFileSync(join(home, 'm.onnx')).length;
    assert.deepEqual(lines.slice(0, 3), [
      `to be written: ${out}, ${bytes} bytes`,
      `to be written: ${join(out, '../w/a.bin')}, 16,384 bytes`,
      `to be written: ${join(out, '../b.bin')}, 16,384 bytes`,
    ]);
    if (out.startsWith(home)) assert.match(lines[3] ?? '', /^error: .*never replaced/);
    else
      assert.deepEqual((JSON.parse(run.stdout) as FilesToRestore).files, [
        { path: out, bytes, taken: false },
        { path: join(to, 'w/a.bin'), bytes: 16384, taken: false },
        { path: join(to, 'b.bin'), bytes: 16384, taken: false },
      ]);
  }
});

test('the inputs of what is shown are all its files: external data, labels and pictures', async () => {
  const { home } = await compressed(64);
  const data = folder();
  mkdirSync(join(data, 'cat'));
  for (const name of ['cat/1.png', 'cat/2.JPG', 'cat/notes.txt'])
    writeFileSync(join(data, name), '');
  const samples = join(home, 'x.npy');
  writeFileSync(samples, '');
  writeFileSync(join(home, 'y.npy'), '');
  const { paths } = await jobs.inputFiles(
    {
      models: [{ path: join(home, 'm.onnx') }, { path: join(home, 'gone.onnx') }],
      data: [{ file: { path: data } }, { file: { path: samples } }],
    },
    never,
    () => {},
  );
  assert.deepEqual(
    [...paths].sort(),
    [
      ...['m.onnx', 'w/a.bin', 'b.bin', 'gone.onnx', 'x.npy', 'y.npy'].map((n) => join(home, n)),
      ...['cat/1.png', 'cat/2.JPG'].map((n) => join(data, n)),
    ].sort(),
  );
});

test('data that is there is never replaced, asked or not, and the refusal says whose it is', async () => {
  const { home, dcz } = await compressed();
  const held = contentOf(home);
  for (const [out, overwrite] of [
    ['m.onnx', true],
    ['other.onnx', true],
    ['other.onnx', false],
  ] as const)
    await assert.rejects(
      restore(dcz, join(home, out), overwrite),
      saying(
        'invalid-input',
        /a\.bin already exists \(it is the data of m\.onnx\).*never replaced/,
      ),
    );
  assert.deepEqual(contentOf(home), held);
  const other = folder();
  writeFileSync(join(other, 'b.bin'), 'something else');
  await assert.rejects(
    restore(dcz, join(other, 'm.onnx'), true),
    saying('invalid-input', /b\.bin already exists and is never replaced: restore into/),
  );
  assert.deepEqual(contentOf(other), { 'b.bin': 'something else' });
});

test('hidden files are not written, whatever the .dcz says', async () => {
  const to = folder();
  for (const overwrite of [false, true])
    await assert.rejects(
      restore(join(fixtures, 'dotfiles.dcz'), join(to, 'm.onnx'), overwrite),
      saying('invalid-container', /\.git\/config.*begins with a dot/),
    );
  assert.deepEqual(contentOf(to), {});
});

test('nothing is written or made through a link', async () => {
  const { dcz } = await compressed();
  const outside = folder();
  for (const name of ['w', 'b.bin']) {
    const to = folder();
    symlinkSync(name === 'w' ? outside : join(outside, 'not-there'), join(to, name));
    await assert.rejects(
      restore(dcz, join(to, 'm.onnx'), true),
      saying('io', /it is a symbolic link/),
    );
    assert.deepEqual(contentOf(to), { [name]: 'a link' });
  }
  const to = folder();
  const location = 'sub';
  symlinkSync(outside, join(to, location));
  await assert.rejects(restore(join(fixtures, 'sub.dcz'), join(to, 'm.onnx'), true));
  assert.deepEqual(contentOf(outside), {});
});

test('a model whose data could not be restored is not compressed', async () => {
  const home = folder();
  const location = '.cache/w.bin';
  mkdirSync(join(home, '.cache'));
  writeFileSync(join(home, location), float32Bytes([1, 2, 3, 4]));
  const path = join(home, 'm.onnx');
  const a = externalTensor('a', [4], { location, offset: '0', length: '16' });
  writeFileSync(path, model(graph([], { initializers: [a] })));
  const input = { file: { path }, out: join(home, 'm.dcz'), overwrite: false, threads: 1 };
  await assert.rejects(
    jobs.compress({ ...input, recipe: 'eie', seed: 1 }, never, () => {}),
    saying('invalid-model', /begins with a dot/),
  );
});

test('a failure half way leaves nothing', async () => {
  const { dcz } = await compressed();
  const to = folder();
  const bytes = readFileSync(dcz);
  bytes[40] ^= 1; // in a block or a piece: found when it is decoded
  const damaged = join(root, 'damaged.dcz');
  writeFileSync(damaged, bytes);
  await assert.rejects(restore(damaged, join(to, 'm.onnx'), false));
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(restore(dcz, join(to, 'm.onnx'), false, stop.signal));
  assert.deepEqual(contentOf(to), {});
});
