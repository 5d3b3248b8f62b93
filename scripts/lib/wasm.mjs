/**
 * Compiles assembly/NAME.ts (AssemblyScript) for bundles: `import { bytes } from 'wasm:NAME'` gives the
 * WebAssembly module. What was compiled is kept in node_modules/.cache by the hash of the sources,
 * because the compiler takes seconds.
 */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const folder = 'assembly';
const cache = 'node_modules/.cache/wasm';
/** Pages of 64 KiB that a module may have: a block and its stream, or a matrix of 4608 columns. */
const mostPages = { feedback: 2800 };
const usualPages = 512;
const common = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--use', 'abort='];

/** The bytes of the module that assembly/NAME.ts makes. */
export async function compileWasm(name) {
  const { version } = JSON.parse(readFileSync('node_modules/assemblyscript/package.json', 'utf8'));
  const options = [...common, '--maximumMemory', String(mostPages[name] ?? usualPages)];
  const hash = createHash('sha256').update(`${version} ${options.join(' ')}`);
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
  const kept = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}.wasm`);
  if (existsSync(kept)) return readFileSync(kept);

  mkdirSync(cache, { recursive: true });
  const written = `${kept}.${randomUUID()}`;
  await promisify(execFile)(process.execPath, [
    'node_modules/assemblyscript/bin/asc.js',
    join(folder, `${name}.ts`),
    '--outFile',
    written,
    ...options,
  ]);
  renameSync(written, kept); // others may compile the same at the same time
  return readFileSync(kept);
}

/** For esbuild: every build that reaches a kernel needs it. */
export const wasmPlugin = {
  name: 'wasm',
  setup(build) {
    build.onResolve({ filter: /^wasm:/ }, ({ path, namespace }) => ({
      path: path.slice('wasm:'.length),
      namespace: namespace === 'wasm' ? 'wasm-bytes' : 'wasm',
    }));
    build.onLoad({ filter: /.*/, namespace: 'wasm' }, ({ path }) => ({
      contents: `export { default as bytes } from 'wasm:${path}';`,
    }));
    build.onLoad({ filter: /.*/, namespace: 'wasm-bytes' }, async ({ path }) => ({
      contents: await compileWasm(path),
      loader: 'binary',
    }));
  },
};
