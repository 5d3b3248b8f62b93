/** The bundled `deepc` as a script or a person meets it: output, exit codes, and what it leaves. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import test, { before } from 'node:test';
import type { CompareResult } from '../../../src/engine/protocol-compare.ts';
import type { CompressResult, InspectResult } from '../../../src/engine/protocol-model.ts';
import { buildEngine, smallModel, temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
const model = join(folder, 'small.onnx');
const big = join(folder, 'big.onnx');
let cli = '';

before(async () => {
  ({ cli } = await buildEngine(folder));
  writeFileSync(model, smallModel());
  writeFileSync(big, smallModel({ hidden: 9_000 })); // 1.2M weights: two blocks
});

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** Called when the first text comes on stderr. */
  readonly onProgress?: (kill: (signal: NodeJS.Signals) => void) => void;
  readonly cwd?: string;
  readonly closeStdout?: boolean;
  /** One process does the work, and none watches it: for what a signal does not end. */
  readonly alone?: boolean;
}

function deepc(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd ?? folder,
      env: options.alone ? { ...process.env, DEEPC_SUPERVISED: '1' } : process.env,
    });
    let stdout = '';
    let stderr = '';
    if (options.closeStdout) child.stdout.destroy();
    else child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => {
      if (stderr === '') options.onProgress?.((signal) => child.kill(signal));
      stderr += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function succeeds(args: readonly string[]): Promise<string> {
  const run = await deepc(args, { alone: true });
  assert.equal(run.code, 0, run.stderr);
  return run.stdout;
}

/** Exactly one line `error: …` ends stderr, nothing is on stdout. */
async function fails(args: readonly string[], code: number, pattern: RegExp): Promise<void> {
  const run = await deepc(args, { alone: true });
  const lines = run.stderr.trimEnd().split('\n');
  assert.equal(run.code, code, run.stderr);
  assert.equal(run.stdout, '');
  assert.match(lines.at(-1) ?? '', /^error: /);
  assert.match(lines.at(-1) ?? '', pattern);
  assert.equal(lines.filter((l) => l.startsWith('error:') || /^\s+at /.test(l)).length, 1);
}

const leftovers = (): string[] => readdirSync(folder).filter((f) => f.endsWith('.tmp'));

test('--help and --version answer on stdout', async () => {
  assert.match(await succeeds(['--help']), /deepc compress MODEL --out/);
  assert.match(await succeeds(['--version']), /^\d+\.\d+\.\d+\n$/);
});

test('inspect --json is one document of exactly the documented shape', async () => {
  const result = JSON.parse(await succeeds(['inspect', model, '--json'])) as InspectResult;
  assert.deepEqual(Object.keys(result), ['model', 'parameters', 'layers', 'notes']);
  assert.deepEqual(result.model, {
    path: model,
    bytes: readFileSync(model).length,
    format: 'onnx',
    irVersion: 8,
    opsets: { 'ai.onnx': 17 },
    producer: 'test',
    version: 'IR 8, ai.onnx 17',
  });
  assert.deepEqual(Object.keys(result.layers[0]), [
    'name',
    'path',
    'op',
    'role',
    'shape',
    'dtype',
    'storage',
    'bytes',
    'parameters',
    'zeros',
    'distinct',
    'min',
    'max',
    'mean',
    'std',
  ]);
  const fc1 = result.layers.find((l) => l.name === 'fc1.weight');
  assert.equal(fc1?.op, 'Gemm');
  assert.equal(fc1.role, 'weight');
  assert.deepEqual(fc1.shape, [128, 64]);
  assert.equal(fc1.zeros, 0);
  assert.ok(Math.abs((fc1.std ?? 0) - 0.1) < 0.01);
  assert.equal(
    result.parameters,
    result.layers.reduce((sum, l) => sum + l.parameters, 0),
  );
});

test('inspect tells the same of a tensor of several blocks, on one thread and on four', async () => {
  const one = await succeeds(['inspect', big, '--json', '--threads', '1']);
  const four = await succeeds(['inspect', big, '--json', '--threads', '4']);
  assert.equal(one, four);
  const layer = (JSON.parse(one) as InspectResult).layers.find((l) => l.name === 'fc1.weight');
  const values = new Float32Array(128 * 9_000);
  const proto = readFileSync(big);
  const at = proto.indexOf('fc1.weight');
  assert.ok(at > 0 && values.length === layer?.parameters);
  assert.ok((layer.distinct ?? 0) > 1_000_000 && (layer.distinct ?? 0) < values.length);
});

test('without --json there is an aligned table on stdout', async () => {
  const lines = (await succeeds(['inspect', model])).split('\n');
  assert.match(lines[0], /^name +op +role +shape +dtype +bytes +zeros/);
  assert.match(lines[1], /^-+( {2}-+)+$/);
  assert.ok(lines.some((l) => /^fc1\.weight +Gemm +weight +128x64 +float32 +32,768/.test(l)));
});

test('compress --json has the documented fields, and the whole file is counted', async () => {
  const out = join(folder, 'a.dcz');
  const run = await deepc(['compress', model, '--out', out, '--json', '--seed', '3']);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, /verify/);
  const r = JSON.parse(run.stdout) as CompressResult;
  assert.deepEqual(Object.keys(r), [
    'input',
    'output',
    'ratio',
    'decodesExactly',
    'seconds',
    'recipe',
    'fidelity',
    'layers',
    'otherBytes',
    'notCoded',
    'notes',
  ]);
  assert.deepEqual(r.input, { path: model, bytes: readFileSync(model).length });
  assert.deepEqual(r.output, { path: out, bytes: readFileSync(out).length });
  assert.equal(r.ratio, r.input.bytes / r.output.bytes);
  assert.equal(r.decodesExactly, true);
  assert.equal(r.recipe, 'safe');
  assert.equal(r.fidelity?.on, 'made-up inputs');
  assert.equal(r.fidelity.verdict, 'kept');
  assert.equal(
    r.layers.reduce((sum, l) => sum + l.bytes.total, r.otherBytes),
    r.output.bytes,
  );
  assert.deepEqual(Object.keys(r.layers[0]), [
    'name',
    'op',
    'shape',
    'weights',
    'nonzeros',
    'sparsity',
    'codebookSize',
    'grid',
    'valueBits',
    'indexBits',
    'coder',
    'huffmanBits',
    'entropyBits',
    'bytes',
    'entries',
    'fillers',
    'rmse',
    'paper',
  ]);
  for (const l of r.layers) {
    assert.equal(l.sparsity, 1 - l.nonzeros / l.weights);
    const { values, index, codebook, tables, total } = l.bytes;
    assert.equal(values + index + codebook + tables, total);
  }
});

