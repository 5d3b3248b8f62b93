/**
 * `deep-compression/decode` as other programs get it: packed by npm, installed into an empty project, and
 * used from plain ES modules, from TypeScript and through a bundler.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { gzipSync } from 'fflate';
import { limit } from '../../scripts/lib/pace.mjs';
import { decode } from '../../src/decode/decode.ts';
import { allJobs } from '../../src/engine/jobs/all.ts';
import type { Program } from '../../src/engine/protocol-use.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const folder = temporaryFolder();
const project = join(folder, 'project');
const sample = resolve('media/samples/lenet-5.dcz');
const restored = readFileSync('media/samples/lenet-5.onnx').length;
let server: Server;
let site = '';

before(async () => {
  const stage = join(folder, 'stage');
  mkdirSync(join(stage, 'dist'), { recursive: true });
  for (const name of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'])
    copyFileSync(name, join(stage, name));
  execFileSync(process.execPath, ['scripts/decode.mjs', `--out=${join(stage, 'dist', 'decode')}`]);
  const npm = (args: string[], cwd: string): string =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  const [packed] = npm(['pack', '--ignore-scripts', '--silent'], stage).trim().split('\n');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}');
  const quiet = ['--offline', '--no-audit', '--no-fund', '--silent'];
  npm(['install', ...quiet, join(stage, packed)], project);
  // what an adapter's user has installed beside it
  for (const name of ['onnxruntime-node', 'onnxruntime-web', 'onnxruntime-common'])
    symlinkSync(resolve('node_modules', name), join(project, 'node_modules', name), 'junction');
  server = createServer((request, response) => {
    const name = /^\/(lenet-[\d-]+\.dcz)$/.exec(request.url ?? '')?.[1];
    if (name === undefined) return response.writeHead(404).end('not here');
    return response.end(readFileSync(join('media/samples', name)));
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

/** Runs a module of the project and returns what it prints as JSON. */
async function run(name: string, code: string): Promise<unknown> {
  writeFileSync(join(project, name), code);
  const { stdout, stderr, status } = await inProject([name]);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** Runs Node in the project while this process, which serves the files, goes on. */
function inProject(
  args: readonly string[],
): Promise<{ stdout: string; stderr: string; status: unknown }> {
  return new Promise((done) => {
    const options = { cwd: project, timeout: limit(60_000) };
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      done({ stdout, stderr, status: error ? (error.code ?? 1) : 0 }),
    );
  });
}

const head = `
import { readFileSync } from 'node:fs';
import { decode, decodeInWorker } from 'deep-compression/decode';
const dcz = readFileSync(${JSON.stringify(sample)});
`;

test('a plain ES module decodes, in a worker too, with and without the kernel', async () => {
  const said = await run(
    'use.mjs',
    `${head}
    import * as plain from 'deep-compression/decode/plain';
    const model = await decode(dcz);
    const same = (other) => Buffer.compare(model, other) === 0;
    console.log(JSON.stringify([model.length, same(await decodeInWorker(dcz)),
      same(await plain.decode(dcz)), same(await plain.decodeInWorker(new Blob([dcz])))]));`,
  );
  assert.deepEqual(said, [restored, true, true, true]);
});

test('the worker tells errors and progress, and ends when it is cancelled', async () => {
  const said = (await run(
    'worker.mjs',
    `${head}
    const failure = (promise) => promise.then(() => 'none', ({ name, code, message }) => [name, code, message]);
    const seen = [];
    await decodeInWorker(dcz, { onProgress: ({ loaded, total }) => seen.push(loaded / total) });
    const stalled = new ReadableStream({ pull(c) { c.enqueue(dcz.subarray(0, 99)); return new Promise(() => {}); } });
    const controller = new AbortController();
    let asked = 0;
    setTimeout(() => { asked = performance.now(); controller.abort(); }, 300);
    const cancelled = await failure(decodeInWorker(stalled, { signal: controller.signal }));
    const waited = performance.now() - asked;
    console.log(JSON.stringify([seen.at(-1), cancelled, waited < ${limit(1000)}, await failure(decodeInWorker(dcz.subarray(0, 900)))]));`,
  )) as [number, string[], boolean, string[]];
  assert.ok(said[0] > 0.5 && said[0] <= 1);
  assert.deepEqual(said[1], ['DeepCompressionError', 'cancelled', 'cancelled']);
  assert.equal(said[2], true, 'it ended soon');
  assert.equal(said[3][1], 'invalid-container');
  assert.match(said[3][2], /^model\.dcz: damaged \.dcz file: it is cut off/);
});

