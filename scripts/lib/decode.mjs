/**
 * Builds what `deep-compression/decode` and the entries beside it are for programs: ES modules that
 * share their chunks, once with the WebAssembly kernel and once without, and their declarations.
 */
import { build } from 'esbuild';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { wasmPlugin } from './wasm.mjs';

/** Entries by the name of their file in dist/decode; package.json exports them. */
export const entries = {
  index: 'src/decode/entry.ts',
  'onnxruntime-web': 'src/adapters/onnxruntime-web.ts',
  'onnxruntime-node': 'src/adapters/onnxruntime-node.ts',
  transformers: 'src/adapters/transformers.ts',
};
/** Started by the entries, named by none. */
const worker = 'src/decode/worker.ts';

/** In the place of the kernels: none, so that the coders in JavaScript do all. */
const noKernels = {
  name: 'no-kernels',
  setup(build) {
    build.onLoad({ filter: /(arithmetic|level)-kernel\.ts$/ }, ({ path }) => ({
      contents: `export const ${path.includes('level') ? 'level' : 'arithmetic'}Kernel = () => undefined;`,
    }));
  },
};

/** Bundles the entries into `outdir`. Returns the results of esbuild, with metafiles. */
export function buildDecode(outdir, options = {}) {
  const common = {
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'warning',
    legalComments: 'none',
    metafile: true,
    chunkNames: 'chunk-[hash]',
    external: ['onnxruntime-web', 'onnxruntime-node', 'node:*'],
    ...options,
  };
  return Promise.all([
    // browsers take no import() in a service worker: one file, of the old kind
    build({
      ...common,
      splitting: false,
      format: 'iife',
      entryPoints: ['src/adapters/service-worker.ts'],
      outdir,
      plugins: [wasmPlugin],
    }),
    build({ ...common, entryPoints: { ...entries, worker }, outdir, plugins: [wasmPlugin] }),
    build({
      ...common,
      entryPoints: { index: entries.index, worker },
      outdir: `${outdir}/plain`,
      plugins: [noKernels],
    }),
  ]);
}

/** Writes the declarations of the entries, and of what they name, into `outdir`. */
export function writeDeclarations(outdir) {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  const files = Object.values(entries);
  const program = ts.createProgram([...files, 'src/wasm.d.ts'], {
    ...parsed.options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    incremental: false,
    tsBuildInfoFile: undefined,
    rootDir: 'src',
    outDir: join(outdir, 'types'),
  });
  const made = new Map();
  const { emitSkipped, diagnostics } = program.emit(
    undefined,
    (path, text) => made.set(resolve(path), text),
    undefined,
    true,
  );
  if (emitSkipped) throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost({})));
  const declaration = (source) =>
    resolve(outdir, 'types', relative('src', source).replace(/\.ts$/, '.d.ts'));
  const wanted = files.map(declaration);
  for (const path of wanted) {
    // followed while it grows: what a declaration imports is declared too
    const text = made
      .get(path)
      .replace(/(from |import\()(['"])(\.[^'"]+)\.ts\2/g, (_, word, quote, to) => {
        const target = `${resolve(dirname(path), to)}.d.ts`;
        if (!wanted.includes(target)) wanted.push(target);
        return `${word}${quote}${to}.js${quote}`;
      });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