test('the report of the file tells the same layers as the compression did', async () => {
  const out = join(folder, 'r.dcz');
  const made = JSON.parse(
    await succeeds(['compress', model, '--out', out, '--json']),
  ) as CompressResult;
  const report = JSON.parse(await succeeds(['report', out, '--json'])) as CompressResult;
  assert.deepEqual(report.layers, made.layers);
  assert.equal(report.otherBytes, made.otherBytes);
  assert.equal(report.ratio, made.ratio);
  assert.equal(report.recipe, made.recipe);
});

test('decompress restores a model that inspect reads, and inspect reads the .dcz alike', async () => {
  const packed = join(folder, 'd.dcz');
  const restored = join(folder, 'd.onnx');
  await succeeds(['compress', model, '--out', packed, '--preset', 'eie']);
  const result = JSON.parse(
    await succeeds(['decompress', packed, '--out', restored, '--json']),
  ) as Record<string, unknown>;
  assert.deepEqual(Object.keys(result), ['input', 'output', 'externalFiles', 'seconds', 'files']);
  assert.equal(readFileSync(restored).length, readFileSync(model).length);
  const [a, b] = [
    JSON.parse(await succeeds(['inspect', packed, '--json'])) as InspectResult,
    JSON.parse(await succeeds(['inspect', restored, '--json'])) as InspectResult,
  ];
  assert.equal(a.model.format, 'dcz');
  assert.equal(b.model.format, 'onnx');
  assert.deepEqual(a.layers, b.layers);
});

