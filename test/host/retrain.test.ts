/** Evaluating and retraining as other code asks for them: both runtimes, what is missing, what is left. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { EvaluateResult } from '../../src/engine/protocol-train.ts';
import type { ExportResult } from '../../src/engine/protocol-export.ts';
import type { SlimResult } from '../../src/engine/protocol-slim.ts';
import type { Compressed } from '../../src/vscode/compressing.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { extension, inWorkspace, messagesOf } from './support.ts';

const { Global, Workspace } = vscode.ConfigurationTarget;
const set = (key: string, value: unknown, target = Workspace): Thenable<void> =>
  vscode.workspace.getConfiguration('deepCompression').update(key, value, target);

const presets = {
  brief: {
    prune: { method: 'sparsity', target: 0.5 },
    train: { stages: [{ kind: 'prune', steps: 1, epochs: 1 }] },
  },
};

/** Seeded numbers as an .npy file. */
function noise(rows: number, columns: number): Buffer {
  const random = mulberry32(5);
  const values = Float32Array.from({ length: rows * columns }, random);
  const said = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const text = Buffer.from(`${said.padEnd(117)}\n`);
  const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, text.length, 0]);
  return Buffer.concat([head, text, Buffer.from(values.buffer)]);
}

describe('retraining', () => {
  const model = inWorkspace('lenet.onnx');
  const out = inWorkspace('lenet.dcz');
  const folder = dirname(model.fsPath);
  const samples = join(extension().extensionPath, 'media', 'samples');
  const digits = { samples: join(samples, 'mnist-test-digits.npz'), scale: 1 / 256 };
  const native = join(extension().extensionPath, 'node_modules', 'onnxruntime-node');

  before(() => copyFileSync(join(samples, 'lenet-300-100.onnx'), model.fsPath));
  afterEach(async () => {
    for (const key of ['presets', 'dataset']) await set(key, undefined);
    await set('nativeRuntime', undefined, Global);
    for (const name of readdirSync(folder))
      if (/^lenet\.(dcz|training)/.test(name)) rmSync(join(folder, name));
  });
  after(() => rmSync(model.fsPath));

  const evaluate = async (): Promise<readonly EvaluateResult[]> => {
    let found: readonly EvaluateResult[] = [];
    await messagesOf(async () => {
      found = await vscode.commands.executeCommand('deepCompression.evaluate', model);
    });
    return found;
  };
  const compress = async (): Promise<{ done: readonly Compressed[]; messages: string[] }> => {
    let done: readonly Compressed[] = [];
    const messages = await messagesOf(async () => {
      done =
        (await vscode.commands.executeCommand<readonly Compressed[] | undefined>(
          'deepCompression.compress',
          { uri: model, preset: 'brief' },
        )) ?? [];
    });
    return { done, messages };
  };

  it('an evaluation says what the command line says', async () => {
    await set('dataset', digits);
    const [found] = await evaluate();
    assert.equal(found?.runtime, 'onnxruntime-web');
    assert.deepEqual([found.samples, found.top1], [1000, 0.989]);
  });

  it('channels are removed into a new file beside the model, and what that did is said', async () => {
    await set('dataset', digits);
    let made: SlimResult | undefined;
    const messages = await messagesOf(async () => {
      const clicked = { uri: model, keep: 0.7 };
      made = await vscode.commands.executeCommand('deepCompression.removeChannels', clicked);
    });
    const path = join(folder, 'lenet.slim.onnx');
    try {
      assert.equal(made?.output.path, path);
      assert.ok(existsSync(path) && made.after.macs < 0.75 * made.before.macs);
      assert.ok(made.fidelity!.disagreement < 0.05, `${made.fidelity!.disagreement}`);
      assert.ok(
        messages.some((m) => /of the work left.*Answers agree on/.test(m)),
        messages.join(),
      );
    } finally {
      rmSync(path);
    }
  });

  it('a model is exported in the form that is picked, and its answers, size and times are said', async () => {
    await set('dataset', digits);
    let made: ExportResult | undefined;
    const messages = await messagesOf(async () => {
      const clicked = { uri: model, to: 'int8-qdq' };
      made = await vscode.commands.executeCommand('deepCompression.export', clicked);
    });
    const path = join(folder, 'lenet.int8-qdq.onnx');
    try {
      assert.equal(made?.output.path, path);
      assert.ok(statSync(path).size < 0.3 * made.input.bytes);
      assert.deepEqual([made.fidelity?.samples, made.inputs], [250, []]);
      assert.ok(made.fidelity!.disagreement < 0.05, `${made.fidelity!.disagreement}`);
      assert.match(messages.join(), /weights changed\. Answers agree on .* ms a run/);
    } finally {
      rmSync(path);
    }
  });

  it('a .dcz and its original are given values normalised alike, as the .dcz states', async () => {
    await set('dataset', { samples: digits.samples }); // and no normalisation
    copyFileSync(join(samples, 'lenet-300-100.dcz'), out.fsPath);
    let found: readonly EvaluateResult[] = [];
    await messagesOf(async () => {
      found = await vscode.commands.executeCommand('deepCompression.evaluate', out);
    });
    assert.deepEqual(
      found.map(({ top1 }) => top1),
      [0.989, 0.984],
    );
    assert.equal(found[0]?.normalisation.scale, digits.scale);
  });

  it('a preset that trains writes a verified file with its record', async () => {
    await set('dataset', digits);
    await set('presets', presets);
    const { done, messages } = await compress();
    assert.ok(done[0]?.retraining, messages.join());
    assert.equal(done[0].decodesExactly, true);
    assert.equal(done[0].retraining.data, 'mnist-test-digits.npz');
    assert.ok(existsSync(out.fsPath) && existsSync(inWorkspace('lenet.training.json').fsPath));
    assert.match(messages.join(), /Accuracy \d/);
  });

  it('sample inputs decide a file by a goal, which says first what its answers lost', async () => {
    const inputs = join(folder, 'lenet.inputs.npy');
    writeFileSync(inputs, noise(24, 784));
    await set('dataset', inputs);
    const layers = { 'ip1*': { skip: true } };
    const few = { share: { method: 'grid' }, coder: 'arithmetic', goal: { ratio: 9 }, layers };
    await set('presets', { few });
    let done: readonly Compressed[] = [];
    const messages = await messagesOf(async () => {
      done = await vscode.commands.executeCommand('deepCompression.compress', {
        ...{ uri: model, preset: 'few', goal: { ratio: 1.05 } },
      });
    });
    rmSync(inputs);
    assert.ok(done[0], messages.join());
    assert.ok(done[0].ratio >= 1.05, 'the goal that was named, not that of the recipe');
    assert.equal(done[0].fidelity?.samples, 6);
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? '', /^(Check.*|Probably.*)?Answers agree on \d.* of 6 samples/);
  });

  it('a runtime that the user names runs in a process of its own, and gives the same answers', async function () {
    if (!existsSync(native)) this.skip();
    await set('dataset', digits);
    await set('nativeRuntime', native, Global);
    const [found] = await evaluate();
    assert.equal(found?.runtime, 'onnxruntime-node');
    assert.deepEqual([found.samples, found.top1], [1000, 0.989]);
  });

  it('samples that cannot be read are named in one line, and nothing is left', async () => {
    await set('dataset', join(folder, 'nowhere.npz'));
    await set('presets', presets);
    const before = readdirSync(folder).sort();
    const { done, messages } = await compress();
    assert.deepEqual(done, []);
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? '', /nowhere\.npz/);
    assert.deepEqual(readdirSync(folder).sort(), before);
  });

  it('a setting that is no data set says so', async () => {
    await set('dataset', { labels: 'y.npy' });
    const messages = await messagesOf(() =>
      vscode.commands.executeCommand('deepCompression.evaluate', model),
    );
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? '', /deepCompression\.dataset/);
  });
});
