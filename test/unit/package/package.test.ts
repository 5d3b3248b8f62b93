/** What a user gets: the exact contents of the .vsix, their sizes, and its manifest. */
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';

const expected = [
  'LICENSE.txt',
  'THIRD-PARTY-NOTICES.txt',
  'changelog.md',
  'dist/cli.js',
  'dist/extension.cjs',
  'dist/ort-wasm-simd-threaded.mjs',
  'dist/ort-wasm-simd-threaded.wasm',
  'dist/queue.js',
  'dist/webview/eie.css',
  'dist/webview/eie.js',
  'dist/webview/inspector.css',
  'dist/webview/inspector.js',
  'dist/webview/report.css',
  'dist/webview/report.js',
  'dist/webview/standalone.html',
  'dist/webview/training.css',
  'dist/webview/training.js',
  'dist/web/extension.cjs',
  'dist/web/worker.js',
  'dist/worker.js',
  'l10n/bundle.l10n.json',
  'media/activity.svg',
  'media/icon.png',
  'media/recipe.schema.json',
  'media/samples/lenet-300-100.dcz',
  'media/samples/lenet-300-100.onnx',
  'media/samples/lenet-300-100.training.json',
  'media/samples/lenet-5.dcz',
  'media/samples/lenet-5.training.json',
  'media/samples/mnist-test-digits.npz',
  'media/settings.schema.json',
  'media/training.schema.json',
  'media/walkthrough/compress.svg',
  'media/walkthrough/inspect.svg',
  'media/walkthrough/report.svg',
  'media/walkthrough/sample.svg',
  'media/walkthrough/simulate.svg',
  'package.json',
  'package.nls.json',
  'readme.md',
];
const kB = 1000;
/** Largest size of what VS Code loads at activation, and of each page, uncompressed. */
const budget = (name: string): number =>
  /^dist\/((web\/)?extension\.cjs|webview\/.*\.js)$/.test(name) ? 400 * kB : Infinity;

let folder = '';
let size = 0;
const files = new Map<string, Uint8Array>();
const text = (name: string): string => new TextDecoder().decode(files.get(name));

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'deepc-package-'));
  const vsix = join(folder, 'test.vsix');
  execFileSync(process.execPath, ['scripts/package.mjs', '--unchecked', `--out=${vsix}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
  });
  const zip = readFileSync(vsix);
  size = zip.length;
  for (const [name, bytes] of Object.entries(unzipSync(zip)))
    if (name.startsWith('extension/')) files.set(name.slice('extension/'.length), bytes);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the package holds exactly the files it should', () => {
  assert.deepEqual([...files.keys()].sort(), [...expected].sort());
});

test('the package and its bundles stay within their budgets', (t) => {
  assert.ok(size <= 8000 * kB, `the .vsix has ${size} bytes`);
  t.diagnostic(`${size} bytes`);
  const held = [...files].filter(([name]) => budget(name) < Infinity);
  assert.ok(held.length >= 2);
  for (const [name, { length }] of held)
    assert.ok(length <= budget(name), `${name} has ${length} bytes, more than ${budget(name)}`);
});

test('as an npm package it holds the command line and what that reads, and nothing else', () => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const [{ files: packed }] = JSON.parse(listed) as [{ files: { path: string }[] }];
  const paths = packed.map((f) => f.path);
  const always = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
  assert.deepEqual(paths.filter((p) => !p.startsWith('dist/')).sort(), always);
  const { files: named } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] };
  // `npm pack` builds first (prepack); in the .vsix the notices lie at the top
  const inside = [...files.keys(), 'dist/THIRD-PARTY-NOTICES.txt'].filter((name) =>
    named.includes(name),
  );
  assert.equal(
    inside.length,
    named.filter((n) => n.startsWith('dist/') && n !== 'dist/decode').length,
  );
});

test('no source map and no path of the building machine is shipped', () => {
  for (const [name, bytes] of files) {
    assert.ok(!name.endsWith('.map'), name);
    if (!/\.([cm]?js|css)$/.test(name)) continue;
    const code = new TextDecoder().decode(bytes);
    assert.ok(!code.includes('sourceMappingURL'), `${name} names a source map`);
    assert.ok(!code.includes(process.cwd()), `${name} holds a path of this machine`);
  }
});

test('the shipped manifest runs no scripts, pulls in nothing and points at shipped files', () => {
  const manifest = JSON.parse(text('package.json')) as Record<string, unknown>;
  assert.equal(manifest['scripts'], undefined);
  assert.equal(manifest['devDependencies'], undefined);
  assert.equal(manifest['dependencies'], undefined);
  const paths: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') {
      if (/^(\.\/)?(media|dist)\//.test(value)) paths.push(value.replace('./', ''));
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(manifest);
  assert.ok(paths.includes('dist/extension.cjs') && paths.length > 2);
  for (const path of paths) assert.ok(files.has(path), `${path} is named but not shipped`);
  if (typeof manifest['l10n'] === 'string')
    assert.ok(
      [...files.keys()].some((f) => f.startsWith('l10n/')),
      'l10n is named but not shipped',
    );
});

test('every string of the manifest has its text', () => {
  const nls = JSON.parse(text('package.nls.json')) as Record<string, string>;
  const used = [...text('package.json').matchAll(/"%([\w.]+)%"/g)].map((m) => m[1] ?? '');
  assert.ok(used.length > 0);
  for (const key of used) assert.ok(nls[key], `%${key}% has no text`);
  for (const key of Object.keys(nls)) assert.ok(used.includes(key), `${key} is used nowhere`);
});

test('every bundled package is named in the third-party notices with its licence', () => {
  const notices = text('THIRD-PARTY-NOTICES.txt');
  for (const name of [
    '@vscode-elements/elements',
    'ajv',
    'fast-png',
    'fflate',
    'jpeg-js',
    'lit-html',
    'onnxruntime-web',
  ])
    assert.ok(new RegExp(`^${name} \\d`, 'm').test(notices), name);
  assert.ok(!/undefined/.test(notices));
  assert.ok(/Permission is hereby granted/.test(notices));
  assert.ok(!/\bA?GPL/.test(notices));
});

test('the readme, the changelog and the licence have something to say', () => {
  const manifest = JSON.parse(text('package.json')) as { version: string };
  assert.ok(text('readme.md').length > 500);
  assert.ok(text('changelog.md').includes(manifest.version));
  assert.match(text('LICENSE.txt'), /MIT/);
});
