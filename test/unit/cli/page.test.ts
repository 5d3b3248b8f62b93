/** `deepc report --out` as it is built and shipped: the command, its options, and the page's policy. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { smallModel, temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
const dist = join(folder, 'dist');
const model = join(folder, 'small.onnx');

function run(...args: string[]) {
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 });
}
const deepc = (...args: string[]) => run(join(dist, 'cli.js'), ...args);

before(() => {
  const built = run('scripts/build.mjs', '--production', `--out=${dist}`);
  assert.equal(built.status, 0, built.stderr);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(model, smallModel());
});

test('a page is written beside what it was made of, and not over anything', () => {
  const out = join(folder, 'report.html');
  const first = deepc('report', model, '--out', out, '--json');
  assert.equal(first.status, 0, first.stderr);
  const result = JSON.parse(first.stdout) as { output: { path: string; bytes: number } };
  assert.deepEqual(result, {
    output: { path: out, bytes: readFileSync(out).length },
    layers: 5,
    pictured: 5,
  });
  const again = deepc('report', model, '--out', out);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /exists.*--force replaces it/);
  const forced = deepc('report', model, '--out', out, '--force');
  assert.equal(forced.status, 0);
  assert.match(forced.stdout, /report\.html: [\d,]+ bytes\n$/);
});

test('without a page a report is of a .dcz', () => {
  const { status, stderr } = deepc('report', model);
  assert.equal(status, 1);
  assert.match(stderr, /not a \.dcz file/);
});

test('the policy of the page names its scripts and styles by their content, and lets nothing else run', () => {
  const html = readFileSync(join(dist, 'webview', 'standalone.html'), 'utf8');
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
  assert.match(policy, /^default-src 'none'; img-src blob:; /);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  const hash = (text: string): string =>
    `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const all = (pattern: RegExp): string[] => [...html.matchAll(pattern)].map((m) => m[1] ?? '');
  const scripts = all(/<script>(.*?)<\/script>/gs);
  const styles = all(/<style id="[\w-]+">(.*?)<\/style>/gs);
  assert.deepEqual([scripts.length, styles.length], [3, 3]);
  for (const script of scripts) assert.ok(policy.includes(hash(script)));
  for (const style of styles) assert.ok(policy.includes(hash(style)));
  assert.doesNotMatch(
    html.replace(/<(script|style).*?<\/\1>/gs, ''),
    /\s(style|on[a-z]+|src|href)=/,
  );
  assert.ok(html.length < 400_000, `${html.length} characters before any data`);
});
