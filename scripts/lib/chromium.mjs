/**
 * A Chromium for the tests: the one that CHROME_PATH names, else an installed one, else Debian's
 * package when we may install it, else the headless build inside the npm package
 * @sparticuz/chromium, which is kept in .vscode-test/.
 */
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { aptInstall } from './apt.mjs';
import { must, npm } from './process.mjs';

const sparticuz = '@sparticuz/chromium@153.0.0';
const names = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

const executable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const installed = () =>
  [
    ...names.flatMap((n) => (process.env.PATH ?? '').split(delimiter).map((d) => join(d, n))),
    ...places,
  ].find(executable);

/** The headless build from npm, unpacked and tried once. Linux x64 only. */
async function fromNpm(cache, log) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const home = join(cache, 'headless-chromium');
  try {
    if (!existsSync(join(home, 'node_modules'))) {
      log(`installing ${sparticuz} into ${home}`);
      mkdirSync(home, { recursive: true });
      writeFileSync(join(home, 'package.json'), '{"private":true,"type":"module"}\n');
      await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', sparticuz], {
        cwd: home,
        timeout: 300_000,
      });
    }
    const script =
      "import c from '@sparticuz/chromium'; process.stdout.write(await c.executablePath())";
    const path = await must(process.execPath, ['--input-type=module', '-e', script], {
      cwd: home,
      env: { ...process.env, TMPDIR: home }, // where it unpacks itself
      timeout: 60_000,
    });
    await must(path, ['--version'], { timeout: 20_000 });
    return path;
  } catch (error) {
    log(`the headless Chromium from npm does not run here: ${String(error).split('\n')[0]}`);
    return undefined;
  }
}

/**
 * @param {string} cache folder for what has to be installed
 * @param {(line: string) => void} log
 * @returns {Promise<string>} path of a Chromium; rejects with one line that says what to do
 */
export async function ensureChromium(cache, log) {
  const wanted = process.env.CHROME_PATH;
  if (wanted) {
    if (executable(wanted)) return wanted;
    throw new Error(`CHROME_PATH is ${wanted}, which cannot be executed.`);
  }
  const found =
    installed() ??
    ((await aptInstall('chromium', log)) ? installed() : undefined) ??
    (await fromNpm(cache, log));
  if (found) return found;
  throw new Error(
    'The tests in a real VS Code need Chromium or Chrome: install one, or set CHROME_PATH to its executable.',
  );
}
