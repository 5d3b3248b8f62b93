/**
 * Faults while files are written: the end of the process at any change of a file, a disk that is full from
 * there on, an input that changes then; a disk that is really full, or read-only; and for writers that hold
 * more than one file together, a kill of a real process and two of them at once. Whatever happens, each output
 * is the old file or the whole new one, and nothing else in the folder is touched. Every command that writes
 * is in writers.ts. DC_FUZZ_CASES asks for more kills.
 */
import assert from 'node:assert/strict';
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { basename, join, relative } from 'node:path';
import test, { after, before, describe, type TestContext } from 'node:test';
import { parseCommand } from '../../src/cli/arguments.ts';
import { runCommand } from '../../src/cli/commands.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { buildEngine, temporaryFolder } from '../unit/engine/support.ts';
import { Killed, withCalls, type Call } from './faulty-fs.ts';
import { makeInputs, writers, type Writer } from './writers.ts';

const kills = Math.ceil(Number(process.env['DC_FUZZ_CASES'] ?? 6000) / 6000);
const project = process.cwd();
const ortFolder = join(project, 'node_modules', 'onnxruntime-web', 'dist');
const root = fs.realpathSync(temporaryFolder());
const inputs = join(root, 'inputs');
const scratch = join(root, 'tmp');
const page = join(root, 'page.html');
const random = mulberry32(20261129);
/** Bytes of the disk that is filled. */
const diskBytes = 4 << 20;
const { pid } = process;
let cli = '';
let made = 0;
let runs = 0;

type Content = ReadonlyMap<string, Buffer>;

interface Run {
  readonly code: number | null;
  readonly errors: string;
}

before(async () => {
  fs.writeFileSync(page, '<title>__TITLE__</title><script id="data">__DATA__</script>');
  fs.mkdirSync(inputs);
  fs.mkdirSync(scratch);
  process.env['TMPDIR'] = scratch;
  makeInputs(inputs);
  for (const name of ['m', 'e']) {
    const args = ['compress', `${name}.onnx`, '--out', `${name}.dcz`, '--preset', 'eie'];
    const { code, errors } = await run([...args, '--threads', '1'], inputs);
    assert.equal(code, 0, errors);
  }
});
after(() => process.chdir(project));

/** The command in this process, under the number of one that is no more when it is over. */
async function run(args: readonly string[], cwd: string): Promise<Run> {
  let errors = '';
  const write = (text: string): boolean => ((errors += text), true);
  process.chdir(cwd);
  Object.defineProperty(process, 'pid', { value: 10_000_000 + runs++, configurable: true });
  const command = parseCommand(args);
  assert.ok(typeof command === 'object');
  try {
    await runCommand(command, {
      runtime: { workerFile: undefined, ortFolder, pageTemplate: page }, // as the process of its own has it
      signal: new AbortController().signal,
      stderr: { write } as NodeJS.WriteStream,
    });
    return { code: 0, errors };
  } catch (error) {
    if (!(error instanceof DeepCompressionError || error instanceof Killed)) throw error;
    return { code: 1, errors: `${errors}error: ${error.message}` };
  } finally {
    Object.defineProperty(process, 'pid', { value: pid, configurable: true });
    process.chdir(project);
  }
}

