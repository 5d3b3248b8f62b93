/** The job slim: what it says is so, samples make the result better, and what cannot be is one clear line. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { SlimInput, SlimResult } from '../../../src/engine/protocol-slim.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { graph, model, node, tensor, value } from '../../fixtures/onnx-writer.ts';
import { temporaryFolder } from '../engine/support.ts';
import { open, saying } from '../model/support.ts';
import { randomNetwork } from './networks.ts';
import { outputsOf } from './support.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const jobs = allJobs({
  ...{ workerFile: undefined, native: true, ortFolder: join('node_modules/onnxruntime-web/dist/') },
});

/** An array of float32 as NumPy writes it. */
function npy(shape: readonly number[], seed: number): Uint8Array {
  const random = mulberry32(seed);
  const data = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    () => 2 * random() - 1,
  );
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = `${text.padEnd(117)}\n`;
  const head = Uint8Array.from(
    [0x93, ...'NUMPY'].map((c) => (typeof c === 'number' ? c : c.charCodeAt(0))),
  );
  return Buffer.concat([
    head,
    Uint8Array.of(1, 0, 118, 0),
    Buffer.from(header),
    new Uint8Array(data.buffer),
  ]);
}

writeFileSync(at('m.onnx'), randomNetwork(21, ['residual', 'grouped', 'residual']));
writeFileSync(at('x.npy'), npy([120, 3, 6, 6], 4));

const slim = (more: Partial<SlimInput>): Promise<SlimResult> =>
  jobs.slim(
    {
      ...{ file: { path: at('m.onnx') }, keep: 0.6, of: 'channels', out: at('out.onnx') },
      ...{ overwrite: true, seed: 1, threads: 1, ...more },
    },
    new AbortController().signal,
    () => {},
  );

test('sizes, work, groups and times are stated, and the file runs', async () => {
  const result = await slim({});
  const { before, after, groups, runtimes, latencyMs } = result;
  assert.equal(before.bytes, statSync(at('m.onnx')).size);
  assert.equal(after.bytes, statSync(at('out.onnx')).size);
  assert.ok(after.parameters < before.parameters && after.macs < before.macs);
  assert.ok(
    groups.every(({ kept, of }) => kept === Math.min(of, Math.max(1, Math.round(0.6 * of)))),
  );
  assert.deepEqual(
    runtimes.map((r) => r.runtime),
    ['onnxruntime-node', 'onnxruntime-web'],
  );
  assert.deepEqual(latencyMs, { before: runtimes[0].original, after: runtimes[0].exported });
  const made = new Uint8Array(readFileSync(at('out.onnx')));
  const parameters = open(made).tensors.reduce(
    (sum, t) => sum + (t.dtype === 'float32' ? t.parameters : 0),
    0,
  );
  assert.equal(after.parameters, parameters);
  const x = { type: 'float32', dims: [1, 3, 6, 6], data: new Float32Array(108).fill(0.1) };
  assert.equal((await outputsOf(made, { x }))['y'].length, 4);
});

test('samples choose, refit and report: outputs move less than by norms alone', async () => {
  const data = { file: { path: at('x.npy') } };
  const repaired = await slim({ data });
  const { fidelity } = repaired;
  assert.equal(repaired.score, 'outputs');
  assert.equal(fidelity!.samples, 30);
  const plain = await slim({ out: at('plain.onnx') });
  const x = { type: 'float32', dims: [1, 3, 6, 6], data: new Float32Array(0) };
  const samples = new Float32Array(npy([120, 3, 6, 6], 4).slice(128).buffer);
  const [original, better, worse] = await Promise.all(
    ['m.onnx', 'out.onnx', 'plain.onnx'].map(async (name) => {
      const bytes = new Uint8Array(readFileSync(at(name)));
      const all: number[] = [];
      for (let i = 0; i < 20; i++) {
        const feeds = { x: { ...x, data: samples.subarray(i * 108, (i + 1) * 108) } };
        for (const y of (await outputsOf(bytes, feeds))['y']) all.push(y);
      }
      return all;
    }),
  );
  const distance = (other: number[]): number =>
    original.reduce((sum, y, i) => sum + (y - other[i]) ** 2, 0);
  assert.equal(plain.score, 'l2');
  assert.ok(distance(better) < 0.7 * distance(worse), `${distance(better)}, ${distance(worse)}`);
});

test('the same input gives the same bytes', async () => {
  const data = { file: { path: at('x.npy') } };
  await slim({ data, of: 'work', keep: 0.7 });
  const first = readFileSync(at('out.onnx'));
  await slim({ data, of: 'work', keep: 0.7 });
  assert.deepEqual(readFileSync(at('out.onnx')), first);
});

test('what cannot be is refused in one line, and nothing is written', async () => {
  const out = at('none.onnx');
  await assert.rejects(
    slim({ out, keep: 1 }),
    saying('invalid-input', /above 0 and below 1, not 1/),
  );
  await assert.rejects(slim({ out, score: 'outputs' }), saying('invalid-input', /give --data/));
  await assert.rejects(slim({ out, keep: 0.99 }), saying('invalid-input', /nothing goes/));
  await assert.rejects(slim({ out: at('m.onnx') }), saying('invalid-input', /m\.onnx/));
  await assert.rejects(
    slim({ out: at('out.onnx'), overwrite: false }),
    saying('exists', /out\.onnx/),
  );
  const alone = graph([node('MatMul', ['x', 'w'], ['y'])], {
    inputs: [value('x', [1, 4])],
    outputs: [value('y', [1, 3])],
    initializers: [tensor('w', [4, 3])],
  });
  writeFileSync(at('alone.onnx'), model(alone));
  const file = { path: at('alone.onnx') };
  await assert.rejects(slim({ out, file }), saying('unsupported', /no channel can be removed/));
  assert.equal(existsSync(out), false);
});
