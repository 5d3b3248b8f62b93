/**
 * `npm run package`: type-checks, builds for production and makes deep-compression-<version>.vsix.
 *   --out=FILE     where to put it
 *   --unchecked    without the type check (for the tests, which check types themselves)
 * The package is put together in a folder of its own, so that dist/ and what runs from it are left
 * alone. What may go in says .vscodeignore.
 */
import { createVSIX } from '@vscode/vsce';
import { cpSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryOut } from './lib/bundle.mjs';
import { must } from './lib/process.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const option = process.argv.find((a) => a.startsWith('--out='))?.slice('--out='.length);
const out = resolve(option ?? `${manifest.name}-${manifest.version}.vsix`);

if (!process.argv.includes('--unchecked'))
  await must(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit'], {
    timeout: 240_000,
  });
const stage = temporaryOut('package');
process.on('exit', () => rmSync(stage, { recursive: true, force: true }));

await must(
  process.execPath,
  ['scripts/build.mjs', '--production', `--out=${join(stage, 'dist')}`],
  { timeout: 120_000 },
);
renameSync(join(stage, 'dist', 'THIRD-PARTY-NOTICES.txt'), join(stage, 'THIRD-PARTY-NOTICES.txt'));

const taken = /^(\.vscodeignore|README\.md|CHANGELOG\.md|LICENSE|package\.nls.*\.json|media|l10n)$/;
for (const name of readdirSync('.').filter((n) => taken.test(n)))
  cpSync(name, join(stage, name), { recursive: true });
// a user's copy runs no scripts and needs no tools
delete manifest.scripts;
delete manifest.devDependencies;
delete manifest.peerDependencies; // of the npm package's command line
delete manifest.peerDependenciesMeta;
delete manifest.files; // of the npm package: the command line and the decoder
delete manifest.imports; // the bundles hold what it names
delete manifest.exports;
delete manifest.sideEffects;
writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

await createVSIX({
  cwd: resolve(stage),
  packagePath: out,
  dependencies: false,
  allowMissingRepository: true,
  rewriteRelativeLinks: false,
});
