/**
 * `npm test`: installs what is missing, runs every suite, ends with one line of counts.
 *   npm test                    everything
 *   npm test -- unit ui         the named suites: checks, unit, host, ui
 *   npm test -- fuzz 100000     the fuzz tests alone, with that many cases each
 * Exit code 0 only if something ran and nothing failed. Needs nothing but Node until it has
 * installed the rest; docs/testing.md says where the rest comes from.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall } from './lib/apt.mjs';
import { ensureChromium } from './lib/chromium.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { readJournal, tellUnfinished } from './lib/journal.mjs';
import { limit, pace } from './lib/pace.mjs';
import { run } from './lib/process.mjs';
import { ensureVSCode } from './lib/vscode.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const cache = resolve('.vscode-test');
const temp = mkdtempSync(join(tmpdir(), 'deepc-test-'));
process.on('exit', () => rmSync(temp, { recursive: true, force: true }));

const all = ['checks', 'unit', 'host', 'ui'];
const args = process.argv.slice(2);
const cases = args.find((a) => /^\d+$/.test(a));
const asked = args.filter((a) => a !== cases);
const unknown = asked.filter((a) => ![...all, 'fuzz'].includes(a));
if (unknown.length || (cases && !asked.includes('fuzz'))) {
  console.error(`usage: npm test [-- checks unit host ui | fuzz N], not ${args.join(' ')}`);
  process.exit(2);
}
const wanted = asked.length ? asked : all;
const wants = (name) => wanted.includes(name);
const env = { ...process.env };
if (cases) env.DC_FUZZ_CASES = cases;
const total = { passed: 0, failed: 0, skipped: 0 };
const log = (line) => console.log(`- ${line}`);
const started = Date.now();
if (pace > 1)
  log(`this machine is ${pace} times slower than usual: limits are ${pace} times longer`);

const add = (name, counts, since) => {
  for (const key of Object.keys(total)) total[key] += counts[key];
  const seconds = ((Date.now() - since) / 1000).toFixed(0);
  const { passed, failed, skipped } = counts;
  console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`);
};

/** Runs a suite that keeps a journal. A bad end, or one before a test passed, is a failure. */
async function suite(name, script, more, timeout) {
  console.log(`\n== ${name}`);
  const since = Date.now();
  const journal = join(temp, `${name}.jsonl`);
  const { code, timedOut } = await run(process.execPath, [script, ...more], {
    env: { ...env, DC_JOURNAL: journal },
    timeout,
  });
  const { passed, failed, skipped, unfinished } = readJournal(journal);
  const counts = { passed: passed.length, failed: failed.length, skipped: skipped.length };
  if (timedOut) console.log(`  ${name} took longer than ${timeout / 1000} s and was stopped`);
  if (timedOut || unfinished.length) tellUnfinished(journal);
  const bad = code !== 0 || !counts.passed || unfinished.length;
  if (bad && !counts.failed) {
    console.log(`  FAILED: ${name} ended with exit code ${code}, ${counts.passed} tests passed`);
    counts.failed = 1;
  }
  add(name, counts, since);
}

/** One counted check a tool; what a tool says is shown when it fails. */
async function checks() {
  console.log('\n== checks');
  const since = Date.now();
  const bin = (path) => join('node_modules', path);
  const tools = [
    ['lint', bin('eslint/bin/eslint.js'), '.', '--max-warnings', '0'],
    ['types', bin('typescript/bin/tsc'), '--noEmit'],
    ['format', bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
    // the quick part of npm run fidelity; 77: what makes its data is not installed
    ['fidelity', 'scripts/fidelity.mjs', 'ocr-cls', '--only=safe,calibrated'],
  ];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const check = async ([name, ...command]) => {
    const { code, output } = await run(process.execPath, command, {
      timeout: limit(180_000),
      quiet: true,
    });
    counts[code === 0 ? 'passed' : code === 77 ? 'skipped' : 'failed']++;
    if (code !== 0)
      console.log(
        `  ${code === 77 ? 'skipped' : 'FAILED'}: ${name}\n${output.trim().replace(/^/gm, '    ')}`,
      );
  };
  const inTurn = async (some) => {
    for (const tool of some) await check(tool);
  };
  await Promise.all([inTurn(tools.slice(0, 1)), inTurn(tools.slice(1))]); // two at a time
  add('checks', counts, since);
}

/** What a step before the tests throws is one failed test; the suites that need it do not run. */
async function prepare(name, action) {
  try {
    await action();
    return true;
  } catch (error) {
    console.log(`  FAILED: ${name}: ${error.message}`);
    total.failed++;
    return false;
  }
}

const ready = await prepare('npm dependencies', () => ensureDependencies(log));
if (ready) {
  const workbench = wants('host') || wants('ui');
  const built = await prepare('build', async () => {
    log('building');
    const { code, output } = await run(process.execPath, ['scripts/build.mjs'], {
      timeout: limit(120_000),
      quiet: true,
    });
    if (code !== 0) throw new Error(`\n${output.trim()}`);
  });
  if (wants('checks')) await checks();
  if (wants('unit')) {
    if (process.platform === 'linux') {
      await aptInstall('libonnx-testdata', log);
      await aptInstall('postgresql', log);
      const numpy = await run('python3', ['-c', 'import numpy'], { timeout: 60_000, quiet: true });
      if (numpy.code !== 0) await aptInstall('python3-numpy', log);
    }
    await suite('unit', 'scripts/unit.mjs', [], limit(900_000));
  }
  if (wants('fuzz')) await suite('fuzz', 'scripts/unit.mjs', ['test/fuzz'], 3_600_000 * 6);
  const windows = process.platform === 'win32';
  if (windows) env.VSCODE_DESKTOP = '1';
  const desktop = env.VSCODE_DESKTOP === '1';
  const found =
    built &&
    workbench &&
    (await prepare('VS Code and Chromium', async () => {
      if (desktop && (windows || !wants('ui'))) return;
      const { node, server } = await ensureVSCode(cache, log);
      env.DC_VSCODE_NODE = node;
      env.DC_VSCODE_SERVER = server;
      env.DC_CHROMIUM = await ensureChromium(cache, log);
    }));
  if (found && wants('host')) await suite('host', 'scripts/host.mjs', [], limit(400_000));
  if (found && wants('ui') && windows) {
    console.log('\n== ui\n  skipped: the VS Code server does not install from npm on Windows');
    total.skipped++;
  } else if (found && wants('ui')) await suite('ui', 'scripts/ui.mjs', [], limit(900_000));
}

const ok = total.failed === 0 && total.passed > 0;
console.log(`\n${((Date.now() - started) / 1000).toFixed(0)} s`);
console.log(
  `${total.passed} passed, ${total.failed} failed` +
    (total.skipped ? `, ${total.skipped} skipped` : ''),
);
process.exit(ok ? 0 : 1);
