/**
 * Bundles test files and runs them with node's test runner.
 *   node scripts/unit.mjs                      every *.test.ts of unit, conformance and fuzz
 *   node scripts/unit.mjs test/unit/model …    those below the given folders or files
 */
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const places = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const flags = process.argv.slice(2).filter((a) => a.startsWith('--'));
const below = (place) =>
  statSync(place).isFile()
    ? [place]
    : readdirSync(place, { recursive: true })
        .filter((f) => f.endsWith('.test.ts'))
        .map((f) => join(place, f));
const files = (places.length ? places : ['test/unit', 'test/conformance', 'test/fuzz'])
  .flatMap(below)
  .sort();

mkdirSync('dist-test', { recursive: true });
const out = mkdtempSync(join('dist-test', 'unit-'));
try {
  await build({
    entryPoints: files,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    outbase: 'test',
    outdir: out,
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const built = files.map((f) => join(out, f.replace(/^test\//, '').replace(/\.ts$/, '.js')));
  const { status } = spawnSync(
    process.execPath,
    ['--enable-source-maps', '--test', ...flags, ...built],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
