/**
 * A reporter for node's test runner: shows what failed (in full), what was skipped (and why) and
 * what was slow; keeps the journal DC_JOURNAL. A file of tests that ran none has failed.
 */
import { relative } from 'node:path';
import { inspect } from 'node:util';
import { note } from './journal.mjs';

const slow = 10_000; // ms
const journal = process.env.DC_JOURNAL;
/** With a pattern, files without a fitting test are no failure. */
const some = process.execArgv.some((flag) => flag.startsWith('--test-name-pattern'));

// eslint-disable-next-line import-x/no-default-export -- what node wants of a reporter
export default async function* reporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
    if (!/^test:(enqueue|complete|pass|fail)$/.test(type)) continue;
    const { name, skip, todo, details } = data;
    const isFile = name === data.file;
    const label = labelOf(data);
    if (type === 'test:enqueue') note(journal, 'waits', label);
    if (type === 'test:complete' && isFile) note(journal, 'closed', label);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const inside = details.error?.failureType === 'subtestsFailed'; // counted where it happened
    if (details.type === 'suite' && (type === 'test:pass' || inside)) {
      note(journal, 'closed', label);
      continue;
    }
    const ms = Math.round(details.duration_ms);
    if (isFile && type === 'test:pass' && some) continue;
    if (skip !== undefined || todo !== undefined) {
      counts.skipped++;
      note(journal, 'skipped', label);
      const why = skip ?? todo;
      yield `  skipped: ${name}${typeof why === 'string' && why ? ` (${why})` : ''}\n`;
    } else if (type === 'test:pass' && !isFile) {
      counts.passed++;
      note(journal, 'passed', label);
      if (ms >= slow) yield `  slow: ${name} (${(ms / 1000).toFixed(1)} s)\n`;
    } else {
      counts.failed++;
      note(journal, 'failed', label);
      yield `  FAILED: ${name} (${ms} ms) ${data.file ?? ''}:${data.line ?? ''}\n`;
      const { cause, message } = details.error ?? { message: 'the file has no test' };
      const text = cause?.stack ?? inspect(cause ?? message ?? details.error);
      yield `${text.slice(0, 4000).replace(/^/gm, '    ')}\n`;
    }
  }
  yield `  ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}

/** Names a test by its file (built below dist-test/SUITE-…/) and line. */
function labelOf({ name, file = '', line = 0 }) {
  const path = relative('dist-test', file)
    .replace(/^[^/\\]*[/\\]/, '')
    .replace(/\.js$/, '');
  return name === file ? path : `${path}:${line} ${name}`;
}
