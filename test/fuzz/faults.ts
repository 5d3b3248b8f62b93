/**
 * Faults while files are written: the end of the process at any change of a file, a disk that is full from
 * there on, an input that changes then; a disk that is really full, or read-only; and for writers that hold
 * more than one file together, a kill of a real process and two of them at once. Whatever happens, each output
 * is the old file or the whole new one, and nothing else in the folder is touched. Every command that writes
 * is in writers.ts. DC_FUZZ_CASES asks for more kills.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { mulberry32 } from '../../src/model/random.ts';
import { buildEngine } from '../unit/engine/support.ts';
import {
  check,
  contentOf,
  disk,
  fill,
  forced,
  ownFolder,
  prepare,
  refusedWith,
  run,
  runAlone,
  type Content,
  type Run,
} from './fault-folders.ts';
import { Killed, withCalls, type Call } from './faulty-fs.ts';
import { writers, type Writer } from './writers.ts';

const kills = Math.ceil(Number(process.env['DC_FUZZ_CASES'] ?? 6000) / 6000);
const random = mulberry32(20261129);
let cli = '';

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
    await runAlone(cli, forced(writer), folder, (child) => {
      setTimeout(() => child.kill('SIGKILL'), moment);
    });
    await goesOn(writer, whole, old, folder);
  }
}

async function twoAtOnce(writer: Writer, whole: Content): Promise<void> {
  const folder = ownFolder();
  const old = prepare(writer, whole, folder);
  const both = [1, 2].map(() => runAlone(cli, forced(writer), folder));
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
