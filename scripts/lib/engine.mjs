/** The command line and the worker as scripts/build.mjs puts them into dist/, for tests. */
import { build } from 'esbuild';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wasmPlugin } from './wasm.mjs';

/**
 * Makes cli.js, worker.js, queue.js and what they load in a new folder; copies them where DC_ENGINE names a
 * folder that has them (scripts/unit.mjs builds once for all files).
 */
export async function buildEngine(outdir) {
  const made = process.env.DC_ENGINE;
  if (made) return cpSync(made, outdir, { recursive: true });
  mkdirSync(outdir, { recursive: true });
  writeFileSync(join(outdir, 'package.json'), '{"type":"module"}\n');
  await build({
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
    plugins: [wasmPlugin],
    entryPoints: {
      cli: 'src/cli.ts',
      worker: 'src/engine/node/worker.ts',
      queue: 'src/queue/entry.ts',
    },
    outdir,
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  for (const name of ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'])
    cpSync(join('node_modules/onnxruntime-web/dist', name), join(outdir, name));
}
