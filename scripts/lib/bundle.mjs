/** Finds test files and bundles them, TypeScript and all, into a folder that node can run from. */
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { wasmPlugin } from './wasm.mjs';

/** @returns {string[]} the *.test.ts files below the places (folders or files), sorted */
export function testFiles(places) {
  const below = (place) =>
    statSync(place).isFile()
      ? [place]
      : readdirSync(place, { recursive: true })
          .filter((f) => f.endsWith('.test.ts'))
          .map((f) => join(place, f));
  return places.flatMap(below).sort();
}

/** A fresh folder inside dist-test/ (inside the project, so that packages resolve from it). */
export function temporaryOut(prefix) {
  mkdirSync('dist-test', { recursive: true });
  return mkdtempSync(join('dist-test', `${prefix}-`));
}

/**
 * One ES module a file; packages stay outside.
 * @returns the paths of the built files, and whether one of them has something of a source file
 */
export async function bundleEach(files, outdir) {
  const { metafile } = await build({ ...common, entryPoints: files, outbase: 'test', outdir });
  const held = heldBy(metafile);
  return {
    built: files.map((f) => join(outdir, f.replace(/^test[\\/]/, '').replace(/\.ts$/, '.js'))),
    holds: (source) => held.has(source),
  };
}

/** All files in one module, so that they run in one process and share their module state. */
export async function bundleTogether(files, outfile) {
  const contents = files.map((f) => `import ${JSON.stringify(`./${f}`)};`).join('\n');
  const { metafile } = await build({ ...common, stdin: { contents, resolveDir: '.' }, outfile });
  assertHolds(metafile, files);
}

/** The suite for the extension host: one CommonJS file with mocha inside, and all of the files. */
export async function bundleHostSuite(entry, files, outfile) {
  const { metafile } = await build({
    ...common,
    packages: 'bundle',
    external: ['vscode', 'fsevents'],
    format: 'cjs',
    entryPoints: [entry],
    outfile,
    // mocha's parallel mode, which is never used here, resolves files of its own at run time
    logOverride: { 'require-resolve-not-external': 'silent' },
  });
  assertHolds(metafile, files);
}

/** Fails where a bundle has dropped a file of tests: it would pass by running nothing. */
function assertHolds(metafile, files) {
  const held = heldBy(metafile);
  const empty = files.map((f) => f.replaceAll('\\', '/')).filter((f) => !held.has(f));
  if (empty.length) throw new Error(`the bundle holds nothing of ${empty.join(', ')}`);
}

/** Source files of which the bundles hold something. */
function heldBy({ outputs }) {
  const held = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return new Set(held.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file));
}

export const common = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
  plugins: [wasmPlugin],
};
