/**
 * A real VS Code for the tests, from the npm registry alone: the package `code-server` ships the
 * built VS Code server and workbench, `node-<os>-<arch>` the Node that this version wants.
 * Installed once into .vscode-test/ (git-ignored), in a folder named after the pins, so that a
 * changed pin reinstalls; into a temporary folder first and renamed, so that a killed install
 * leaves nothing that looks finished. docs/testing.md tells why.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { npm } from './process.mjs';

/** The one place where the versions stand: code-server 4.139 is VS Code 1.139. */
export const pins = { codeServer: '4.139.1', node: '24.21.0' };

const minutes = 60_000;

/**
 * @param {string} cache folder to install into
 * @param {(line: string) => void} log
 * @returns {Promise<{ node: string, server: string }>} the Node binary and VS Code's server-main.js
 */
export async function ensureVSCode(cache, log) {
  if (process.platform === 'win32')
    throw new Error('The VS Code server does not install from npm on Windows.');
  const nodePackage = `node-${process.platform}-${process.arch}`;
  const stamp = `code-server-${pins.codeServer}-node-${pins.node}`;
  const home = join(cache, stamp);
  const vscode = join('node_modules', 'code-server', 'lib', 'vscode');
  if (!existsSync(home)) {
    log(`installing VS Code (code-server ${pins.codeServer}) into ${home}, about 800 MB`);
    mkdirSync(cache, { recursive: true });
    const temp = mkdtempSync(join(cache, 'installing-'));
    try {
      writeFileSync(join(temp, 'package.json'), '{"private":true}\n');
      const wanted = [`code-server@${pins.codeServer}`, `${nodePackage}@${pins.node}`];
      const flags = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
      await npm([...flags, ...wanted], { cwd: temp, timeout: 10 * minutes });
      await npm([...flags, '--omit=dev'], { cwd: join(temp, vscode), timeout: 10 * minutes });
      try {
        renameSync(temp, home);
      } catch (error) {
        if (!existsSync(home)) throw error; // another run was faster: its copy is as good
      }
    } finally {
      rmSync(temp, { recursive: true, force: true });
    }
    for (const old of readdirSync(cache))
      if (old.startsWith('code-server-') && old !== stamp)
        rmSync(join(cache, old), { recursive: true, force: true });
  }
  return {
    node: join(home, 'node_modules', nodePackage, 'bin', 'node'),
    server: join(home, vscode, 'out', 'server-main.js'),
  };
}
