/**
 * Builds dist/decode, the part of the npm package that other programs import (`deep-compression/decode`).
 * `--out=DIR` builds elsewhere.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDecode, writeDeclarations } from './lib/decode.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const out = process.argv.find((a) => a.startsWith('--out='))?.slice('--out='.length);
const folder = out ?? join('dist', 'decode');
rmSync(folder, { recursive: true, force: true }); // chunks are named after what is in them
await buildDecode(folder);
writeDeclarations(folder);
