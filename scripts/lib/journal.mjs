/**
 * The journal of a suite: a line for every test that waits and for how it ended, written as it
 * happens. Whoever ends a suite reads from it what passed and what did not run.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** @typedef {'waits' | 'passed' | 'failed' | 'skipped' | 'closed'} Event `closed`: a file or a group */

/**
 * @param {string | undefined} file undefined: nobody reads
 * @param {Event} event
 * @param {string} name the same at both ends of a test
 */
export function note(file, event, name) {
  if (file) appendFileSync(file, `${JSON.stringify([event, name])}\n`);
}

/**
 * @param {string} file
 * @returns {{ passed: string[], failed: string[], skipped: string[], unfinished: string[] }}
 */
export function readJournal(file) {
  const ended = { passed: [], failed: [], skipped: [], closed: [] };
  /** @type {Map<string, number>} */
  const open = new Map();
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  for (const line of lines) {
    const [event, name] = JSON.parse(line);
    open.set(name, (open.get(name) ?? 0) + (event === 'waits' ? 1 : -1));
    if (event !== 'waits') ended[event].push(name);
  }
  const { passed, failed, skipped } = ended;
  const unfinished = [...open].filter(([, count]) => count > 0).map(([name]) => name);
  return { passed, failed, skipped, unfinished };
}

/** Prints what a suite that was ended had done, and what not. */
export function tellUnfinished(file, log = console.log) {
  const { passed, unfinished } = readJournal(file);
  const list = (names) => names.map((name) => `\n    ${name}`).join('');
  log(`  passed before that: ${passed.length}${list(passed)}`);
  log(`  not finished or not run: ${unfinished.length}${list(unfinished)}`);
}
