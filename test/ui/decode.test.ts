/**
 * `deep-compression/decode` in a real browser, from a server that also answers badly: workers, sessions of
 * ONNX Runtime Web, the cache for transformers.js on the browser's own, and the service worker.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { buildDecode } from '../../scripts/lib/decode.mjs';
import { limit } from '../../scripts/lib/pace.mjs';
import { sharedBrowser } from './support/suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'deepc-decode-'));
const dcz = readFileSync('media/samples/lenet-300-100.dcz');
const plain = readFileSync('media/samples/lenet-300-100.onnx');
const newer = Uint8Array.from(dcz);
newer[3] = 9;
/** How often each address was asked for. */
const asked = new Map<string, number>();
let page: Page;
const server = createServer(answer);

const start = `<!doctype html><title>decode</title><script type="importmap">
{"imports": {"onnxruntime-web": "/ort/ort.wasm.bundle.min.mjs"}}</script>`;
const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

const models: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  '/lenet.dcz': (r) => r.end(dcz),
  '/plain.onnx': (r) => r.end(plain),
  '/cut.dcz': (r) => r.end(dcz.subarray(0, 5000)),
  '/broken.dcz': (r) => {
    r.writeHead(200, { 'content-length': dcz.length });
    r.write(dcz.subarray(0, 5000), () => r.destroy());
  },
  '/page.dcz': (r) => r.writeHead(200, { 'content-type': 'text/html' }).end(start),
  '/newer.dcz': (r) => r.end(newer),
  '/stalled.dcz': (r) => r.write(dcz.subarray(0, 5000)),
};

