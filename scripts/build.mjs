/**
 * Builds everything with esbuild: the extension (CommonJS, as VS Code loads it), the worker, the
 * command line and the pages into dist/; with `--tests` the test files into dist-test/.
 */
import { build } from 'esbuild';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

const production = process.argv.includes('--production');
const tests = process.argv.includes('--tests');
const files = (dir, end) =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true })
        .filter((f) => f.endsWith(end))
        .map((f) => join(dir, f))
    : [];

const common = {
  bundle: true,
  sourcemap: !production,
  minify: production,
  target: 'es2022',
  logLevel: 'warning',
  legalComments: 'none',
};
const node = { ...common, platform: 'node', target: 'node20' };
/** Lets bundled CommonJS dependencies call require() inside an ES module. */
const requireBanner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

if (!tests) {
  rmSync('dist', { recursive: true, force: true });
  const jobs = [
    build({
      ...node,
      entryPoints: { extension: 'src/extension.ts' },
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      outdir: 'dist',
      external: ['vscode'],
    }),
    build({
      ...node,
      entryPoints: { cli: 'src/cli.ts', worker: 'src/engine/worker.ts' },
      format: 'esm',
      outdir: 'dist',
      banner: requireBanner,
    }),
  ];
  const pages = existsSync('webview')
    ? readdirSync('webview').filter((d) => existsSync(join('webview', d, 'main.ts')))
    : [];
  jobs.push(
    build({
      ...common,
      entryPoints: Object.fromEntries(pages.map((p) => [p, `webview/${p}/main.ts`])),
      format: 'iife',
      outdir: 'dist/webview',
      loader: { '.ttf': 'file' },
    }),
  );
  await Promise.all(jobs);
  mkdirSync('dist/webview', { recursive: true });
  for (const f of ['codicon.css', 'codicon.ttf'])
    cpSync(`node_modules/@vscode/codicons/dist/${f}`, `dist/webview/${f}`);
} else {
  rmSync('dist-test', { recursive: true, force: true });
  await Promise.all([
    build({
      ...node,
      entryPoints: [
        ...files('test', '.test.ts').filter((f) => !f.startsWith(join('test', 'host'))),
        ...files(join('test', 'bench'), '.bench.ts'),
      ],
      format: 'esm',
      outbase: 'test',
      outdir: 'dist-test',
      packages: 'external',
      minify: false,
      sourcemap: true,
    }),
    existsSync('test/host/index.ts') &&
      build({
        ...node,
        entryPoints: ['test/host/index.ts'],
        format: 'cjs',
        outfile: 'dist-test/host/index.cjs',
        external: ['vscode'],
        minify: false,
        sourcemap: true,
      }),
  ]);
}
