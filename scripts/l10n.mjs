/**
 * Collects every translatable text of the extension into l10n/bundle.l10n.json (the English source
 * that translators start from): literals of vscode.l10n.t in src/vscode, and those of the pages.
 *   node scripts/l10n.mjs            writes the bundle
 *   node scripts/l10n.mjs --check    exits 1 when it is out of date
 */
import { build } from 'esbuild';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const file = 'l10n/bundle.l10n.json';
const call = /l10n\.t\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;
const texts = new Set();
for (const name of readdirSync('src/vscode', { recursive: true }).filter((f) => f.endsWith('.ts')))
  for (const [, single, double] of readFileSync(join('src/vscode', name), 'utf8').matchAll(call))
    texts.add((single ?? double).replace(/\\(.)/g, '$1'));
const { outputFiles } = await build({
  entryPoints: ['report', 'eie', 'inspector', 'training'].map(
    (page) => `webview/${page}/strings.ts`,
  ),
  bundle: true,
  format: 'esm',
  outdir: 'dist',
  write: false,
});
for (const { text: module } of outputFiles) {
  const { english } = await import(`data:text/javascript,${encodeURIComponent(module)}`);
  for (const text of Object.values(english)) texts.add(text);
}

const sorted = [...texts].sort((a, b) => (a < b ? -1 : 1));
const bundle = `${JSON.stringify(Object.fromEntries(sorted.map((t) => [t, t])), null, 2)}\n`;
if (process.argv.includes('--check')) {
  const now = readFileSync(file, 'utf8');
  if (now !== bundle) {
    console.error(`${file} is out of date: run node scripts/l10n.mjs`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bundle);
}
