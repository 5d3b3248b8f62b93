/** Quantizers of many layers: the same levels whatever the number of threads, and a stop that stops. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Quantizers } from '../../../src/engine/goal/quantizers.ts';
import type { GoalLayer } from '../../../src/engine/goal/layers.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { buildEngine, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));
let worker = '';
before(async () => {
  ({ worker } = await buildEngine(folder));
});

function layer(id: number, rows: number, cols: number): GoalLayer {
  const random = mulberry32(id);
  const weights = Float32Array.from({ length: rows * cols }, () => random() - 0.5);
  const geometry = { kind: 'fc', rows, cols, matrices: 1, transposed: false } as const;
  const tensor = { id, name: `w${id}`, path: '', dtype: 'float32', shape: [rows, cols] } as const;
  const stored = { storage: 'raw_data', bytes: 4 * weights.length, role: 'weight' } as const;
  const rest = { parameters: weights.length, op: 'MatMul', sparse: false, file: 0 };
  return { tensor: { ...tensor, ...stored, ...rest, geometry }, weights };
}

/** Correlated inputs. */
function moments(columns: number) {
  const second = Float64Array.from(
    { length: columns * columns },
    (_, at) => 0.7 ** Math.abs(Math.floor(at / columns) - (at % columns)),
  );
  const mean = new Float64Array(columns).fill(0.1);
  const one = { sets: 1, setOf: new Uint32Array(1), count: Float64Array.of(100) };
  return { ...one, columns, block: columns, second, mean };
}

const open = (workerFile: string | undefined, threads: number, signal: AbortSignal) =>
  new Quantizers({ workerFile, threads, signal, turn: () => Promise.resolve() });

test('levels do not depend on threads or their number', async () => {
  const { signal } = new AbortController();
  const results = [];
  for (const [file, threads] of [
    [undefined, 1] as const,
    [worker, 1] as const,
    [worker, 3] as const,
  ]) {
    const quantizers = open(file, threads, signal);
    const layers = [layer(1, 24, 16), layer(2, 8, 32), layer(3, 40, 8), layer(4, 16, 16)];
    for (const l of layers) await quantizers.add(l, moments(l.tensor.geometry.cols));
    const of = layers.map(async ({ tensor: { id } }) => {
      const near = await quantizers.near(id, { least: 2, most: 3 });
      assert.ok(near.rounded.bits > 0);
      // twice: what was handed out first is no longer the quantizer's
      const [coarse, fine] = await Promise.all([
        quantizers.quantize(id, near.lambda, 1),
        quantizers.quantize(id, near.lambda / 64, 1),
      ]);
      assert.ok(fine.bits > coarse.bits && fine.distortion < coarse.distortion);
      return [near, coarse, fine];
    });
    results.push(await Promise.all(of));
    await quantizers.dispose();
  }
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
});

test('a stop ends a long rounding at once', async () => {
  const controller = new AbortController();
  const quantizers = open(worker, 1, controller.signal);
  const long = layer(5, 4096, 1024);
  const added = quantizers.add(long, moments(1024));
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(added, { code: 'cancelled' });
  await assert.rejects(quantizers.quantize(5, 1e-3, 1), { code: 'cancelled' });
  await quantizers.dispose();
});