/** The command in a process of its own. @param writing called at the first change of the folder */
function runAlone(
  args: readonly string[],
  cwd: string,
  writing: (child: ChildProcess) => void = () => {},
): Promise<Run> {
  return new Promise((done) => {
    const env = { ...process.env, DEEPC_SUPERVISED: '1' };
    const child = fork(cli, args, { cwd, silent: true, env });
    let errors = '';
    let isWriting = false;
    child.stderr?.on('data', (piece: Buffer) => (errors += piece.toString()));
    child.stdout?.resume();
    const watcher = fs.watch(cwd, (_, name) => {
      if (isWriting || !name?.includes('.tmp')) return;
      isWriting = true;
      writing(child);
    });
    child.on('close', (code) => {
      watcher.close();
      done({ code, errors });
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

/** Every kind of call on every file, the first and the last of it. */
function moments(calls: readonly Call[]): readonly number[] {
  const kind = ({ name, path }: Call): string =>
    `${name} ${path.replace(/[0-9a-f]{8}-\d+-[0-9a-f]{8}/, '')}`;
  const kinds = calls.map(kind);
  return calls
    .map((_, i) => i)
    .filter((i) => {
      return kinds.indexOf(kinds[i]!) === i || kinds.lastIndexOf(kinds[i]!) === i;
    });
}

/** What a kill left is no obstacle, and goes. */
async function goesOn(writer: Writer, whole: Content, old: Content, folder: string): Promise<void> {
  const finished = check(writer, whole, old, folder, { killed: true });
  if (finished === writer.outputs.length) return;
  const { code, errors } = await run(forced(writer), folder);
  assert.equal(code, 0, errors);
  assert.equal(check(writer, whole, old, folder), writer.outputs.length);
}

async function killedAt(writer: Writer, whole: Content, moment: number): Promise<void> {
  const folder = ownFolder();
  const old = prepare(writer, whole, folder);
  await withCalls(
    folder,
    (_, i) => {
      if (i >= moment) throw new Killed('killed');
    },
    () => run(forced(writer), folder),
  );
  await goesOn(writer, whole, old, folder);
  fs.rmSync(folder, { recursive: true });
}

async function fullFrom(writer: Writer, whole: Content, moment: number): Promise<void> {
  const folder = ownFolder();
  const old = prepare(writer, whole, folder);
  let result: Run = { code: null, errors: '' };
  await withCalls(
    folder,
    ({ name }, i) => {
      if (i >= moment && !/^(rm|unlink)/.test(name))
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    },
    async () => void (result = await run(forced(writer), folder)),
  );
  if (result.code !== 0) refusedWith(result, /^error: .*the disk is full/);
  check(writer, whole, old, folder, { failed: result.code !== 0 });
  fs.rmSync(folder, { recursive: true });
}

async function inputChangesAt(writer: Writer, whole: Content, moment: number): Promise<void> {
  const folder = ownFolder();
  const old = new Map(prepare(writer, whole, folder));
  const input = writer.args[1]!;
  const changed = Buffer.concat([old.get(input)!, Buffer.from('changed')]);
  old.set(input, changed);
  let result: Run = { code: null, errors: '' };
  const write = fs.writeFileSync;
  await withCalls(
    folder,
    (_, i) => {
      if (i === moment) write(join(folder, input), changed);
    },
    async () => void (result = await run(forced(writer), folder)),
  );
  if (result.code !== 0) refusedWith(result, /^error: /);
  check(writer, whole, old, folder, { failed: result.code !== 0 });
  fs.rmSync(folder, { recursive: true });
}

async function killedForReal(writer: Writer, whole: Content): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const folder = ownFolder();
    const old = prepare(writer, whole, folder);
    const moment = 20 * random();
    await runAlone(forced(writer), folder, (child) => {
      setTimeout(() => child.kill('SIGKILL'), moment);
    });
    await goesOn(writer, whole, old, folder);
  }
}

async function twoAtOnce(writer: Writer, whole: Content): Promise<void> {
  const folder = ownFolder();
  const old = prepare(writer, whole, folder);
  const both = [1, 2].map(() => runAlone(forced(writer), folder));
  const results = await Promise.all(both);
  for (const result of results)
    if (result.code !== 0)
      refusedWith(result, /^error: .*(already exists|changed|not replaced|is being)/);
  assert.ok(
    results.some(({ code }) => code === 0),
    'neither of two wrote',
  );
  assert.equal(check(writer, whole, old, folder), writer.outputs.length);
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
  describe('whatever goes wrong, an output is the old file or the whole new one', () => {
    for (const writer of writers.filter(some))
      test(writer.name, async (t) => {
        const folder = ownFolder();
        const nothing = prepare(writer, new Map(), folder);
        for (const { path } of writer.outputs) fs.rmSync(join(folder, path), { force: true });
        await run(writer.args, folder);
        const whole = contentOf(folder);
        assert.equal(check(writer, whole, nothing, folder), writer.outputs.length);
        const again = ownFolder();
        prepare(writer, whole, again);
        const calls = await withCalls(
          again,
          () => {},
          () => run(forced(writer), again),
        );
        const places = moments(calls);
        assert.ok(places.length >= 4, JSON.stringify(calls));

        for (const [what, fault] of [
          ['ends', killedAt],
          ['finds the disk full', fullFrom],
          ['finds its input changed', inputChangesAt],
        ] as const)
          await t.test(`it ${what} at each of ${places.length} changes`, async () => {
            for (const place of places) await fault(writer, whole, place);
          });
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
        if (!writer.processes) return;
        ({ cli } = await buildEngine(ownFolder()));
        await t.test(`processes of its own, killed ${kills} times`, () =>
          killedForReal(writer, whole),
        );
        await t.test('two processes at once', () => twoAtOnce(writer, whole));
      });
  });
}
