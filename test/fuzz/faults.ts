/**
 * Faults while files are written: a kill at any moment, a full and a read-only disk, two writers at once,
 * an input that changes meanwhile. Whatever happens, each output is the old file or the whole new one, and
 * nothing else in the folder is touched. Every command that writes is in writers.ts. DC_FUZZ_CASES asks
 * for more kills.
 */
import assert from 'node:assert/strict';
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import test, { before, describe, type TestContext } from 'node:test';
import { mulberry32 } from '../../src/model/random.ts';
import { buildEngine, temporaryFolder } from '../unit/engine/support.ts';
import { makeInputs, writers, type Writer } from './writers.ts';

const kills = Math.ceil(Number(process.env['DC_FUZZ_CASES'] ?? 6000) / 6000);
const root = temporaryFolder();
const inputs = join(root, 'inputs');
const scratch = join(root, 'tmp');
const random = mulberry32(20261129);
/** Bytes of the disk that is filled. */
const diskBytes = 4 << 20;
let cli = '';
let made = 0;

type Content = ReadonlyMap<string, Buffer>;

interface Run {
  readonly code: number | null;
  readonly errors: string;
  /** Milliseconds from the first change of the folder to the end; 0 without a change. */
  readonly writing: number;
}

before(async () => {
  ({ cli } = await buildEngine(root));
  fs.mkdirSync(join(dirname(cli), 'webview'));
  const page = '<title>__TITLE__</title><script id="data">__DATA__</script>';
  fs.writeFileSync(join(dirname(cli), 'webview', 'standalone.html'), page);
  fs.mkdirSync(inputs);
  fs.mkdirSync(scratch);
  makeInputs(inputs);
  for (const name of ['m', 'e']) {
    const args = ['compress', `${name}.onnx`, '--out', `${name}.dcz`, '--preset', 'eie'];
    const { code, errors } = await run([...args, '--threads', '1'], inputs);
    assert.equal(code, 0, errors);
  }
});

/** The command in one process, which a kill ends at once. @param writing called at the first change */
function run(
  args: readonly string[],
  cwd: string,
  writing: (child: ChildProcess) => void = () => {},
): Promise<Run> {
  return new Promise((resolve) => {
    const child = fork(cli, args, {
      ...{ cwd, silent: true },
      env: { ...process.env, DEEPC_SUPERVISED: '1', TMPDIR: scratch },
    });
    let errors = '';
    let first = 0;
    child.stderr?.on('data', (piece: Buffer) => (errors += piece.toString()));
    child.stdout?.resume();
    const seen = (_: string, name: string | null): void => {
      if (first > 0 || !name?.includes('.tmp')) return;
      first = performance.now();
      writing(child);
    };
    const folders = [cwd, join(cwd, 'to')].filter((folder) => fs.existsSync(folder));
    const watchers = folders.map((folder) => fs.watch(folder, seen));
    child.on('close', (code) => {
      for (const watcher of watchers) watcher.close();
      resolve({ code, errors, writing: first === 0 ? 0 : performance.now() - first });
    });
  });
}

/** Every file below a folder. */
function contentOf(folder: string): Content {
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(folder, path), fs.readFileSync(path)];
    }),
  );
}

/** The inputs, and an old file in the place of each output that may be replaced. */
function prepare({ outputs }: Writer, whole: Content, folder: string): Content {
  fs.cpSync(inputs, folder, { recursive: true });
  for (const { path, before: there } of outputs) {
    if (there === 'free') continue;
    const old = path.endsWith('.onnx')
      ? fs.readFileSync(join(inputs, 'other.onnx'))
      : Buffer.concat([whole.get(path) ?? Buffer.of(), Buffer.from('\n')]);
    fs.writeFileSync(join(folder, path), old);
  }
  return contentOf(folder);
}

function ownFolder(): string {
  const folder = join(root, `case${made++}`);
  fs.mkdirSync(folder);
  return folder;
}

const temporary = /(^|\/)\.([^/]+)\.[0-9a-f]{8}-\d+-[0-9a-f]{8}\.tmp(\/|$)/;

/**
 * @param killed what is half written may lie there, under a name that says whose it is
 * @param failed a checkpoint to go on from may lie there
 * @returns how many outputs are new
 */
function check(
  { outputs, transient = [] }: Writer,
  whole: Content,
  old: Content,
  folder: string,
  { killed = false, failed = killed }: { killed?: boolean; failed?: boolean } = {},
): number {
  const now = contentOf(folder);
  const own = [...outputs.map(({ path }) => path), ...transient];
  const names = own.map((path) => basename(path));
  for (const path of new Set([...old.keys(), ...now.keys()])) {
    const output = outputs.find((o) => o.path === path);
    if (output || (failed && transient.includes(path))) continue;
    const half = temporary.exec(path);
    if (killed && half && names.includes(half[2]!)) continue;
    assert.deepEqual(now.get(path), old.get(path), `${path} was touched`);
  }
  const isNew = outputs.map(({ path, isWhole }) => {
    const bytes = now.get(path);
    const before = old.get(path);
    if (bytes === undefined ? before === undefined : before?.equals(bytes)) return false;
    assert.ok(bytes !== undefined, `${path} is lost`);
    assert.ok(isWhole ? isWhole(bytes) : whole.get(path)!.equals(bytes), `${path} is not whole`);
    return true;
  });
  // the model of a set comes last
  if (outputs.some((o) => o.before === 'free') && isNew[0])
    assert.ok(!isNew.includes(false), 'a model without its data');
  return isNew.filter((is) => is).length;
}

