/**
 * The two files of onnxruntime-web that its JavaScript loads at run time: they lie beside the bundles
 * that contain it (src/engine/runtime). One build of several: SIMD, no GPU, 14 MB.
 */
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const runtimeFiles = ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

/** Puts them into `folder`, unless they are there already. */
export function copyRuntime(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of runtimeFiles) {
    const from = join('node_modules/onnxruntime-web/dist', name);
    const to = join(folder, name);
    const there = statSync(to, { throwIfNoEntry: false });
    if (there?.size !== statSync(from).size || there.mtimeMs < statSync(from).mtimeMs)
      copyFileSync(from, to);
  }
}
