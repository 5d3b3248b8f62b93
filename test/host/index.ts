/**
 * The suite that runs inside the VS Code extension host: `run` is what VS Code calls, in the
 * npm-packaged server as on a desktop (@vscode/test-electron). DC_HOST_MODE chooses the files:
 * `trusted` or `restricted`. How each test ends goes to the journal DC_JOURNAL; when all are over,
 * the file DC_HOST_RESULTS is written.
 */
import Mocha from 'mocha';
import { writeFileSync } from 'node:fs';
import { note } from '../../scripts/lib/journal.mjs';
import { limit } from '../../scripts/lib/pace.mjs';

export interface HostResults {
  passed: number;
  failed: number;
  /** Lines for people: what failed and why, what was measured. */
  lines: string[];
}

type Load = () => Promise<unknown>;

/** Loaded one by one after mocha has put its functions in place. DC_HOST_ONLY names some of them. */
const files: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  trusted: {
    activation: () => import('./activation.test.ts'),
    compress: () => import('./compress.test.ts'),
    retrain: () => import('./retrain.test.ts'),
    settings: () => import('./settings.test.ts'),
    inspector: () => import('./inspector.test.ts'),
    report: () => import('./report.test.ts'),
    eie: () => import('./eie.test.ts'),
    modelEditor: () => import('./model-editor.test.ts'),
    sharedView: () => import('./shared-view.test.ts'),
    tools: () => import('./tools.test.ts'),
    tasks: () => import('./tasks.test.ts'),
  },
  restricted: { restricted: () => import('./restricted.test.ts') },
};

export async function run(): Promise<void> {
  const mode = process.env['DC_HOST_MODE'] ?? 'trusted';
  const results: HostResults = { passed: 0, failed: 0, lines: [] };
  const mocha = new Mocha({ ui: 'bdd', timeout: limit(60_000), reporter: class {} as never });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  const only = process.env['DC_HOST_ONLY']?.split(',');
  for (const [name, load] of Object.entries(files[mode] ?? {})) {
    if (only && name !== 'activation' && !only.includes(name)) continue;
    const before = mocha.suite.total();
    await load();
    if (mocha.suite.total() === before) throw new Error(`${name} has no test`);
  }
  const journal = process.env['DC_JOURNAL'];
  const label = (test: Mocha.Test): string => `${mode}: ${test.fullTitle()}`;
  mocha.suite.eachTest((test: Mocha.Test) => note(journal, 'waits', label(test)));
  await new Promise<void>((done) => {
    const runner = mocha.run(() => done());
    runner.on('pass', (test) => {
      results.passed++;
      note(journal, 'passed', label(test));
      const { measured } = test as { measured?: string };
      if (measured) results.lines.push(`measured: ${test.fullTitle()}: ${measured}`);
    });
    runner.on('pending', (test) => {
      note(journal, 'skipped', label(test));
      results.lines.push(`skipped: ${test.fullTitle()}`);
    });
    runner.on('fail', (test, error: Error) => {
      results.failed++;
      note(journal, 'failed', label(test));
      results.lines.push(`FAILED: ${test.fullTitle()}\n${error.stack ?? String(error)}`);
    });
  });
  const file = process.env['DC_HOST_RESULTS'];
  if (file) writeFileSync(file, JSON.stringify(results));
  else console.log(results.lines.join('\n'));
  if (results.failed || !results.passed)
    throw new Error(`${results.passed} passed, ${results.failed} failed`);
}
