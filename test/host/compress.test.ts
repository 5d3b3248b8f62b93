/** "Compress Model…" and "Decompress Model…" as other code calls them: with arguments. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { CompressResult, DecompressResult } from '../../src/engine/protocol-model.ts';
import { memorySource } from '../../src/model/bytes.ts';
import { openOnnx } from '../../src/model/onnx/open.ts';
import { externalTensor, graph, model as writeModel } from '../fixtures/onnx-writer.ts';
import { watchEventLoop } from './event-loop.ts';
import { absent, inWorkspace, measured, messagesOf, replaced } from './support.ts';

const run = async (uri: vscode.Uri, preset: string): Promise<readonly CompressResult[]> =>
  (await vscode.commands.executeCommand<readonly CompressResult[] | undefined>(
    'deepCompression.compress',
    { uri, preset },
  )) ?? [];

const restore = (uri: vscode.Uri, to: vscode.Uri): Promise<readonly DecompressResult[]> =>
  replaced(
    vscode.window,
    'showSaveDialog',
    () => Promise.resolve(to),
    () => vscode.commands.executeCommand('deepCompression.decompress', uri),
  );

const remove = (uri: vscode.Uri): Thenable<void> =>
  vscode.workspace.fs.delete(uri, { recursive: true });

function distinctWords(bytes: Uint8Array): number {
  return new Set(new Uint32Array(new Uint8Array(bytes).buffer)).size;
}

const removeIfThere = async (uri: vscode.Uri): Promise<void> => {
  if (!absent(uri)) await remove(uri);
};

/** Nothing half-written lies beside the models. */
const leftovers = (): string[] =>
  readdirSync(dirname(inWorkspace('x').fsPath)).filter((f) => !/\.(onnx|dcz)$|^\.vscode$/.test(f));

