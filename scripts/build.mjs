/**
 * Builds everything into dist/ with esbuild: the extension (CommonJS, as VS Code loads it), the
 * worker and the command line (ES modules), extension and worker for browsers, and one bundle a page of
 * webview/.
 * `--production` minifies, leaves source maps out and adds THIRD-PARTY-NOTICES.txt: the licences of all
 * that esbuild says is in the bundles. `--out=DIR` builds elsewhere.
 */
import { build } from 'esbuild';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { thirdPartyNotices } from './lib/notices.mjs';
import { copyRuntime } from './lib/onnxruntime.mjs';
import { writeStandalone } from './lib/standalone.mjs';
import { wasmPlugin } from './lib/wasm.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const production = process.argv.includes('--production');
const option = (name) => process.argv.find((a) => a.startsWith(`--${name}=`))?.split('=')[1];
const dist = option('out') ?? 'dist';

const common = {
  bundle: true,
  sourcemap: !production,
  minify: production,
  target: 'es2022',
  logLevel: 'warning',
  legalComments: 'none',
  metafile: production,
};
const node = { ...common, platform: 'node', target: 'node20', plugins: [wasmPlugin] };
const browser = { ...common, platform: 'browser', plugins: [wasmPlugin] };
/** Lets bundled CommonJS dependencies call require() inside an ES module. */
const requireBanner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};
/**
 * One import of the API for all files of the extension: each of its own copies hundreds of names at
 * activation, which took half of its time.
 */
const oneVscode = {
  name: 'one-vscode',
  setup(build) {
    build.onResolve({ filter: /^vscode$/ }, ({ namespace }) =>
      namespace === 'vscode-api'
        ? { path: 'vscode', external: true }
        : { path: 'vscode', namespace: 'vscode-api' },
    );
    build.onLoad({ filter: /.*/, namespace: 'vscode-api' }, () => ({
      contents: "export * from 'vscode'",
    }));
  },
};
const pages = readdirSync('webview').filter((d) => existsSync(join('webview', d, 'main.ts')));

const results = await Promise.all([
  existsSync('src/extension.ts') &&
    build({
      ...node,
      entryPoints: { extension: 'src/extension.ts' },
      format: 'cjs',
      define: { 'import.meta.url': '__fileUrl' },
      banner: {
        js: "'use strict'; const __fileUrl = require('node:url').pathToFileURL(__filename).href;",
      },
      outExtension: { '.js': '.cjs' },
      outdir: dist,
      plugins: [wasmPlugin, oneVscode],
    }),
  build({
    ...node,
    entryPoints: {
      cli: 'src/cli.ts',
      worker: 'src/engine/node/worker.ts',
      queue: 'src/queue/entry.ts',
    },
    format: 'esm',
    outdir: dist,
    banner: requireBanner,
  }),
  // the same extension and jobs for browsers, over another host (`#host`)
  existsSync('src/extension-web.ts') &&
    build({
      ...browser,
      entryPoints: { extension: 'src/extension-web.ts' },
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      outdir: `${dist}/web`,
      plugins: [wasmPlugin, oneVscode],
    }),
  build({
    ...browser,
    entryPoints: { worker: 'src/engine/web/worker.ts' },
    format: 'iife',
    outdir: `${dist}/web`,
    alias: { 'onnxruntime-web': 'onnxruntime-web/wasm' },
  }),
  build({
    ...common,
    entryPoints: Object.fromEntries(pages.map((p) => [p, `webview/${p}/main.ts`])),
    format: 'iife',
    outdir: `${dist}/webview`,
    loader: { '.ttf': 'file' },
  }),
]);
copyRuntime(dist);
writeStandalone(`${dist}/webview`);
if (production) {
  const outputs = results.flatMap((r) => (r ? Object.values(r.metafile.outputs) : []));
  const inputs = outputs.flatMap((o) =>
    Object.entries(o.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
  writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(inputs));
}
