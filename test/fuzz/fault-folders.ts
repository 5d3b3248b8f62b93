/**
 * Folders in which writers run (writers.ts), in this process or one of their own, and what has to be true of
 * them whatever went wrong: each output is the old file or the whole new one, nothing else is touched.
 */
import assert from 'node:assert/strict';
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { basename, join, relative } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { parseCommand } from '../../src/cli/arguments.ts';
import { runCommand } from '../../src/cli/commands.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { temporaryFolder } from '../unit/engine/support.ts';
import { Killed } from './faulty-fs.ts';
import { makeInputs, type Writer } from './writers.ts';

const project = process.cwd();
const ortFolder = join(project, 'node_modules', 'onnxruntime-web', 'dist');
const root = fs.realpathSync(temporaryFolder());
const inputs = join(root, 'inputs');
const scratch = join(root, 'tmp');
const page = join(root, 'page.html');
/** Bytes of the disk that is filled. */
const diskBytes = 4 << 20;
const { pid } = process;
let made = 0;
let runs = 0;

export type Content = ReadonlyMap<string, Buffer>;

export interface Run {
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
export async function run(args: readonly string[], cwd: string): Promise<Run> {
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

/** The command of a built program in a process of its own. @param writing called at the first change of the folder */
export function runAlone(
  cli: string,
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
export function contentOf(folder: string): Content {
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
export function prepare({ outputs }: Writer, whole: Content, folder: string): Content {
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

export function ownFolder(): string {
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
export function check(
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

export const forced = ({ args }: Writer): readonly string[] =>
  args[0] === 'sensitivity' ? args : [...args, '--force'];

/** One line beside those of progress and of what is to be written. */
export function refusedWith(result: Run, why: RegExp): void {
  assert.equal(result.code, 1, result.errors);
  const lines = result.errors.trimEnd().split('\n');
  assert.equal(lines.filter((line) => line.startsWith('error: ')).length, 1, result.errors);
  assert.match(lines.at(-1) ?? '', why);
}

/** A small disk of this test's own; undefined where none can be made. */
export function disk(t: TestContext): string | undefined {
  const folder = ownFolder();
  const args = ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', folder];
  if (process.getuid?.() !== 0 || spawnSync('mount', args).status !== 0) return undefined;
  t.after(() => spawnSync('umount', [folder]));
  return folder;
}

/** Leaves no room for a byte. */
export function fill(folder: string): void {
  const descriptor = fs.openSync(join(folder, 'ballast'), 'w');
  try {
    for (const size of [1 << 16, 4096]) while (fs.writeSync(descriptor, Buffer.alloc(size)) > 0);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    fs.closeSync(descriptor);
  }
}
