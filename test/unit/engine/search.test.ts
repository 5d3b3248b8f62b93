/** The front of bytes against loss, and what single layers cost, on a small network. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { frontText, impactText } from '../../../src/cli/search-commands.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { FrontPoint } from '../../../src/engine/protocol-search.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));
const jobs = allJobs({ workerFile: undefined, native: true });
const never = new AbortController().signal;

/** 24 inputs of seeded noise as CSV. */
function samples(): string {
  const random = mulberry32(4);
  const row = (): string => Array.from({ length: 784 }, () => random().toFixed(3)).join(',');
  const path = join(folder, 'inputs.csv');
  writeFileSync(path, `${Array.from({ length: 24 }, row).join('\n')}\n`);
  return path;
}

const input = {
  file: { path: join(process.cwd(), 'media/samples/lenet-300-100.onnx') },
  data: { file: { path: samples() } },
  // the largest layer would take most of the time
  recipe: { name: 'small', share: { method: 'grid' }, layers: { 'ip1*': { skip: true } } },
  ...{ seed: 1, threads: 1 },
};

test('the front grows in loss as files shrink, tells every point, and goes on from known ones', async () => {
  const told: FrontPoint[] = [];
  const front = await jobs.search(
    input,
    never,
    () => {},
    undefined,
    ({ point }) => {
      told.push(point);
    },
  );
  const { points } = front;
  assert.ok(points.length >= 3, `${points.length} points`);
  assert.deepEqual(
    told.map(({ slope }) => slope).sort((a, b) => a - b),
    points.map(({ slope }) => slope).sort((a, b) => a - b),
  );
  for (const [i, point] of points.entries()) {
    const next = points[i + 1];
    if (next) assert.ok(point.bytes <= next.bytes && point.slope > next.slope);
    assert.deepEqual((point.recipe as { goal?: object }).goal, { maxBytes: point.bytes });
  }
  assert.ok(points[0]!.relativeError > points.at(-1)!.relativeError);
  for (const { ratio } of points) assert.ok(frontText(front).includes(`${ratio.toFixed(2)}x`));

  const known = points.map((point) => ({ ...point, loss: 0.123 }));
  const again = await jobs.search({ ...input, known }, never, () => {});
  const kept = again.points.filter(({ loss }) => loss === 0.123);
  assert.ok(kept.length >= 3, 'points that are known are not measured again');
});

test('every layer is tried alone and left alone; what is skipped is not named', async () => {
  const result = await jobs.impact(input, never, () => {});
  assert.deepEqual(result.layers.map((l) => l.name).sort(), ['ip2.weight', 'ip3.weight']);
  for (const layer of result.layers) {
    assert.ok(layer.alone.relativeError > 0 && layer.without.relativeError > 0);
    assert.ok(layer.bits > 0 && layer.bytes > 0);
    // with two layers, leaving one is compressing the other alone
    const other = result.layers.find((l) => l !== layer)!;
    assert.equal(layer.without.relativeError, other.alone.relativeError);
    assert.equal(layer.regained, result.all.loss - layer.without.loss);
  }
  assert.match(impactText(result), /"skip": true/);
});

test('a recipe that decides levels itself is refused', async () => {
  await assert.rejects(
    jobs.search({ ...input, recipe: 'eie' }, never, () => {}),
    {
      code: 'invalid-recipe',
      message: /prune of eie says otherwise/,
    },
  );
});
