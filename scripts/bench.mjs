/**
 * Bundles the benchmarks of test/bench with esbuild and runs them one after another, each in a
 * fresh process.
 *   npm run bench               all
 *   npm run bench vgg           those whose name contains `vgg`
 *   npm run bench vgg -- --n 1  what follows `--` goes to the benchmark
 */
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './lib/chromium.mjs';
import { must } from './lib/process.mjs';
import { wasmPlugin } from './lib/wasm.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const words = process.argv.slice(2).filter((a) => a !== '--');
const options = words.findIndex((a) => a.startsWith('-'));
const names = options < 0 ? words : words.slice(0, options);
const passed = options < 0 ? [] : words.slice(options);
const found = existsSync('test/bench')
  ? readdirSync('test/bench').filter((f) => f.endsWith('.bench.ts'))
  : [];
const chosen = found.filter((f) => names.length === 0 || names.some((n) => f.includes(n))).sort();
if (chosen.length === 0) {
  console.error(`error: no benchmark is called that (there are: ${found.join(', ') || 'none'})`);
  process.exit(2);
}

mkdirSync('dist-test', { recursive: true });
const out = mkdtempSync(join('dist-test', 'bench-'));
const outFile = (f) => join(out, f.replace(/\.ts$/, '.js'));
try {
  const common = {
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  };
  await build({
    ...common,
    entryPoints: chosen.map((f) => join('test/bench', f)),
    outdir: out,
    packages: 'external',
    plugins: [wasmPlugin],
  });
  // Beside them what they measure as users get it: the command line, its worker, the pages.
  await must(process.execPath, ['scripts/build.mjs', '--production', `--out=${out}`], {
    timeout: 120_000,
  });
  const env = { ...process.env, DC_DIST: out };
  if (chosen.some((f) => readFileSync(join('test/bench', f), 'utf8').includes('launchBrowser')))
    env.DC_CHROMIUM ??= await ensureChromium(resolve('.vscode-test'), console.log);
  for (const f of chosen) {
    console.log(`\n== ${f.replace('.bench.ts', '')}`);
    const { status } = spawnSync(
      process.execPath,
      ['--enable-source-maps', '--expose-gc', outFile(f), ...passed],
      { stdio: 'inherit', env },
    );
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