function answer({ url = '' }: IncomingMessage, response: ServerResponse): unknown {
  asked.set(url, (asked.get(url) ?? 0) + 1);
  if (url === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end(start);
  const model = models[url];
  if (model) return model(response);
  const [, where, ...rest] = url.split('/');
  const root = { decode: folder, ort: 'node_modules/onnxruntime-web/dist' }[where];
  if (root === undefined) return response.writeHead(404).end('not here');
  const headers = { 'content-type': types[extname(url)] ?? '', 'service-worker-allowed': '/' };
  return response.writeHead(200, headers).end(readFileSync(join(root, ...rest)));
}

before(async () => {
  await buildDecode(folder);
  server.listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const context = await (await sharedBrowser()).newContext();
  page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.addScriptTag({
    type: 'module',
    content: `
      import * as ort from 'onnxruntime-web';
      import { decode, decodeInWorker } from '/decode/index.js';
      import * as plain from '/decode/plain/index.js';
      import { createSession } from '/decode/onnxruntime-web.js';
      import { dczCache } from '/decode/transformers.js';
      ort.env.wasm.numThreads = 1;
      const failure = (promise) => promise.then(() => 'none', ({ code, message }) => [code, message]);
      const bytesOf = async (response) => new Uint8Array(await (await response).arrayBuffer());
      const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
      globalThis.tools = { ort, decode, decodeInWorker, plain, createSession, dczCache, failure, bytesOf, same };`,
  });
  await page.waitForFunction('globalThis.tools');
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the body of an async function in the page, with the tools; a page that never answers fails. */
async function inPage<T>(body: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the page does not answer')), limit(60_000));
  });
  const answered = page.evaluate<T>(`(async () => {
    const { ort, decode, decodeInWorker, plain, createSession, dczCache, failure, bytesOf, same } = tools;
    ${body}
  })()`);
  return Promise.race([answered, silence]).finally(() => clearTimeout(timer));
}

test('a browser decodes in the page and in a worker, with and without the kernel, alike', async () => {
  const said = await inPage<unknown[]>(`
    const model = await decode(await fetch('/lenet.dcz'));
    const progress = [];
    const others = [
      await decodeInWorker(await fetch('/lenet.dcz'), { onProgress: ({ loaded, total }) => progress.push(loaded / total) }),
      await plain.decode(await (await fetch('/lenet.dcz')).blob()),
      await plain.decodeInWorker((await fetch('/lenet.dcz')).body),
    ];
    const { model: graph, externalData } = await decodeInWorker(await fetch('/lenet.dcz'), { external: 'blob' });
    const weights = externalData.reduce((sum, { data }) => sum + (data instanceof Blob ? data.size : NaN), 0);
    return [model.length, others.map((other) => same(model, other)), progress.at(-1) > 0.5, graph.length < 5000, weights > 1_000_000];`);
  assert.deepEqual(said, [plain.length, [true, true, true], true, true, true]);
});

test('a session of ONNX Runtime Web from a .dcz answers as one from the decoded model', async () => {
  const said = await inPage<unknown[]>(`
    const answer = async (session) => {
      const dims = session.inputMetadata[0].shape.map((n) => (typeof n === 'number' ? n : 1));
      const input = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => (i % 7) / 7);
      const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', input, dims) });
      return [...outputs[session.outputNames[0]].data];
    };
    const whole = await answer(await ort.InferenceSession.create(await decode(await fetch('/lenet.dcz'))));
    const apart = await answer(await createSession('/lenet.dcz'));
    return [whole.length, JSON.stringify(whole) === JSON.stringify(apart)];`);
  assert.deepEqual(said, [10, true]);
});

test('what a server answers instead of a model is one line', async () => {
  const said = await inPage<string[][]>(`
    const tried = ['/cut.dcz', '/broken.dcz', '/page.dcz', '/newer.dcz', '/absent.dcz'].map(async (path) =>
      failure(decodeInWorker(await fetch(path))));
    const server = failure(createSession('http://127.0.0.1:9/none.dcz'));
    return Promise.all([...tried, server]);`);
  const expected = [
    ['invalid-container', /^cut\.dcz: damaged \.dcz file: it is cut off/],
    ['io', /^broken\.dcz: the transfer broke off \(.*\): try again$/],
    ['io', /^page\.dcz: the server answered with a web page in its place: look at the address$/],
    ['invalid-container', /^newer\.dcz: a \.dcz file of version 9/],
    ['io', /^absent\.dcz: the server answered 404/],
    ['io', /no server answers: look at the address$/],
  ] as const;
  said.forEach(([code, line], i) => {
    assert.equal(code, expected[i][0]);
    assert.match(line, expected[i][1]);
  });
});

test('a transfer that stalls is cancelled at once', async () => {
  const said = await inPage<unknown>(`
    const stop = new AbortController();
    const decoding = failure(decodeInWorker(await fetch('/stalled.dcz'), { signal: stop.signal }));
    stop.abort();
    return decoding;`);
  assert.deepEqual(said, ['cancelled', 'cancelled']);
});

test("the browser's cache keeps a .dcz that was decoded whole, once, and nothing of a broken one", async () => {
  const said = await inPage<unknown[]>(`
    const kept = await caches.open('models');
    const cache = dczCache(kept);
    const at = (path) => new URL(path, location.href).href;
    const lengths = [];
    for (let i = 0; i < 2; i++) lengths.push((await bytesOf(cache.match(at('/lenet.onnx')))).length);
    const failures = [];
    for (const name of ['cut', 'broken', 'page', 'newer']) {
      const response = await cache.match(at('/' + name + '.onnx'));
      failures.push((await failure(response.arrayBuffer()))[0], (await failure(response.body.getReader().read()))[0]);
    }
    const keys = (await kept.keys()).map(({ url }) => new URL(url).pathname);
    return [lengths, failures, keys, await cache.match(at('/absent.onnx')) === undefined];`);
  const failures = ['invalid-container', 'io', 'io', 'invalid-container'].flatMap((c) => [c, c]);
  assert.deepEqual(said, [[plain.length, plain.length], failures, ['/lenet.dcz'], true]);
});

test('a service worker answers for an .onnx from its .dcz, and lets what has none pass', async () => {
  const before = asked.get('/lenet.dcz');
  const said = await inPage<unknown[]>(`
    const registered = await navigator.serviceWorker.register('/decode/service-worker.js', { scope: '/' });
    const worker = registered.installing ?? registered.waiting ?? registered.active;
    const frame = document.createElement('iframe');
    if (worker.state !== 'activated')
      await new Promise((done) => worker.addEventListener('statechange', () => worker.state === 'activated' && done()));
    frame.src = '/';
    await new Promise((done) => { frame.onload = done; document.body.append(frame); });
    const inside = (path) => frame.contentWindow.fetch(path);
    const model = await bytesOf(inside('/lenet.onnx'));
    const expected = await decode(await fetch('/lenet.dcz'));
    const untouched = await bytesOf(inside('/plain.onnx'));
    const absent = (await inside('/absent.onnx')).status;
    const cut = await inside('/cut.onnx');
    const line = await cut.text();
    await registered.unregister();
    frame.remove();
    return [same(model, expected), untouched.length, absent, cut.status, line];`);
  assert.deepEqual(said.slice(0, 4), [true, plain.length, 404, 502]);
  assert.match(String(said[4]), /^cut\.dcz: damaged \.dcz file: it is cut off/);
  assert.equal(asked.get('/lenet.onnx'), undefined, 'the .onnx was never asked of the server');
  assert.ok(asked.get('/lenet.dcz')! > before!);
});