test('a recipe is an input too, and neither it nor a model may be a pipe', async () => {
  const recipe = join(folder, 'mine.json');
  writeFileSync(recipe, ''); // an empty file is of every kind of output
  await fails(
    ['compress', model, '--out', recipe, '--recipe', recipe, '--force'],
    1,
    /is an input/,
  );
  assert.equal(readFileSync(recipe, 'utf8'), '');
  if (process.platform === 'win32') return;
  const pipe = join(folder, 'pipe.json');
  spawnSync('mkfifo', [pipe]);
  const out = join(folder, 'never.dcz');
  await fails(['compress', pipe, '--out', out], 1, /pipe\.json: it is not a regular file/);
  await fails(['compress', model, '--out', out, '--recipe', pipe], 1, /it is not a regular file/);
});

test('compare says in one document, and in one table, how far the weights moved', async () => {
  const packed = join(folder, 'c.dcz');
  await succeeds(['compress', model, '--out', packed]);
  const result = JSON.parse(await succeeds(['compare', model, packed, '--json'])) as CompareResult;
  assert.deepEqual(Object.keys(result), [
    'original',
    'changed',
    'layers',
    'totals',
    'skipped',
    'onlyInOriginal',
    'onlyInChanged',
  ]);
  assert.equal(result.changed.path, packed);
  assert.ok(result.totals.differing > 0 && result.totals.becameZero > 0);
  const table = await succeeds(['compare', model, packed]);
  assert.match(table, /^name +op +shape +weights +changed +to zero/);
  assert.match(table, new RegExp(`^${result.layers[0].name} `, 'm'));
  assert.match(table, /\d of \d tensors differ/);
  assert.match(
    await succeeds(['compare', model, model]),
    /all \d tensors that both have are equal/,
  );
  await fails(['compare', model, join(folder, 'none.onnx')], 1, /none\.onnx.*no such file/);
  await fails(['compare', model], 2, /two files/);
});

test('the same seed gives the same bytes, whatever the number of threads', async () => {
  const made: Buffer[] = [];
  for (const threads of ['1', '3']) {
    const out = join(folder, `seed${threads}.dcz`);
    const args = ['compress', big, '--out', out, '--seed', '5', '--preset', 'eie'];
    await succeeds([...args, '--threads', threads]);
    made.push(readFileSync(out));
  }
  assert.ok(made[0].equals(made[1]));
});

test('presets lists at least the five', async () => {
  const { presets } = JSON.parse(await succeeds(['presets', '--json'])) as {
    presets: { name: string; description: string }[];
  };
  const names = presets.map((p) => p.name);
  for (const name of ['deep-compression', 'eie', 'conservative', 'aggressive', 'keep'])
    assert.ok(names.includes(name), name);
  const text = await succeeds(['presets']);
  for (const { name, description } of presets) {
    assert.ok(text.split('\n').includes(name));
    assert.ok(text.replace(/\s+/g, ' ').includes(description), name);
  }
});

test('a *.dcrecipe.json works for --recipe and for --preset; a broken one is named', async () => {
  const { presets } = JSON.parse(await succeeds(['presets', '--json'])) as { presets: object[] };
  const recipe = join(folder, 'mine.dcrecipe.json');
  writeFileSync(recipe, JSON.stringify({ ...presets[0], name: 'mine' }));
  for (const [i, option] of ['--recipe', '--preset'].entries()) {
    const out = join(folder, `recipe${i}.dcz`);
    const r = JSON.parse(
      await succeeds(['compress', model, '--out', out, option, recipe, '--json']),
    ) as CompressResult;
    assert.equal(r.recipe, 'mine');
  }
  const out = join(folder, 'never.dcz');
  writeFileSync(recipe, '{"name": "mine", "bogus": 1}');
  await fails(
    ['compress', model, '--out', out, '--recipe', recipe],
    1,
    /mine\.dcrecipe\.json: .*bogus/,
  );
  writeFileSync(recipe, '{');
  await fails(['compress', model, '--out', out, '--recipe', recipe], 1, /not JSON/);
  writeFileSync(recipe, 'version https://git-lfs.github.com/spec/v1');
  const pointer = /mine\.dcrecipe\.json is not a recipe but a git-LFS pointer/;
  await fails(['compress', model, '--out', out, '--recipe', recipe], 1, pointer);
  await fails(['compress', model, '--out', out, '--preset', 'nope'], 1, /nope.*deep-compression/);
  await fails(['compress', model, '--out', out, '--recipe', 'no.json'], 1, /no such file/);
  assert.equal(existsSync(out), false);
});

