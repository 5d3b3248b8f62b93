/**
 * Builds and runs test/ui: Playwright over the real workbench, under node's own test runner. All
 * files run in one process, so that they share a server and a browser. Started by
 * scripts/test.mjs, which says where VS Code and Chromium are (DC_VSCODE_*, DC_CHROMIUM).
 */
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTogether, temporaryOut, testFiles } from './lib/bundle.mjs';
import { must, run } from './lib/process.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const args = process.argv.slice(2);
const places = args.filter((a) => !a.startsWith('--'));
const flags = args.filter((a) => a.startsWith('--'));
const out = temporaryOut('ui');
process.on('exit', () => rmSync(out, { recursive: true, force: true }));
const all = join(out, 'all.test.js');
await bundleTogether(testFiles(places.length ? places : ['test/ui']), all);
// the packaged extension, as a user gets it
const vsix = resolve(out, 'test.vsix');
await must(process.execPath, ['scripts/package.mjs', '--unchecked', `--out=${vsix}`], {
  timeout: 120_000,
});
const { code } = await run(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-reporter=./scripts/lib/reporter.mjs',
    '--test-reporter-destination=stdout',
    ...flags,
    all,
  ],
  { env: { ...process.env, DC_VSIX: vsix }, timeout: 1_440_000 },
);
process.exitCode = code;