test('TypeScript finds the types, and refuses what is no option', async () => {
  const source = (options: string): string => `
    import { decode, decodeInWorker, DeepCompressionError } from 'deep-compression/decode';
    import { dczCache } from 'deep-compression/decode/transformers';
    const bytes: Uint8Array = await decode(new Uint8Array(3), ${options});
    const { model, externalData } = await decodeInWorker(new Response(), { external: 'blob' });
    const first: Blob | undefined = externalData[0]?.data;
    export { bytes, model, first, dczCache, DeepCompressionError };`;
  writeFileSync(join(project, 'use.ts'), source('{ onProgress: (p) => void p.loaded }'));
  writeFileSync(join(project, 'wrong.ts'), source('{ onprogress: 3 }'));
  const check = async (files: string[], resolution: string[]): Promise<string> => {
    const flags = [
      ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,dom,dom.iterable'],
      '--skipDefaultLibCheck', // what we ship is checked
    ];
    const tsc = resolve('node_modules/typescript/bin/tsc');
    return (await inProject([tsc, ...flags, ...resolution, ...files])).stdout;
  };
  const wrong = await check(['use.ts', 'wrong.ts'], ['--module', 'nodenext']);
  assert.equal(wrong.match(/: error TS/g)?.length, 1, wrong);
  assert.match(wrong, /^wrong\.ts\(.*'onprogress' does not exist/s);
  const bundled = ['--module', 'esnext', '--moduleResolution', 'bundler'];
  assert.equal(await check(['use.ts'], bundled), '');
});

test('a bundler takes it for the web without a module of Node, and what it makes runs', async () => {
  writeFileSync(
    join(project, 'page.mjs'),
    "import { decode } from 'deep-compression/decode'; export { decode };",
  );
  const { metafile } = await build({
    entryPoints: [join(project, 'page.mjs')],
    outfile: join(project, 'bundled.mjs'),
    ...{ bundle: true, format: 'esm', platform: 'browser', metafile: true, logLevel: 'error' },
    ...{ minify: true, target: 'es2022' },
  });
  const [output] = Object.values(metafile.outputs);
  assert.deepEqual(output.imports, []);
  const code = `import { readFileSync } from 'node:fs'; import { decode } from './bundled.mjs';
    console.log((await decode(readFileSync(${JSON.stringify(sample)}))).length);`;
  assert.equal(await run('bundled-use.mjs', code), restored);
});

test('createSession for Node reads a path and an address, and answers as the model does', async () => {
  const said = (await run(
    'session.mjs',
    `${head}
    import { InferenceSession, Tensor } from 'onnxruntime-node';
    import { createSession } from 'deep-compression/decode/onnxruntime-node';
    const answer = async (session) => {
      const dims = session.inputMetadata[0].shape.map((n) => (typeof n === 'number' ? n : 1));
      const input = new Tensor('float32', Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => (i % 7) / 7), dims);
      const outputs = await session.run({ [session.inputNames[0]]: input });
      return [...outputs[session.outputNames[0]].data];
    };
    const whole = await answer(await InferenceSession.create(await decode(dcz)));
    const path = await answer(await createSession(${JSON.stringify(sample)}));
    const web = await answer(await createSession('${site}/lenet-5.dcz'));
    const failure = (promise) => promise.then(() => 'none', ({ code, message }) => [code, message]);
    console.log(JSON.stringify([whole.length, JSON.stringify(whole) === JSON.stringify(path), JSON.stringify(whole) === JSON.stringify(web),
      await failure(createSession('missing.dcz')), await failure(createSession('${site}/none.dcz'))]));`,
  )) as unknown[];
  assert.deepEqual(said.slice(0, 3), [10, true, true]);
  assert.match(JSON.stringify(said[3]), /missing\.dcz: .*ENOENT/);
  assert.deepEqual(said[4], ['io', 'none.dcz: the server answered 404 Not Found']);
});

test('the cache for transformers.js decodes, keeps only what was decoded whole, and lets the rest pass', async () => {
  const said = await run(
    'cache.mjs',
    `${head}
    import { dczCache } from 'deep-compression/decode/transformers';
    const store = new Map();
    const kept = { match: async (k) => store.get(k)?.clone(), put: async (k, r) => void store.set(k, new Response(await r.arrayBuffer())) };
    const cache = dczCache(kept);
    const first = await (await cache.match('${site}/lenet-5.onnx')).arrayBuffer();
    const keys = [...store.keys()];
    const again = await (await cache.match('${site}/lenet-5.onnx')).arrayBuffer();
    const none = await cache.match('${site}/other.onnx');
    const config = await cache.match('${site}/config.json');
    console.log(JSON.stringify([first.byteLength, again.byteLength, keys, none === undefined, config === undefined]));`,
  );
  assert.deepEqual(said, [restored, restored, [`${site}/lenet-5.dcz`], true, true]);
});

/** Stands in for the package, whose own dependencies are too many: asks the cache as it does, and runs. */
const transformersInPlace = `
import { InferenceSession, Tensor } from 'onnxruntime-node';
export { Tensor };
export const env = {};
export const AutoModel = {
  async from_pretrained(name, { model_file_name }) {
    const response = await env.customCache.match('SITE/' + model_file_name + '.onnx');
    const session = await InferenceSession.create(new Uint8Array(await response.arrayBuffer()));
    return (feeds) => session.run(feeds);
  },
};`;
/** Stands in for onnxruntime in Python: sees that it is given the model and what the model wants. */
const onnxruntimeInPlace = `
import hashlib
class InferenceSession:
    def __init__(self, model):
        assert hashlib.sha256(model).hexdigest() == "SHA256"
    def run(self, names, feeds):
        (feed,) = feeds.values()
        assert feed.shape == (1, 1, 28, 28) and feed.dtype == "float32"
        return [[0.0] * 10]
`;

test('the snippets of deepc use run as they are: in Node, in the place of transformers.js, in Python', async (t) => {
  const jobs = allJobs({ workerFile: undefined });
  const path = resolve('media/samples/lenet-300-100.dcz');
  const { snippets } = await jobs.use(
    { file: { path }, seed: 1 },
    new AbortController().signal,
    () => {},
  );
  const codeFor = (program: Program): string =>
    snippets.find((s) => s.program === program)?.code ?? '';
  copyFileSync(path, join(project, 'lenet-300-100.dcz'));

  writeFileSync(join(project, 'node.mjs'), codeFor('onnxruntime-node'));
  const node = await inProject(['node.mjs']);
  assert.match(node.stdout, /Float32Array\(10\)/, node.stderr);

  const stand = join(project, 'node_modules/@huggingface/transformers');
  mkdirSync(stand, { recursive: true });
  writeFileSync(join(stand, 'package.json'), '{"type":"module","main":"index.js"}');
  writeFileSync(join(stand, 'index.js'), transformersInPlace.replace('SITE', site));
  writeFileSync(join(project, 'transformers.mjs'), codeFor('transformers.js'));
  const transformers = await inProject(['transformers.mjs']);
  assert.equal(transformers.stdout, node.stdout, transformers.stderr);

  const has = (module: string): boolean =>
    spawnSync('python3', ['-c', `import ${module}`]).status === 0;
  if (!has('numpy')) return t.diagnostic('Python is left out: no python3 with numpy');
  if (!has('onnxruntime')) {
    t.diagnostic('onnxruntime for Python is not there: something else stands in for it');
    const model = await decode(readFileSync(path));
    const sha256 = createHash('sha256').update(model).digest('hex');
    writeFileSync(join(project, 'onnxruntime.py'), onnxruntimeInPlace.replace('SHA256', sha256));
  }
  copyFileSync('docs/dcz.py', join(project, 'dcz.py'));
  writeFileSync(join(project, 'use.py'), codeFor('Python'));
  const python = spawnSync('python3', ['use.py'], { cwd: project, encoding: 'utf8' });
  assert.equal(python.status, 0, python.stderr);
  assert.match(python.stdout, /0/);
});

/** Gzipped bytes of what a page loads to decode, without what it loads only when it is asked for. */
function loaded(folderName: string): number {
  const root = join(project, 'node_modules/deep-compression/dist/decode', folderName);
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const code = readFileSync(join(root, name), 'utf8');
    for (const [, other] of code.matchAll(/(?:from|import)\s*"\.\/([\w-]+\.js)"/g)) visit(other);
  };
  visit('index.js');
  return [...seen].reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(root, name)), { level: 9 }).length,
    0,
  );
}

test('the decoder stays small', (t) => {
  const sizes = { plain: loaded('plain'), kernel: loaded('.') };
  t.diagnostic(`gzipped: ${sizes.plain} bytes without the kernel, ${sizes.kernel} with it`);
  assert.ok(sizes.plain < 25_000 && sizes.kernel < 33_000, JSON.stringify(sizes));
});

test('the package ships no source map and no path of the building machine', () => {
  const root = join(project, 'node_modules/deep-compression/dist');
  const names = readdirSync(root, { recursive: true }).map(String);
  assert.ok(names.length > 10);
  for (const name of names) {
    if (statSync(join(root, name)).isDirectory()) continue;
    assert.ok(!name.endsWith('.map'), name);
    assert.ok(!readFileSync(join(root, name), 'utf8').includes(process.cwd()), name);
  }
});