test('wrong usage is exit 2 and one line', async () => {
  await fails([], 2, /no command/);
  await fails(['compress', model], 2, /--out/);
  await fails(['compress', model, '--out', 'x', '--nope'], 2, /--nope/);
});

test('an existing output is refused, replaced with --force, and the source never', async () => {
  const out = join(folder, 'there.dcz');
  writeFileSync(out, 'precious');
  await fails(['compress', model, '--out', out], 1, /already exists \(--force replaces it\)/);
  assert.equal(readFileSync(out, 'utf8'), 'precious');
  await fails(['compress', model, '--out', out, '--force'], 1, /not a \.dcz file, so it is not/);
  assert.equal(readFileSync(out, 'utf8'), 'precious');
  const earlier = join(folder, 'earlier.dcz');
  await succeeds(['compress', model, '--out', earlier, '--preset', 'eie']);
  const before = readFileSync(earlier);
  await succeeds(['compress', model, '--out', earlier, '--force']);
  assert.ok(!before.equals(readFileSync(earlier)));

  const original = readFileSync(model);
  const link = join(folder, 'link.onnx');
  symlinkSync(model, link);
  await fails(['compress', model, '--out', model, '--force'], 1, /never overwritten/);
  await fails(['compress', model, '--out', link, '--force'], 1, /never overwritten/);
  await fails(['compress', link, '--out', model, '--force'], 1, /never overwritten/);
  await fails(['decompress', earlier, '--out', earlier, '--force'], 1, /never overwritten/);
  assert.ok(original.equals(readFileSync(model)));
});

test('bad inputs and bad outputs are one clear line and leave nothing behind', async () => {
  const out = join(folder, 'bad.dcz');
  const cut = join(folder, 'cut.onnx');
  copyFileSync(model, cut);
  truncateSync(cut, 3000);
  const empty = join(folder, 'empty.onnx');
  writeFileSync(empty, '');
  const text = join(folder, 'text.onnx');
  writeFileSync(text, 'this is not a model, it only has its name\n'.repeat(20));
  const packed = join(folder, 'good.dcz');
  await succeeds(['compress', model, '--out', packed]);
  const damaged = join(folder, 'damaged.dcz');
  const bytes = readFileSync(packed);
  bytes[bytes.length >> 1] ^= 16;
  writeFileSync(damaged, bytes);
  const short = join(folder, 'short.dcz');
  writeFileSync(short, readFileSync(packed).subarray(0, -10));

  for (const [input, pattern] of [
    [cut, /cut\.onnx|byte/],
    [empty, /empty/],
    [text, /./],
    [join(folder, 'missing.onnx'), /missing\.onnx/],
    [folder, /folder/],
    [join(model, 'below.onnx'), /below/],
  ] as const) {
    await fails(['compress', input, '--out', out], 1, pattern);
    await fails(['inspect', input], 1, pattern);
  }
  for (const input of [damaged, short])
    await fails(['decompress', input, '--out', join(folder, 'bad.onnx')], 1, /\.dcz/);
  await fails(['decompress', model, '--out', join(folder, 'bad.onnx')], 1, /not a \.dcz/);
  await fails(['report', model], 1, /not a \.dcz/);
  await fails(['compress', packed, '--out', out], 1, /already|\.dcz/);
  await fails(['compress', model, '--out', join(model, 'x.dcz')], 1, /x\.dcz/);
  await fails(['compress', model, '--out', join(folder, 'no', 'x.dcz')], 1, /no folder/);
  await fails(['compress', model, '--out', folder], 1, /folder/);
  if (existsSync('/dev/full')) {
    await fails(['compress', model, '--out', '/dev/full', '--force'], 1, /regular file|full/);
  }
  const locked = join(folder, 'locked');
  mkdirSync(locked);
  chmodSync(locked, 0o555);
  if (process.getuid?.() !== 0)
    await fails(['compress', model, '--out', join(locked, 'x.dcz')], 1, /permission/);
  assert.deepEqual(leftovers(), []);
  assert.equal(existsSync(out), false);
  assert.equal(existsSync(join(folder, 'bad.onnx')), false);
});

