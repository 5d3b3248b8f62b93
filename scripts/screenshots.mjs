/**
 * Makes the pictures in docs/images/: the real workbench with the packaged extension, in light,
 * dark and high contrast.
 */
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTogether, temporaryOut } from './lib/bundle.mjs';
import { ensureChromium } from './lib/chromium.mjs';
import { must, run } from './lib/process.mjs';
import { ensureVSCode } from './lib/vscode.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const cache = resolve('.vscode-test');
const out = temporaryOut('screenshots');
process.on('exit', () => rmSync(out, { recursive: true, force: true }));

const { node, server } = await ensureVSCode(cache, console.log);
const env = {
  ...process.env,
  DC_VSCODE_NODE: node,
  DC_VSCODE_SERVER: server,
  DC_CHROMIUM: await ensureChromium(cache, console.log),
  DC_VSIX: resolve(out, 'test.vsix'),
};
await must(process.execPath, ['scripts/package.mjs', '--unchecked', `--out=${env.DC_VSIX}`], {
  timeout: 120_000,
});
const script = join(out, 'screenshots.js');
await bundleTogether(['test/ui/screenshots.ts'], script);
const { code } = await run(process.execPath, [script, ...process.argv.slice(2)], {
  env,
  timeout: 600_000,
});
process.exitCode = code;