describe('compressing', () => {
  const cls = inWorkspace('cls.onnx');
  const rec = inWorkspace('rec.onnx');
  const out = inWorkspace('cls.dcz');
  const restored = inWorkspace('restored.onnx');

  it('writes a smaller, verified file and changes nothing but the shared weights', async () => {
    const before = readFileSync(cls.fsPath);
    const { mtimeMs } = statSync(cls.fsPath);
    let results: readonly CompressResult[] = [];
    const messages = await messagesOf(async () => {
      results = await run(cls, 'deep-compression');
    });
    const [result] = results;
    assert.ok(result, messages.join());
    assert.equal(result.decodesExactly, true);
    assert.equal(result.input.bytes, before.length);
    assert.equal(result.output.bytes, statSync(out.fsPath).size);
    assert.equal(result.ratio, result.input.bytes / result.output.bytes);
    assert.ok(result.ratio > 3, `ratio ${result.ratio}`);
    assert.ok(result.layers.length > 10);
    assert.ok(readFileSync(cls.fsPath).equals(before), 'the source is as it was');
    assert.equal(statSync(cls.fsPath).mtimeMs, mtimeMs);
    assert.equal(messages.length, 1, 'one notification');
    assert.match(messages[0] ?? '', /cls\.onnx.*smaller.*decodes exactly/);

    await messagesOf(() => restore(out, restored));
    const after = readFileSync(restored.fsPath);
    assert.equal(after.length, before.length);
    const noFile = (): never => assert.fail('the model has no external data');
    const model = openOnnx(cls.fsPath, memorySource('cls', new Uint8Array(before)), noFile);
    const names = new Set(result.layers.map(({ name }) => name));
    const tensors = model.tensors.filter(({ name }) => names.has(name));
    assert.equal(tensors.length, result.layers.length);
    let at = 0;
    for (const segment of model.writer.layout(new Set(tensors.map(({ id }) => id)))[0] ?? []) {
      const length = segment.kind === 'literal' ? segment.bytes.length : segment.length;
      const is = after.subarray(at, at + length);
      if (segment.kind === 'copy')
        assert.ok(is.equals(before.subarray(segment.offset, segment.offset + length)), `at ${at}`);
      else if (segment.kind === 'literal') assert.ok(is.equals(segment.bytes), `at ${at}`);
      else {
        const { codebookSize, name } = result.layers.find(
          (layer) => layer.name === model.tensors[segment.tensor]?.name,
        )!;
        assert.ok(distinctWords(is) <= codebookSize, `${name} has more values than its codebook`);
      }
      at += length;
    }
    assert.equal(at, after.length);
    assert.deepEqual(leftovers(), []);
    await remove(restored);
  });

  it("with 'keep' restores the model byte for byte", async () => {
    await remove(out);
    await messagesOf(() => run(cls, 'keep'));
    await messagesOf(() => restore(out, restored));
    assert.ok(readFileSync(restored.fsPath).equals(readFileSync(cls.fsPath)));
    await remove(restored);
    await remove(out);
  });

  it('leaves the extension host responsive: no turn of its event loop takes 50 ms', async function () {
    await removeIfThere(inWorkspace('rec.dcz'));
    const watch = watchEventLoop();
    let results: readonly CompressResult[] = [];
    const messages = await messagesOf(async () => {
      results = await run(rec, 'deep-compression');
    });
    const { longestTurn, max, p99 } = watch.stop();
    assert.ok(results[0], messages.join());
    const figures =
      `longest turn ${longestTurn.toFixed(1)} ms; delay max ${max.toFixed(1)} ms, ` +
      `p99 ${p99.toFixed(1)} ms over ${results[0].seconds.toFixed(1)} s`;
    measured(this, figures);
    assert.ok(Math.min(longestTurn, max) < 50, figures);
  });

  it('when cancelled stops the worker and leaves no file', async () => {
    await removeIfThere(inWorkspace('rec.dcz'));
    const source = new vscode.CancellationTokenSource();
    let reports = 0;
    let cancelledAt = 0;
    const withProgress = ((
      _: unknown,
      work: (p: unknown, t: vscode.CancellationToken) => unknown,
    ) =>
      work(
        {
          report: () => {
            if (++reports !== 3) return;
            cancelledAt = Date.now();
            source.cancel();
          },
        },
        source.token,
      )) as typeof vscode.window.withProgress;
    const results = await replaced(vscode.window, 'withProgress', withProgress, () =>
      run(rec, 'deep-compression'),
    );
    assert.ok(cancelledAt > 0, 'it was running');
    assert.ok(Date.now() - cancelledAt < 2500, `stopped after ${Date.now() - cancelledAt} ms`);
    assert.deepEqual(results, []);
    assert.ok(absent(inWorkspace('rec.dcz')));
    assert.deepEqual(leftovers(), []);
    await new Promise((done) => setTimeout(done, 300));
    const start = process.cpuUsage();
    await new Promise((done) => setTimeout(done, 700));
    const { user, system } = process.cpuUsage(start);
    assert.ok((user + system) / 1000 < 350, `still working: ${(user + system) / 1000} ms of 700`);
  });

  it('asks before it replaces a file, and does what the answer says', async () => {
    await messagesOf(() => run(cls, 'eie'));
    const first = readFileSync(out.fsPath);
    const questions: string[] = [];
    const answering = (answer: string | undefined): typeof vscode.window.showWarningMessage =>
      ((text: string, options: vscode.MessageOptions | string) => {
        // a warning about the outputs is no question
        if (typeof options === 'string') return Promise.resolve(undefined);
        questions.push(text);
        assert.equal(options.modal, true);
        return Promise.resolve(answer);
      }) as never;
    const again = (answer: string | undefined, preset: string): Promise<unknown> =>
      replaced(vscode.window, 'showInformationMessage', (() => Promise.resolve()) as never, () =>
        replaced(vscode.window, 'showWarningMessage', answering(answer), () => run(cls, preset)),
      );

    await again(undefined, 'aggressive');
    assert.ok(readFileSync(out.fsPath).equals(first), 'no answer changes nothing');
    await again('Keep Both', 'aggressive');
    assert.ok(readFileSync(out.fsPath).equals(first));
    assert.ok(existsSync(inWorkspace('cls-2.dcz').fsPath));
    await again('Replace', 'aggressive');
    assert.ok(!readFileSync(out.fsPath).equals(first));
    assert.equal(questions.length, 3);
    assert.match(questions[0] ?? '', /cls\.dcz.*exists/);
    await remove(inWorkspace('cls-2.dcz'));
    await remove(out);
  });

  it('refuses what is no model with one clear line and leaves nothing behind', async () => {
    const broken = inWorkspace('broken.onnx');
    writeFileSync(broken.fsPath, readFileSync(cls.fsPath).subarray(0, 300_000));
    const messages = await messagesOf(() => run(broken, 'deep-compression'));
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? '', /broken\.onnx/);
    assert.doesNotMatch(messages[0] ?? '', /\n|Unexpected error/);
    assert.ok(absent(inWorkspace('broken.dcz')));
    assert.deepEqual(leftovers(), []);
    await remove(broken);
  });

  it('lists the files of a model with external data, and never restores over those of another', async () => {
    const home = inWorkspace('external');
    const model = vscode.Uri.joinPath(home, 'm.onnx');
    mkdirSync(home.fsPath);
    const data = vscode.Uri.joinPath(home, 'w.bin').fsPath;
    writeFileSync(data, new Uint8Array(new Float32Array(4096).map((_, i) => Math.sin(i)).buffer));
    const at = { location: 'w.bin', offset: '0', length: '16384' };
    writeFileSync(
      model.fsPath,
      writeModel(graph([], { initializers: [externalTensor('w', [4096], at)] })),
    );
    try {
      await messagesOf(() => run(model, 'eie'));
      const original = readFileSync(data);
      const container = vscode.Uri.joinPath(home, 'm.dcz');
      const questions: { detail?: string }[] = [];
      const back = async (answer: string | undefined): Promise<readonly DecompressResult[]> =>
        replaced(
          vscode.window,
          'showInformationMessage',
          ((_: string, options: { detail?: string; modal?: boolean }) => {
            if (options.modal) questions.push(options);
            return Promise.resolve(options.modal ? answer : undefined);
          }) as never,
          () => restore(container, vscode.Uri.joinPath(home, 'back.onnx')),
        );
      assert.deepEqual(await back(undefined), []);
      assert.deepEqual(readdirSync(home.fsPath).sort(), ['m.dcz', 'm.onnx', 'w.bin']);
      const own = vscode.Uri.joinPath(home, 'back-restored').fsPath;
      assert.match(questions[0]?.detail ?? '', /never replaced.*back-restored/);
      assert.match(questions[0]?.detail ?? '', /back-restored.back\.onnx · .*\n.*w\.bin · 16/);
      await back('Restore');
      assert.deepEqual(readdirSync(own).sort(), ['back.onnx', 'w.bin']);
      assert.ok(readFileSync(data).equals(original), 'the data of the original is as it was');
      rmSync(data);
      await back('Restore');
      assert.ok(existsSync(data), 'a free name is taken');
      assert.doesNotMatch(questions[2]?.detail ?? '', /never replaced/);
    } finally {
      await remove(home);
    }
  });

  it('refuses a preset that does not exist', async () => {
    const messages = await messagesOf(() => run(cls, 'no-such-preset'));
    assert.deepEqual(messages.length, 1);
    assert.match(messages[0] ?? '', /no-such-preset/);
    assert.ok(absent(out));
  });
});
