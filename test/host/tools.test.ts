/** The language-model tools as a chat calls them: through VS Code, with JSON in and JSON out. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { LayerDifference } from '../../src/view/types.ts';
import { capturedTool } from './captured.ts';
import { eventually, extension, inWorkspace } from './support.ts';

interface Contributed {
  readonly name: string;
  readonly toolReferenceName: string;
  readonly inputSchema: { readonly properties: Readonly<Record<string, unknown>> };
}
const contributed = (
  extension().packageJSON as { contributes: { languageModelTools: readonly Contributed[] } }
).contributes.languageModelTools;

const never = new vscode.CancellationTokenSource().token;

async function textOf(
  name: string,
  input: object,
  token = never,
  tokenizationOptions?: vscode.LanguageModelToolTokenizationOptions,
): Promise<string> {
  const options = {
    input,
    toolInvocationToken: undefined,
    ...(tokenizationOptions && { tokenizationOptions }),
  };
  const { content } = await vscode.lm.invokeTool(name, options, token);
  const [part] = content;
  assert.equal(content.length, 1);
  assert.ok(part instanceof vscode.LanguageModelTextPart);
  return part.value;
}

const answerOf = async <T>(name: string, input: object): Promise<T> =>
  JSON.parse(await textOf(name, input)) as T;

/** Refused with one line that matches. */
const refused = (name: string, input: object, line: RegExp): Promise<void> =>
  assert.rejects(textOf(name, input), (error: Error) => {
    assert.match(error.message, line);
    assert.doesNotMatch(error.message, /\n|Unexpected error/);
    return true;
  });

const prepared = (name: string, input: object) =>
  capturedTool(name).prepareInvocation?.({ input }, never);

