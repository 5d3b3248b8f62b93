/** `deepc export`: one document, both models run and compared, and nothing replaced unasked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test, { before } from 'node:test';
import type { ExportResult } from '../../../src/engine/protocol-export.ts';
import { buildEngine, smallModel, temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
let cli = '';

before(async () => {
  ({ cli } = await buildEngine(folder));
  writeFileSync(join(folder, 'small.onnx'), smallModel());
});

function deepc(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  // onnxruntime-node is looked for from the bundle on, which lies outside the project here
  const env = { ...process.env, NODE_PATH: resolve('node_modules') };
  return spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8', env });
}

test('export --json states sizes, layers, inputs and both runtimes on the same inputs', () => {
  const { status, stdout, stderr } = deepc(
    'export',
    'small.onnx',
    '--to',
    'int8',
    '--out',
    'a.onnx',
    '--json',
  );
  assert.equal(status, 0, stderr);
  const result = JSON.parse(stdout) as ExportResult;
  assert.equal(result.output.bytes, statSync(join(folder, 'a.onnx')).size);
  assert.equal(result.input.bytes, statSync(join(folder, 'small.onnx')).size);
  assert.ok(result.output.bytes < 0.5 * result.input.bytes);
  assert.ok(result.layers.some((layer) => layer.done.startsWith('int8')));
  assert.deepEqual(
    result.runtimes.map((r) => r.runtime),
    ['onnxruntime-node', 'onnxruntime-web'],
  );
  for (const { relativeError, original, exported } of result.runtimes) {
    assert.ok(relativeError > 0 && relativeError < 0.05, `${relativeError}`);
    assert.ok(original > 0 && exported > 0);
  }
  assert.match(result.inputs[0], /uniform in \[-1, 1\]/);
});

test('a .dcz of shared values becomes a codebook that computes exactly what it restores to', () => {
  assert.equal(
    deepc('compress', 'small.onnx', '--preset', 'deep-compression', '--out', 'b.dcz').status,
    0,
  );
  assert.equal(deepc('decompress', 'b.dcz', '--out', 'b.onnx').status, 0);
  const { status, stdout, stderr } = deepc(
    'export',
    'b.dcz',
    '--to',
    'codebook',
    '--out',
    'c.onnx',
    '--json',
  );
  assert.equal(status, 0, stderr);
  const result = JSON.parse(stdout) as ExportResult;
  assert.ok(result.layers.some((layer) => layer.done.endsWith('exact')));
  for (const { relativeError } of result.runtimes) assert.equal(relativeError, 0);
  assert.ok(result.output.bytes < 0.5 * statSync(join(folder, 'b.onnx')).size);
});

test('external writes graph and weights, which give in both runtimes what the model gave', () => {
  const args = ['export', 'small.onnx', '--to', 'external', '--fold', '--out', 'e.onnx', '--json'];
  const { status, stdout, stderr } = deepc(...args);
  assert.equal(status, 0, stderr);
  const result = JSON.parse(stdout) as ExportResult;
  assert.equal(result.dataFile, 'e.onnx.data');
  const sizes = ['e.onnx', 'e.onnx.data'].map((file) => statSync(join(folder, file)).size);
  assert.equal(result.output.bytes, sizes[0] + sizes[1]);
  assert.ok(sizes[0] < 0.5 * result.input.bytes, `${sizes[0]}`);
  for (const { relativeError } of result.runtimes) assert.ok(relativeError < 1e-6);
  const again = deepc(...args, '--force');
  assert.equal(again.status, 1);
  assert.match(again.stderr, /e\.onnx\.data already exists/);
});

test('ranges need samples', () => {
  const none = deepc('export', 'small.onnx', '--to', 'int8-qdq', '--out', 'f.onnx');
  assert.equal(none.status, 1);
  assert.match(
    none.stderr,
    /int8-qdq takes the ranges of activations from sample inputs: give --data/,
  );
  assert.equal(existsSync(join(folder, 'f.onnx')), false);
});

test('wrong forms are wrong usage, and an existing file stays', () => {
  const wrong = deepc('export', 'small.onnx', '--to', 'int7', '--out', 'd.onnx');
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /one of fp16, int8, int8-qdq, int4, matmul-nbits, codebook, external/);
  writeFileSync(join(folder, 'notes.onnx'), 'mine');
  const refused = deepc('export', 'small.onnx', '--to', 'int8', '--out', 'notes.onnx', '--force');
  assert.equal(refused.status, 1);
  assert.equal(readFileSync(join(folder, 'notes.onnx'), 'utf8'), 'mine');
  assert.equal(existsSync(join(folder, 'd.onnx')), false);
});
