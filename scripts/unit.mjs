/**
 * Bundles test files and runs them with node's test runner.
 *   node scripts/unit.mjs                      every *.test.ts of unit, conformance and fuzz
 *   node scripts/unit.mjs test/unit/model …    those below the given folders or files
 * Flags (--…) go to node's runner. DC_JOURNAL names a file for what happened (scripts/test.mjs).
 */
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleEach, temporaryOut, testFiles } from './lib/bundle.mjs';
import { buildEngine } from './lib/engine.mjs';
import { limit } from './lib/pace.mjs';
import { run } from './lib/process.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const args = process.argv.slice(2);
const places = args.filter((a) => !a.startsWith('--'));
const flags = args.filter((a) => a.startsWith('--'));

const out = temporaryOut('unit');
process.on('exit', () => rmSync(out, { recursive: true, force: true }));
const files = testFiles(places.length ? places : ['test/unit', 'test/conformance', 'test/fuzz']);
if (!files.length) {
  console.error(`no *.test.ts below ${places.join(', ')}`);
  process.exit(1);
}
const { built, holds } = await bundleEach(files, out);
if (holds('scripts/lib/engine.mjs')) {
  const engine = resolve(out, 'engine');
  await buildEngine(engine);
  process.env.DC_ENGINE = engine;
}
const hours = 3_600_000;
const { DC_FUZZ_CASES } = process.env;
const { code } = await run(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    `--test-concurrency=${availableParallelism() + 1}`, // some wait for processes
    `--test-timeout=${DC_FUZZ_CASES ? 6 * hours : limit(400_000)}`, // a file of tests
    '--test-reporter=./scripts/lib/reporter.mjs',
    '--test-reporter-destination=stdout',
    ...flags,
    ...built,
  ],
  { timeout: 7 * hours }, // scripts/test.mjs ends a suite that hangs sooner
);
process.exitCode = code;
