/** The runner of tests itself: what was ended says what ran, and an empty file of tests is a failure. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'node:test';
import { note, readJournal } from '../../../scripts/lib/journal.mjs';
import { temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('a journal tells tests of one name apart by how many ended', () => {
  const journal = join(folder, 'twice.jsonl');
  for (const name of ['twice', 'twice', 'group', 'once']) note(journal, 'waits', name);
  note(journal, 'closed', 'group');
  note(journal, 'passed', 'twice');
  note(journal, 'skipped', 'once');
  assert.deepEqual(readJournal(journal), {
    passed: ['twice'],
    failed: [],
    skipped: ['once'],
    unfinished: ['twice'],
  });
});

test('a run that is ended has noted what passed and what did not, and what had no test', async () => {
  const journal = join(folder, 'ended.jsonl');
  const files = [
    file('empty.test.mjs', ''),
    file(
      'hangs.test.mjs',
      `import test from 'node:test';
       test('passes', () => {});
       test('hangs', () => new Promise((done) => setTimeout(done, 1e6)));
       test('never runs', () => {});`,
    ),
  ];
  const env: NodeJS.ProcessEnv = { ...process.env, DC_JOURNAL: journal };
  delete env['NODE_TEST_CONTEXT'];
  const reporter = resolve('scripts/lib/reporter.mjs');
  const child = spawn(
    process.execPath,
    ['--test', '--test-concurrency=1', `--test-reporter=${reporter}`, ...files],
    { env, stdio: 'ignore', detached: true },
  );
  const ended = new Promise((done) => child.once('close', done));
  const passed = (): boolean =>
    existsSync(journal) && /"passed",".*passes"/.test(readFileSync(journal, 'utf8'));
  while (!passed() && child.exitCode === null) await new Promise((next) => setTimeout(next, 20));
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
  const bare = (names: readonly string[]): string[] =>
    names.map((n) => n.replace(/^.*[/:\d ]/, ''));
  const noted = readJournal(journal);
  assert.deepEqual(bare(noted.failed), ['empty.test.mjs']);
  assert.deepEqual(bare(noted.passed), ['passes']);
  assert.equal(noted.unfinished.length, 3, noted.unfinished.join());
  assert.match(noted.unfinished.join(), /hangs\.test\.mjs.* hangs,.* never runs/);
});