test(
  'a file that cannot be written to its end is one clear line, and is not there',
  { skip: process.platform === 'win32' && 'needs a POSIX shell' },
  async () => {
    const out = join(folder, 'large.onnx');
    const packed = join(folder, 'large.dcz');
    await succeeds(['compress', model, '--out', packed]);
    // The kernel refuses writes past 16 blocks of 512 bytes; the signal that would kill is ignored.
    const script = `trap '' XFSZ 2>/dev/null || trap '' 25; ulimit -f 16; exec "$@"`;
    const args = ['-c', script, 'sh', process.execPath, cli];
    const run = spawnSync('sh', [...args, 'decompress', packed, '--out', out], {
      encoding: 'utf8',
    });
    assert.equal(run.status, 1, run.stderr);
    assert.match(run.stderr.trimEnd().split('\n').at(-1) ?? '', /^error: cannot write .*large/);
    assert.equal(existsSync(out), false);
    assert.deepEqual(leftovers(), []);
  },
);

test('Ctrl-C ends a compression cleanly: exit 130, nothing under the name, nothing beside it', async () => {
  const out = join(folder, 'stopped.dcz');
  const run = await deepc(['compress', big, '--out', out, '--threads', '2'], {
    onProgress: (kill) => kill('SIGINT'),
  });
  assert.equal(run.code, 130);
  assert.match(run.stderr, /error: cancelled\n$/);
  assert.equal(existsSync(out), false);
  assert.deepEqual(leftovers(), []);
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`${signal} ends a model that loops for ever inside the runtime`, async () => {
    const data = join(folder, 'loop.csv');
    const row = `${'0.5,'.repeat(64)}1\n`;
    writeFileSync(data, row.repeat(8));
    const args = ['evaluate', resolve('test/fixtures/hostile/loop.onnx'), '--data', data];
    const run = await deepc(args, {
      onProgress: (kill) =>
        setTimeout(() => {
          kill(signal);
        }, 1500),
    });
    assert.equal(run.code, code, run.stderr);
    assert.match(run.stderr, /error: cancelled\n$/);
  });

test('a killed process leaves nothing under the final name, and the next run cleans up', async () => {
  const out = join(folder, 'killed.dcz');
  const run = await deepc(['compress', big, '--out', out, '--threads', '2'], {
    onProgress: (kill) => setTimeout(() => kill('SIGKILL'), 150),
  });
  assert.equal(run.code, null);
  assert.equal(existsSync(out), false);
  await succeeds(['compress', model, '--out', out]);
  // what did the work ends a moment after the process that was killed; a file of one that still runs stays
  for (let more = 0; more < 20 && leftovers().length > 0; more++)
    await succeeds(['compress', model, '--out', out, '--force']);
  assert.deepEqual(leftovers(), []);
});

test('a reader that goes away does not make it fail', async () => {
  const run = await deepc(['inspect', model, '--json'], { closeStdout: true });
  assert.equal(run.code, 0, run.stderr);
  assert.doesNotMatch(run.stderr, /EPIPE|error/);
});

test('relative paths are shown as they were given', async () => {
  const run = await deepc(['inspect', 'small.onnx', '--json']);
  assert.equal((JSON.parse(run.stdout) as InspectResult).model.path, 'small.onnx');
});