const forced = ({ args }: Writer): readonly string[] =>
  args[0] === 'sensitivity' ? args : [...args, '--force'];

/** One line beside those of progress and of what is to be written. */
function refusedWith(result: Run, why: RegExp): void {
  assert.equal(result.code, 1, result.errors);
  const lines = result.errors.trimEnd().split('\n');
  assert.equal(lines.filter((line) => line.startsWith('error: ')).length, 1, result.errors);
  assert.match(lines.at(-1) ?? '', why);
}

async function killedAtAnyMoment(writer: Writer, whole: Content, writing: number): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const folder = ownFolder();
    const old = prepare(writer, whole, folder);
    const moment = (writing * (kill + random())) / kills;
    await run(forced(writer), folder, (child) => {
      setTimeout(() => child.kill('SIGKILL'), moment);
    });
    const finished = check(writer, whole, old, folder, { killed: true });
    if (finished < writer.outputs.length) {
      // what a kill left is no obstacle, and goes
      const { code, errors } = await run(forced(writer), folder);
      assert.equal(code, 0, errors);
      assert.equal(check(writer, whole, old, folder), writer.outputs.length);
    }
    fs.rmSync(folder, { recursive: true });
  }
}

async function twoAtOnce(writer: Writer, whole: Content): Promise<void> {
  const folder = ownFolder();
  const old = prepare(writer, whole, folder);
  const results = await Promise.all([run(forced(writer), folder), run(forced(writer), folder)]);
  for (const result of results)
    if (result.code !== 0)
      refusedWith(result, /^error: .*(already exists|changed|not replaced|is being)/);
  assert.ok(
    results.some(({ code }) => code === 0),
    'neither of two wrote',
  );
  assert.equal(check(writer, whole, old, folder), writer.outputs.length);
}

async function inputChangesMeanwhile(writer: Writer, whole: Content): Promise<void> {
  const folder = ownFolder();
  const old = new Map(prepare(writer, whole, folder));
  const input = writer.args[1]!;
  const changed = Buffer.concat([old.get(input)!, Buffer.from('changed')]);
  old.set(input, changed);
  const result = await run(forced(writer), folder, () =>
    fs.writeFileSync(join(folder, input), changed),
  );
  if (result.code !== 0) refusedWith(result, /^error: /);
  check(writer, whole, old, folder, { failed: result.code !== 0 });
}

/** A small disk of this test's own; undefined where none can be made. */
function disk(t: TestContext): string | undefined {
  const folder = ownFolder();
  const args = ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', folder];
  if (process.getuid?.() !== 0 || spawnSync('mount', args).status !== 0) return undefined;
  t.after(() => spawnSync('umount', [folder]));
  return folder;
}

/** Leaves no room for a byte. */
function fill(folder: string): void {
  const descriptor = fs.openSync(join(folder, 'ballast'), 'w');
  try {
    for (const size of [1 << 16, 4096]) while (fs.writeSync(descriptor, Buffer.alloc(size)) > 0);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Declares the tests of some writers. */
export function tryFaults(some: (writer: Writer) => boolean): void {
  describe(
    'whatever goes wrong, an output is the old file or the whole new one',
    { concurrency: 2 },
    () => {
      for (const writer of writers.filter(some))
        test(writer.name, async (t) => {
          const folder = ownFolder();
          const nothing = prepare(writer, new Map(), folder);
          for (const { path } of writer.outputs) fs.rmSync(join(folder, path), { force: true });
          const { code, errors, writing } = await run(writer.args, folder);
          assert.equal(code, 0, errors);
          const whole = contentOf(folder);
          assert.equal(check(writer, whole, nothing, folder), writer.outputs.length);

          await t.test(`killed at ${kills} moments`, () =>
            killedAtAnyMoment(writer, whole, writing),
          );
          await t.test('two at once', () => twoAtOnce(writer, whole));
          await t.test('its input changes', () => inputChangesMeanwhile(writer, whole));
          await t.test('a full disk, and one that is read-only', async (own) => {
            const small = disk(own);
            if (small === undefined) return own.skip('only root makes a disk to fill');
            prepare(writer, whole, small);
            fill(small);
            const old = new Map(contentOf(small));
            refusedWith(
              await run(forced(writer), small),
              /^error: .*(the disk is full|0 B are free)/,
            );
            assert.equal(check(writer, whole, old, small), 0);
            fs.rmSync(join(small, 'ballast'));
            old.delete('ballast');
            assert.equal(spawnSync('mount', ['-o', 'remount,ro', small]).status, 0);
            refusedWith(await run(forced(writer), small), /^error: .*the disk is read-only/);
            assert.equal(check(writer, whole, old, small), 0);
          });
        });
    },
  );
}
