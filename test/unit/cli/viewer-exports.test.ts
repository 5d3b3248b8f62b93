/** `deepc inspect --netron … --model-explorer …` as it is built: what it writes, and over what it does not. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InspectResult } from '../../../src/engine/protocol-model.ts';
import type { ModelExplorerData, NetronAttachment } from '../../../src/engine/protocol-view.ts';
import { buildEngine, smallModel, temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
const model = join(folder, 'small.onnx');
const [netron, explorer] = [join(folder, 'netron.json'), join(folder, 'explorer.json')];
let cli = '';

before(async () => {
  ({ cli } = await buildEngine(folder));
  writeFileSync(model, smallModel());
});

function deepc(...args: string[]) {
  const env = { ...process.env, DEEPC_SUPERVISED: '1' };
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', env });
}
const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

test('the metrics that are written are those of inspect', () => {
  const asked = ['--netron', netron, '--model-explorer', explorer];
  const { status, stdout, stderr } = deepc('inspect', model, ...asked, '--json');
  assert.equal(status, 0, stderr);
  const { written, layers } = JSON.parse(stdout) as InspectResult & { written: string[] };
  assert.deepEqual(written, [netron, explorer]);
  const attachment = read(netron) as NetronAttachment;
  assert.equal(attachment.signature, 'netron:attachment');
  for (const { name, zeros, parameters, max } of layers) {
    const of = (metric: string) =>
      attachment.metrics.find((m) => m.target === name && m.name === metric)?.value;
    assert.equal(of('sparsity'), zeros! / parameters, name);
    assert.equal(of('max'), max, name);
  }
  const { results } = read(explorer) as ModelExplorerData;
  const values = Object.values(results).map((r) => r.value);
  assert.ok(values.length > 0 && values.every((v) => v >= 0 && v <= 1));
});

test('another metric can be asked for, and a file that is there is kept', () => {
  const out = join(folder, 'bits.json');
  const bits = ['inspect', model, '--model-explorer', out, '--metric', 'bits'];
  const first = deepc(...bits);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /bits\.json: written\n$/);
  const { results } = read(out) as ModelExplorerData;
  assert.ok(Object.values(results).every((r) => r.value > 1));
  writeFileSync(out, 'mine');
  const again = deepc(...bits);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /exists.*--force replaces it/);
  assert.equal(readFileSync(out, 'utf8'), 'mine');
  const over = deepc('inspect', model, '--netron', model, '--force');
  assert.equal(over.status, 1);
  assert.deepEqual(
    new Uint8Array(readFileSync(model)),
    smallModel(),
    'the model is never replaced',
  );
});

test('wrong options are usage errors, and nothing is written', () => {
  const out = join(folder, 'none.json');
  for (const [args, line] of [
    [
      ['inspect', model, '--model-explorer', out, '--metric', 'beauty'],
      /--metric is one of sparsity/,
    ],
    [['inspect', model, '--metric', 'bits'], /--metric is for --model-explorer/],
    [['compare', model, model, '--netron', out], /does not take --netron/],
  ] as const) {
    const { status, stderr } = deepc(...args);
    assert.equal(status, 2);
    assert.match(stderr, line);
  }
  assert.ok(!existsSync(out));
});
