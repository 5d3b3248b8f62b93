import type { Plugin } from 'esbuild';

export const wasmPlugin: Plugin;
export function compileWasm(name: string): Promise<Uint8Array>;
