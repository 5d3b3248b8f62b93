/**
 * Builds and runs test/host, the suite inside the VS Code extension host. Started by
 * scripts/test.mjs, which says where VS Code and Chromium are (DC_VSCODE_*, DC_CHROMIUM);
 * with VSCODE_DESKTOP=1 a desktop VS Code is downloaded and used instead.
 */
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleHostSuite, bundleTogether, temporaryOut, testFiles } from './lib/bundle.mjs';
import { run } from './lib/process.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const out = temporaryOut('host');
process.on('exit', () => rmSync(out, { recursive: true, force: true }));
const suite = resolve(out, 'index.cjs');
const driver = join(out, 'driver.js');
await bundleHostSuite('test/host/index.ts', testFiles(['test/host']), suite);
await bundleTogether(['test/host/driver.ts'], driver);
const { code } = await run(process.execPath, ['--enable-source-maps', driver, suite], {
  timeout: 3_600_000, // scripts/test.mjs ends it sooner
});
process.exitCode = code;
