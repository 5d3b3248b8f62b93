/** The training record beside a .dcz: of this very file or not shown, and never in its way. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { Retraining, TrainingStart } from '../../../src/engine/protocol-accuracy.ts';
import { readRecord, recordPath, writeRecord } from '../../../src/engine/train/record.ts';
import { lenet300 } from '../../fixtures/lenet.ts';
import { stripes } from '../../fixtures/stripes.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const jobs = allJobs({ workerFile: undefined, ortFolder });
const none = new AbortController().signal;
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const accuracy = { samples: 10, top1: 0.5, top5: 0.9, loss: 1.25 };
const retraining: Retraining = {
  agreement: false,
  before: accuracy,
  after: { ...accuracy, top1: null, top5: null },
  test: null,
  epochs: [
    {
      stage: 0,
      kind: 'prune',
      step: 1,
      epoch: 0,
      trainingLoss: null,
      validation: accuracy,
      sparsity: 0.5,
    },
  ],
  end: 'done',
  data: 'digits.npz',
  recipe: { name: 'r' },
  seed: 1,
  runtime: 'onnxruntime-web',
  threads: 1,
  seconds: 2,
};
const sensitivity = {
  baseline: accuracy,
  layers: [
    {
      name: 'a "b"\n<c>',
      op: 'Gemm',
      kind: 'fc',
      shape: [2, 3],
      weights: 6,
      pruned: [{ ...accuracy, sparsity: 0.5 }],
      shared: [{ ...accuracy, bits: 2, init: 'linear' as const }],
    },
  ],
  kinds: [],
  seconds: 1,
  runtime: 'onnxruntime-web',
  notes: [],
};

test('what is written is read again, and what is known already stays beside it', async () => {
  const dcz = file('a.dcz', 'the container');
  assert.equal(recordPath(dcz), join(folder, 'a.training.json'));
  assert.deepEqual(readRecord(dcz), { record: undefined, notes: [] });
  assert.equal(await writeRecord(dcz, { retraining }), recordPath(dcz));
  assert.deepEqual(readRecord(dcz), { record: { retraining }, notes: [] });
  await writeRecord(dcz, { sensitivity });
  assert.deepEqual(readRecord(dcz), { record: { retraining, sensitivity }, notes: [] });
  assert.equal(readFileSync(dcz, 'utf8'), 'the container');
});

test('the record of an earlier file is not shown, and is no part of the next record', async () => {
  const dcz = file('b.dcz', 'first');
  await writeRecord(dcz, { retraining });
  for (const content of ['second', 'longer than before', 'tsrif']) {
    writeFileSync(dcz, content);
    const { record, notes } = readRecord(dcz);
    assert.equal(record, undefined);
    assert.deepEqual(notes, ['b.training.json is of an earlier b.dcz, so it is not shown']);
  }
  await writeRecord(dcz, { sensitivity });
  assert.deepEqual(readRecord(dcz).record, { sensitivity });
});

test('anything else under that name is not shown, whatever it holds', async () => {
  const dcz = file('c.dcz', 'x');
  const path = await writeRecord(dcz, { retraining, sensitivity });
  const good = readFileSync(path, 'utf8');
  const value = JSON.parse(good) as Record<string, unknown>;
  const wrong: (string | Uint8Array)[] = [
    '',
    '[]',
    'null',
    good.slice(0, -10),
    new Uint8Array([0xff, 0xfe, 0]),
    JSON.stringify({ ...value, version: 2 }),
    JSON.stringify({ ...value, format: 'other' }),
    JSON.stringify({ ...value, dcz: { bytes: 1, sha256: 'x' } }),
    JSON.stringify({ ...value, more: 1 }),
    good.replace('"top1": 0.5', '"top1": 7'),
    good.replace('"loss": 1.25', '"loss": "high"'),
    good.replace('"sparsity": 0.5', '"sparsity": null'),
    good.replace('"bits": 2', '"bits": 1e9'),
    JSON.stringify({ ...value, retraining: { ...retraining, data: 'x'.repeat(70_000) } }),
  ];
  for (const content of wrong) {
    writeFileSync(path, content);
    const { record, notes } = readRecord(dcz);
    assert.equal(record, undefined, String(content).slice(0, 80));
    assert.match(notes.join(), /^c\.training\.json is no training record that can be read/);
  }
});

test('retrain writes it, the report shows it, and a later compression hides it', async () => {
  const model = file('m.onnx', lenet300(1, [16, 8]));
  const out = join(folder, 'm.dcz');
  const data = { file: { path: file('stripes.csv', stripes(150, 4)) } };
  const recipe = {
    name: 'short',
    prune: { method: 'sparsity', target: 0.8 },
    train: { stages: [{ kind: 'prune', epochs: 2, rate: 0.01 }] },
  };
  const input = { file: { path: model }, data, test: data, out, recipe, seed: 3, threads: 1 };
  const starts: TrainingStart[] = [];
  const result = await jobs.retrain(
    { ...input, overwrite: false },
    none,
    () => {},
    undefined,
    (e) => void (e.kind === 'start' && starts.push(e.start)),
  );
  assert.deepEqual(starts, [
    {
      stages: [{ kind: 'prune', steps: 1, epochs: 2 }],
      before: result.before,
      agreement: false,
      samples: 135,
      runtime: 'onnxruntime-web',
      taken: result.taken?.line,
    },
  ]);
  assert.match(
    result.taken?.line ?? '',
    /^150 samples of 784 from columns 1 to 784, no header line/,
  );
  assert.equal(result.record, recordPath(out));
  const { training, notes } = await jobs.report({ file: { path: out } }, none, () => {});
  const shown = training!.retraining!;
  assert.deepEqual(notes, []);
  for (const key of ['before', 'after', 'test', 'epochs', 'end', 'seed', 'runtime'] as const)
    assert.deepEqual(shown[key], result[key], key);
  assert.equal(shown.data, 'stripes.csv');
  assert.equal((shown.recipe as { name: string }).name, 'short');
  assert.equal(shown.epochs.length, 3);

  const scan = await jobs.sensitivity(
    { file: { path: model }, data, sparsities: [0.5], bits: [2], into: out },
    none,
    () => {},
  );
  const after = await jobs.report({ file: { path: out } }, none, () => {});
  assert.deepEqual(after.training, { retraining: shown, sensitivity: scan });
  assert.ok(
    !('training' in (await jobs.report({ file: contentOf(out) }, none, () => {}))),
    'content without a path has no record',
  );

  await jobs.compress({ ...input, recipe: 'eie', overwrite: true }, none, () => {});
  const later = await jobs.report({ file: { path: out } }, none, () => {});
  assert.equal(later.training, undefined);
  assert.match(later.notes.join(), /m\.training\.json is of an earlier m\.dcz/);
});

test('a file that is not ours keeps its place, and nothing is trained or scanned for it', async () => {
  const model = file('n.onnx', lenet300(1, [16, 8]));
  const data = { file: { path: file('n.csv', stripes(60, 4)) } };
  const theirs = file('n.training.json', '{"mine":true}');
  const out = join(folder, 'n.dcz');
  const recipe = { name: 'r', train: { stages: [{ kind: 'train', epochs: 1 }] } };
  const input = { file: { path: model }, data, out, seed: 1, threads: 1, overwrite: true };
  const refused = {
    code: 'invalid-input',
    message: /n\.training\.json is there and is not a training/,
  };
  await assert.rejects(
    jobs.retrain({ ...input, recipe }, none, () => {}),
    refused,
  );
  assert.ok(!existsSync(out));
  await jobs.compress({ ...input, recipe: 'keep' }, none, () => {});
  await assert.rejects(
    jobs.sensitivity({ file: { path: model }, data, into: out }, none, () => {}),
    refused,
  );
  assert.equal(readFileSync(theirs, 'utf8'), '{"mine":true}');
  writeFileSync(theirs, '{"format":"deep-compression-training","version":99}');
  const short = { samples: 60, sparsities: [0.5], bits: [] };
  await jobs.sensitivity({ file: { path: model }, data, into: out, ...short }, none, () => {});
  assert.ok(readRecord(out).record!.sensitivity, 'one of another version is replaced');
  const other = file('other.onnx', lenet300(1, [12, 8]));
  await assert.rejects(
    jobs.sensitivity({ file: { path: other }, data, into: out }, none, () => {}),
    { code: 'invalid-input', message: /n\.dcz was not made from .*other\.onnx/ },
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

function contentOf(path: string): { label: string; bytes: Uint8Array<ArrayBuffer> } {
  return { label: 'm.dcz', bytes: new Uint8Array(readFileSync(path)) };
}