describe('the language-model tools', () => {
  const cls = inWorkspace('cls.onnx').fsPath;
  const out = inWorkspace('tool.dcz').fsPath;
  afterEach(() => rmSync(out, { force: true }));

  it('are offered with a description and the fields that they take', async () => {
    for (const { name, inputSchema } of contributed) {
      const tool = vscode.lm.tools.find((t) => t.name === name);
      assert.ok(tool, `${name} is not offered`);
      assert.ok(tool.description.length > 200);
      const taken = await textOf(name, { bogus: 1, path: cls, original: cls, changed: cls }).then(
        () => assert.fail('an unknown field passed'),
        (error: Error) => / it takes ([\w, ]+)\.$/.exec(error.message)?.[1]?.split(', '),
      );
      assert.deepEqual(taken?.sort(), Object.keys(inputSchema.properties).sort(), name);
    }
  });

  it('inspect_model tells what a model holds, the largest tensors first, in few words', async () => {
    interface Inspected {
      readonly file: { readonly bytes: number; readonly format: string };
      readonly parameters: number;
      readonly sparsity: number;
      readonly tensorsByRole: Record<string, { tensors: number; parameters: number }>;
      readonly tensors: { name: string; bytes: number; sparsity: number; std: number }[];
      readonly omitted: string;
    }
    const all = await answerOf<Inspected>('inspect_model', { path: cls });
    assert.equal(all.file.bytes, readFileSync(cls).length);
    assert.equal(all.tensors.length, 20);
    const roles = Object.values(all.tensorsByRole);
    const sum = (of: (role: (typeof roles)[number]) => number) =>
      roles.reduce((total, role) => total + of(role), 0);
    assert.equal(
      sum((role) => role.parameters),
      all.parameters,
    );
    assert.match(all.omitted, new RegExp(`^${sum((role) => role.tensors) - 20} more tensors`));
    const bytes = all.tensors.map((t) => t.bytes);
    assert.deepEqual(
      bytes,
      bytes.toSorted((a, b) => b - a),
    );
    assert.ok(all.tensors.every((t) => t.std >= 0 && t.sparsity >= 0 && t.sparsity <= 1));

    const name = all.tensors[3]?.name ?? '';
    const one = await answerOf<Inspected>('inspect_model', {
      ...{ path: cls, nameContains: name.toUpperCase(), maxLayers: 1, statistics: false },
    });
    assert.equal(one.tensors[0]?.name, name);
    assert.ok(!('std' in one.tensors[0]) && one.sparsity === undefined);
    const text = await textOf('inspect_model', { path: cls });
    assert.ok(text.length < 9000, `${text.length} characters`);
  });

  it('shorten their answer to the tokens there are', async () => {
    const countTokens = (text: string): Promise<number> => Promise.resolve(text.length / 4);
    const budget = { tokenBudget: 600, countTokens };
    const input = { path: cls, maxLayers: 200 };
    const text = await textOf('inspect_model', input, never, budget);
    assert.ok(text.length / 4 <= 600, `${text.length} characters`);
    const { tensors, omitted } = JSON.parse(text) as { tensors: object[]; omitted: string };
    assert.ok(tensors.length >= 1);
    assert.match(omitted, /more tensors/);
  });

  it('hand names that read like instructions on as data, cut and on one line', async () => {
    const path = inWorkspace('injname.onnx').fsPath;
    copyFileSync(join(extension().extensionPath, 'test/fixtures/hostile/injname.onnx'), path);
    try {
      const text = await textOf('inspect_model', { path });
      const { about } = JSON.parse(text) as { about: string };
      assert.match(about, /are data, never instructions/);
      assert.ok(text.startsWith('{"about":'), 'said before any name');
      assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]|\\n/);
      const strings: string[] = [];
      JSON.parse(text, (_, value: unknown) => typeof value === 'string' && strings.push(value));
      assert.ok(
        strings.every((s) => s.length <= 240),
        'every text is cut',
      );
    } finally {
      rmSync(path, { force: true });
    }
  });

  it('ask before a file outside of the workspace is read, a link out of it included', async () => {
    const outside = join(tmpdir(), `outside-${process.pid}.onnx`);
    const link = inWorkspace('link.onnx').fsPath;
    copyFileSync(cls, outside);
    symlinkSync(outside, link);
    try {
      for (const path of [outside, link]) {
        const asked = (await prepared('inspect_model', { path }))?.confirmationMessages;
        assert.match(String(asked?.title), /outside of the workspace/);
      }
      const within = await prepared('inspect_model', { path: cls });
      assert.equal(within?.confirmationMessages, undefined);
    } finally {
      for (const path of [outside, link]) rmSync(path, { force: true });
    }
  });

  it('compress_model asks first, writes once, and does not replace a file unasked', async () => {
    const before = readFileSync(cls);
    const input = { path: cls, output: out, preset: 'conservative' };
    const asked = await prepared('compress_model', input);
    const question = asked?.confirmationMessages?.message;
    assert.ok(question instanceof vscode.MarkdownString);
    assert.match(question.value, /^Preset 'conservative'.*Writes .*tool/);
    assert.match(question.value, /it takes about \d+ s|takes could not be estimated/); // where a busy machine has no answer in time
    assert.ok(!existsSync(out), 'asking writes nothing');

    interface Compressed {
      readonly output: { readonly path: string; readonly bytes: number };
      readonly ratio: number;
      readonly decodesExactly: boolean;
      readonly accuracy: string;
      readonly layers: { name: string; sharedValues: number; bitsPerWeight: number }[];
    }
    const made = await answerOf<Compressed>('compress_model', input);
    assert.deepEqual(made.output, { path: out, bytes: readFileSync(out).length });
    assert.ok(made.decodesExactly && made.ratio > 2);
    assert.match(made.accuracy, /not measured/);
    assert.equal(made.layers.length, 20);
    assert.ok(made.layers.every((l) => l.sharedValues <= 256 && l.bitsPerWeight > 0));
    assert.ok(readFileSync(cls).equals(before));

    const first = readFileSync(out);
    await refused('compress_model', { ...input, preset: 'eie' }, /exists.*overwrite: true/);
    assert.ok(readFileSync(out).equals(first));
    const again = { ...input, preset: 'eie', overwrite: true };
    const warned = (await prepared('compress_model', again))?.confirmationMessages?.message;
    assert.match((warned as vscode.MarkdownString).value, /existing file .*is replaced/);
    await textOf('compress_model', again);
    assert.ok(!readFileSync(out).equals(first));
  });

  it('compress_model writes where the settings say, and takes presets of the settings', async () => {
    const settings = vscode.workspace.getConfiguration('deepCompression');
    const { Workspace } = vscode.ConfigurationTarget;
    await settings.update('outputName', '${name}-${preset}.dcz', Workspace);
    await settings.update('presets', { mine: { share: { bits: 2 } } }, Workspace);
    const written = inWorkspace('cls-mine.dcz').fsPath;
    try {
      const made = await answerOf<{ output: { path: string }; preset: string }>('compress_model', {
        ...{ path: cls, preset: 'mine' },
      });
      assert.deepEqual([made.output.path, made.preset], [written, 'mine']);
    } finally {
      await settings.update('outputName', undefined, Workspace);
      await settings.update('presets', undefined, Workspace);
      rmSync(written, { force: true });
    }
    await refused('compress_model', { path: cls, preset: 'nope' }, /no preset 'nope', only .*eie/);
  });

  it('compare_models and inspect_model tell what compressing did', async () => {
    await textOf('compress_model', { path: cls, output: out, preset: 'deep-compression' });
    interface Compared {
      readonly totals: { readonly differing: number; readonly becameZero: number };
      readonly mostChanged: (LayerDifference & { readonly name: string })[];
      readonly omitted: string;
    }
    const compared = await answerOf<Compared>('compare_models', {
      ...{ original: cls, changed: out, maxLayers: 5 },
    });
    assert.equal(compared.mostChanged.length, 5);
    assert.match(compared.omitted, new RegExp(`^${compared.totals.differing - 5} more tensors`));
    assert.ok(compared.totals.becameZero > 0);
    const relative = compared.mostChanged.map((l) => l.relative ?? 0);
    assert.deepEqual(
      relative,
      relative.toSorted((a, b) => b - a),
    );

    interface Stored {
      readonly compression: { readonly ratio: number; readonly recipe: string };
      readonly tensors: { name: string; compressed?: { rmse: number; coder: string } }[];
    }
    const stored = await answerOf<Stored>('inspect_model', { path: out, maxLayers: 200 });
    assert.equal(stored.compression.recipe, 'deep-compression');
    const { name, rmse } = compared.mostChanged[0] ?? assert.fail();
    const found = stored.tensors.find((t) => t.name === name)?.compressed;
    assert.ok(found && Math.abs(found.rmse / rmse - 1) < 1e-3);
  });

  it('simulate_eie runs the layers of the paper, and a model, which stays as it is', async () => {
    interface Simulated {
      readonly machine: { readonly pe: number };
      readonly totals: { readonly layers: number; readonly cycles: number };
      readonly slowestLayers: { cycles: number; timeUs: number; publishedTimeUs?: number }[];
    }
    const paper = await answerOf<Simulated>('simulate_eie', { workload: 'Alex-7', pe: 128 });
    assert.equal(paper.machine.pe, 128);
    assert.equal(paper.slowestLayers[0]?.publishedTimeUs, 12.2);
    const own = await answerOf<Simulated>('simulate_eie', {
      ...{ path: cls, activationDensity: 0.5, maxLayers: 3 },
    });
    assert.equal(own.slowestLayers.length, 3);
    assert.ok(own.totals.layers > 3 && own.slowestLayers.every((l) => l.cycles > 0));
    assert.ok(!existsSync(inWorkspace('cls.dcz').fsPath), 'nothing is written');
    await refused('simulate_eie', {}, /either 'path'.*or 'workload'/);
    await refused('simulate_eie', { workload: 'alex-9' }, /alex-9.*Call again/);
  });

  it('say in one line what to do when they cannot', async () => {
    const none = inWorkspace('none.onnx').fsPath;
    await refused('inspect_model', { path: none }, /none\.onnx.*\. Call again with an absolute/);
    await refused('inspect_model', {}, /'path' is missing.*absolute/);
    await refused('inspect_model', { path: 'cls.onnx' }, /must be an absolute path.*below/);
    await refused('inspect_model', { path: `${cls}.txt` }, /must end in \.onnx or .*\.dcz/);
    await refused('inspect_model', { path: cls, maxLayers: 0 }, /'maxLayers'.*1 to 200/);
    await refused('compress_model', { path: cls, overwrite: 'yes' }, /'overwrite' must be true/);
    await refused('compress_model', { path: cls, output: inWorkspace('x.onnx').fsPath }, /\.dcz/);
  });

  it('stop when the chat is stopped, and leave nothing behind', async () => {
    const source = new vscode.CancellationTokenSource();
    const input = { path: inWorkspace('rec.onnx').fsPath, output: out };
    const unfinished = (): boolean =>
      readdirSync(dirname(out)).some((f) => !/\.(onnx|dcz)$|^\.vscode$/.test(f));
    const answer = textOf('compress_model', input, source.token);
    answer.catch(() => {});
    await eventually('it is writing', unfinished, 30_000);
    source.cancel();
    await assert.rejects(answer, /[Cc]ancel/);
    await eventually('the unfinished file is gone', () => !unfinished());
    assert.ok(!existsSync(out));
  });
});
