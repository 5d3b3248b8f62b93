/**
 * Builds and runs test/ui: Playwright over the real workbench, under node's own test runner. The
 * files are divided among two processes, each with a server and a browser that its files share.
 * Started by scripts/test.mjs, which says where VS Code and Chromium are (DC_VSCODE_*, DC_CHROMIUM).
 *   node scripts/ui.mjs [FILES…] [--FLAGS of node's runner]
 */
import { rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTogether, temporaryOut, testFiles } from './lib/bundle.mjs';
import { limit } from './lib/pace.mjs';
import { must, run } from './lib/process.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const args = process.argv.slice(2);
const places = args.filter((a) => !a.startsWith('--'));
const flags = args.filter((a) => a.startsWith('--'));
const out = temporaryOut('ui');
process.on('exit', () => rmSync(out, { recursive: true, force: true }));

/** Two parts of about the same size. */
function divided(files) {
  const parts = [1, 2].map(() => ({ size: 0, files: [] }));
  const sized = files.map((file) => ({ file, size: statSync(file).size }));
  for (const { file, size } of sized.sort((a, b) => b.size - a.size)) {
    const least = parts[0].size <= parts[1].size ? parts[0] : parts[1];
    least.size += size;
    least.files.push(file);
  }
  return parts.map((part) => part.files.sort()).filter((part) => part.length > 0);
}

const built = [];
for (const [i, part] of divided(testFiles(places.length ? places : ['test/ui'])).entries()) {
  built.push(join(out, `part-${i + 1}.test.js`));
  await bundleTogether(part, built[i]);
}
// the packaged extension, as a user gets it
const vsix = resolve(out, 'test.vsix');
await must(process.execPath, ['scripts/package.mjs', '--unchecked', `--out=${vsix}`], {
  timeout: limit(120_000),
});
const { code } = await run(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-concurrency=2',
    '--test-reporter=./scripts/lib/reporter.mjs',
    '--test-reporter-destination=stdout',
    ...flags,
    ...built,
  ],
  { env: { ...process.env, DC_VSIX: vsix }, timeout: 3_600_000 }, // scripts/test.mjs ends it sooner
);
process.exitCode = code;
