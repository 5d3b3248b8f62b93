/**
 * A reporter for node's test runner: shows what failed (in full), what was skipped (and why) and
 * what was slow; writes the counts to the file DC_COUNTS.
 */
import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';

const slow = 10_000; // ms

// eslint-disable-next-line import-x/no-default-export -- what node wants of a reporter
export default async function* reporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { name, skip, todo, details } = data;
    const inside = details.error?.failureType === 'subtestsFailed'; // counted where it happened
    if (details.type === 'suite' && (type === 'test:pass' || inside)) continue;
    const ms = Math.round(details.duration_ms);
    if (skip !== undefined || todo !== undefined) {
      counts.skipped++;
      const why = skip ?? todo;
      yield `  skipped: ${name}${typeof why === 'string' && why ? ` (${why})` : ''}\n`;
    } else if (type === 'test:pass') {
      counts.passed++;
      if (ms >= slow) yield `  slow: ${name} (${(ms / 1000).toFixed(1)} s)\n`;
    } else {
      counts.failed++;
      const { cause, message } = details.error;
      yield `  FAILED: ${name} (${ms} ms) ${data.file ?? ''}:${data.line ?? ''}\n`;
      const text = cause?.stack ?? inspect(cause ?? message ?? details.error);
      yield `${text.slice(0, 4000).replace(/^/gm, '    ')}\n`;
    }
  }
  if (process.env.DC_COUNTS) writeFileSync(process.env.DC_COUNTS, JSON.stringify(counts));
  yield `  ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
