/**
 * Opens a workspace of real models in VS Code, once trusted and once in Restricted Mode, lets the
 * suite (path given as argument) run inside the extension host and shows its results.
 * With VSCODE_DESKTOP=1 the same suite runs in a desktop VS Code (@vscode/test-electron).
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { limit } from '../../scripts/lib/pace.mjs';
import { launchBrowser } from '../ui/support/browser.ts';
import { startServer } from '../ui/support/server.ts';
import { createWorkspace } from '../ui/support/workspace.ts';
import type { HostResults } from './index.ts';

type Mode = 'trusted' | 'restricted';
const suite = resolve(process.argv[2] ?? '');
/** Ms that a mode may take. */
const patience = limit(200_000);
let bad = false;

const userSettings = {
  // no question at the start: an unknown folder is simply not trusted
  'security.workspace.trust.startupPrompt': 'never',
  'deepCompression.outputName': '${name}.dcz',
};

/** Runs the suite through a browser; resolves when VS Code says that it is over. */
async function inServer(mode: Mode, folder: string, env: Record<string, string>): Promise<void> {
  const server = await startServer({
    env,
    trust: mode === 'restricted',
    settings: userSettings,
  });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const log: string[] = [];
    await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
      log.push(`${type}: ${args.map(String).join(' ').slice(0, 2000)}`);
    });
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((done, fail) => {
      timer = setTimeout(() => fail(new Error(`no end after ${patience / 1000} s`)), patience);
      void page.exposeFunction('codeAutomationExit', () => done());
    });
    over.catch(() => {});
    await page.goto(server.url(folder, { extension: '.', suite }), { timeout: patience });
    await over.finally(() => {
      clearTimeout(timer);
      if (!existsSync(env['DC_HOST_RESULTS'] ?? '')) console.log(log.slice(-40).join('\n'));
    });
  } finally {
    await browser.close();
    await server.close();
  }
}

async function onDesktop(mode: Mode, folder: string, env: Record<string, string>): Promise<void> {
  const { runTests } = await import('@vscode/test-electron');
  const data = join(folder, '..', `user-${mode}`);
  mkdirSync(join(data, 'User'), { recursive: true });
  writeFileSync(join(data, 'User', 'settings.json'), JSON.stringify(userSettings));
  await runTests({
    extensionDevelopmentPath: resolve('.'),
    extensionTestsPath: suite,
    extensionTestsEnv: env,
    launchArgs: [
      folder,
      '--disable-extensions',
      `--user-data-dir=${data}`,
      ...(mode === 'trusted' ? ['--disable-workspace-trust'] : []),
    ],
  });
}

/** Settings as a hostile workspace would bring them. */
function plantSettings(folder: string): void {
  mkdirSync(join(folder, '.vscode'));
  writeFileSync(
    join(folder, '.vscode', 'settings.json'),
    JSON.stringify({
      'deepCompression.presets': { planted: { share: { bits: 1 } } },
      'deepCompression.outputFolder': 'planted',
    }),
  );
}

async function runMode(mode: Mode): Promise<void> {
  const temp = mkdtempSync(join(tmpdir(), 'deepc-host-'));
  const file = join(temp, 'results.json');
  try {
    const folder = createWorkspace(join(temp, 'workspace'));
    if (mode === 'restricted') plantSettings(folder);
    const env = { DC_HOST_MODE: mode, DC_HOST_RESULTS: file };
    const desktop = process.env['VSCODE_DESKTOP'] === '1';
    await (desktop ? onDesktop : inServer)(mode, folder, env).catch((error: unknown) => {
      // the suite's own failures are in its results; anything else is a failure of its own
      if (!existsSync(file)) throw error;
    });
    const results = JSON.parse(readFileSync(file, 'utf8')) as HostResults;
    for (const line of results.lines) console.log(line.replace(/^/gm, '  '));
    console.log(`  ${mode}: ${results.passed} passed, ${results.failed} failed`);
    bad ||= results.failed > 0 || results.passed === 0;
  } catch (error) {
    bad = true;
    console.log(`  FAILED: the ${mode} suite did not finish: ${String(error)}`);
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

const only = process.env['DC_HOST_ONLY'];
const modes: Mode[] = [];
if (only !== 'restricted') modes.push('trusted');
if (!only || only.includes('restricted')) modes.push('restricted');
await Promise.all(modes.map(runMode));
process.exit(bad ? 1 : 0);
