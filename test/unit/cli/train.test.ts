/** `deepc retrain`, `sensitivity` and `report` as a script or a person meets them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { before } from 'node:test';
import { limit } from '../../../scripts/lib/pace.mjs';
import type { ReportResult } from '../../../src/engine/protocol-model.ts';
import type { RetrainResult } from '../../../src/engine/protocol-train.ts';
import { lenet300 } from '../../fixtures/lenet.ts';
import { stripes } from '../../fixtures/stripes.ts';
import { buildEngine, temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
let cli = '';

before(async () => {
  ({ cli } = await buildEngine(folder));
  writeFileSync(join(folder, 'm.onnx'), lenet300(1, [16, 8]));
  writeFileSync(join(folder, 'd.csv'), stripes(150, 4));
  const recipe = {
    name: 'short',
    prune: { method: 'sparsity', target: 0.8 },
    train: { stages: [{ kind: 'prune', epochs: 2, rate: 0.01 }] },
  };
  writeFileSync(join(folder, 'r.dcrecipe.json'), JSON.stringify(recipe));
});

function deepc(...args: readonly string[]): { code: number | null; out: string; error: string } {
  const run = spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: limit(120_000),
    env: { ...process.env, DEEPC_SUPERVISED: '1' },
  });
  return { code: run.status, out: run.stdout, error: run.stderr };
}

test('a report tells what became of accuracy, and how much each layer can take', () => {
  const recipe = ['--recipe', 'r.dcrecipe.json', '--out', 'm.dcz', '--json'];
  const made = deepc('retrain', 'm.onnx', '--data', 'd.csv', '--test', 'd.csv', ...recipe);
  assert.equal(made.code, 0, made.error);
  const result = JSON.parse(made.out) as RetrainResult;
  const before = readFileSync(join(folder, 'm.dcz'));
  const scan = ['--sparsities', '0.5', '--bits', '2', '--into', 'm.dcz'];
  assert.equal(deepc('sensitivity', 'm.onnx', '--data', 'd.csv', ...scan).code, 0);
  assert.ok(readFileSync(join(folder, 'm.dcz')).equals(before), 'the .dcz is as it was');

  const text = deepc('report', 'm.dcz').out;
  const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;
  const { after } = result.test!;
  assert.match(text, /retrained on d\.csv/);
  assert.match(text, /held-out samples \(15\)/);
  assert.match(
    text,
    new RegExp(`test samples \\(150\\)\n.*\n  after:  top-1 ${percent(after.top1!)}`),
  );
  assert.match(text, /one layer pruned.*\nlayer +50\.0%/);
  const { training } = JSON.parse(deepc('report', 'm.dcz', '--json').out) as ReportResult;
  assert.deepEqual(training!.retraining!.epochs, result.epochs);
  assert.equal(training!.sensitivity!.layers.length, 3);
});

test('a scan for a file of another model is refused in one line', () => {
  const run = deepc('sensitivity', 'm.onnx', '--data', 'd.csv', '--into', 'd.csv');
  assert.equal(run.code, 1);
  assert.match(run.error, /^(open\n)?error: .*d\.csv/);
});
