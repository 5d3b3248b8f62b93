/**
 * What compression does to models that people use: real pre-trained networks on tasks whose answers are
 * known (test/fidelity), each compressed by the command line as a user has it.
 *   npm run fidelity                     every task, every way of compressing
 *   npm run fidelity -- ocr-cls vad      some tasks
 *   npm run fidelity -- --only=safe      some ways
 *   npm run fidelity -- --update         also takes the figures as those to compare with from now on
 *   npm run fidelity -- --json           the figures as JSON on standard output
 * Compares with test/fidelity/golden.json; exit code 1 where a figure is worse than its tolerance allows.
 * Needs xz, espeak-ng, flite and fonts, which are installed by apt where that is possible; exit code 77 where
 * they are absent.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataOf } from '../test/fidelity/data/make.mjs';
import { rounded } from '../test/fidelity/lib/baselines.mjs';
import { files, modelBytes } from '../test/fidelity/lib/models.mjs';
import { judge, tasks } from '../test/fidelity/tasks/index.mjs';
import { aptInstall } from './lib/apt.mjs';
import { must } from './lib/process.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const words = process.argv.slice(2);
const flags = new Set(words.filter((w) => w.startsWith('--') && !w.startsWith('--only=')));
const only = words.find((w) => w.startsWith('--only='))?.slice(7);
const named = words.filter((w) => !w.startsWith('--'));
const unknown = [
  ...named.filter((name) => !Object.hasOwn(tasks, name)),
  ...[...flags].filter((flag) => !['--update', '--json'].includes(flag)),
];
if (unknown.length) {
  console.error(
    `error: there is no ${unknown.join(', ')}; tasks are ${Object.keys(tasks).join(', ')}`,
  );
  process.exit(2);
}

const golden = 'test/fidelity/golden.json';
const scratch = join('out', 'fidelity');
/** Debian's packages that make the data of a set. */
const packages = {
  lines: ['fonts-dejavu', 'fonts-liberation', 'fonts-wqy-microhei'],
  pages: ['fonts-dejavu', 'fonts-liberation', 'fonts-wqy-microhei'],
  speech: ['espeak-ng', 'flite'],
};
/** How much worse than its golden figure a figure may be. */
const tolerance = { ratio: 0.02, main: 0.0075, agreement: 0.01 };

/** Ways to compress: arguments of `deepc compress`, or a rounding. */
const ways = {
  calibrated: (data) => ['--data', data, '--max-loss', '0.5%'],
  safe: () => ['--preset', 'safe'],
  conservative: () => ['--preset', 'conservative'],
  'deep-compression': () => ['--preset', 'deep-compression'],
  'int8 per channel + xz': 8,
  'int6 per channel + xz': 6,
};
const chosen = Object.keys(ways).filter(
  (way) => only === undefined || only.split(',').includes(way),
);
if (!chosen.length) {
  console.error(`error: ways to compress are ${Object.keys(ways).join(', ')}`);
  process.exit(2);
}
const note = (line) => console.error(line);

function deepc(...args) {
  const { status, signal, stderr } = spawnSync(
    process.execPath,
    [join('dist', 'cli.js'), ...args],
    { encoding: 'utf8', timeout: 1_800_000, maxBuffer: 1 << 28 },
  );
  if (status !== 0)
    throw new Error(`deepc ${args.join(' ')}: ${stderr.trim().split('\n').at(-1) || signal}`);
}

/** @returns {{ bytes: number, model: Uint8Array, seconds: number }} */
function compressed(name, way, data) {
  const file = files[name];
  const how = ways[way];
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  if (typeof how === 'number') {
    const made = rounded(modelBytes(name), how);
    return { ...made, seconds: seconds() };
  }
  const dcz = join(scratch, `${name}-${way}.dcz`);
  const restored = join(scratch, `${name}-${way}.onnx`);
  for (const old of [dcz, restored]) rmSync(old, { force: true });
  deepc('compress', file, '--out', dcz, ...how(join(data, 'calibration', `${name}.npy`)));
  const took = seconds();
  deepc('decompress', dcz, '--out', restored);
  return {
    bytes: statSync(dcz).size,
    model: new Uint8Array(readFileSync(restored)),
    seconds: took,
  };
}

const round = (value, digits) => Number(value.toFixed(digits));
const percent = (share) => (100 * share).toFixed(2);

await must(process.execPath, ['scripts/build.mjs'], { timeout: 120_000 });
mkdirSync(scratch, { recursive: true });
const results = {};
for (const name of named.length ? named : Object.keys(tasks)) {
  const { set } = tasks[name];
  if (process.platform === 'linux')
    for (const wanted of packages[set]) await aptInstall(wanted, note);
  let data;
  try {
    data = dataOf(set, scratch);
  } catch (error) {
    note(`the data of ${name} cannot be made: ${error.message}`);
    process.exit(77);
  }
  const { original, score } = await judge(name, data);
  const size = statSync(files[name]).size;
  results[name] = { original: { bytes: size, ratio: 1, ...original } };
  for (const way of chosen) {
    note(`${name}: ${way}`);
    const { bytes, model, seconds } = compressed(name, way, data);
    const { main, agreement } = await score(model);
    results[name][way] = {
      bytes,
      ratio: round(size / bytes, 3),
      main: round(main, 5),
      agreement: round(agreement, 5),
      seconds: round(seconds, 1),
    };
  }
}

if (flags.has('--json')) console.log(JSON.stringify(results, null, 2));
else
  for (const [name, { original, ...rows }] of Object.entries(results)) {
    console.log(`\n${name}: ${original.bytes} bytes, ${percent(original.main)} % right\n`);
    console.log('| | bytes | smaller | right % | points lost | same answers % | seconds |');
    console.log('|---|---|---|---|---|---|---|');
    for (const [way, r] of Object.entries(rows))
      console.log(
        `| ${way} | ${r.bytes} | ${r.ratio.toFixed(2)}x | ${percent(r.main)} | ${percent(original.main - r.main)} | ${percent(r.agreement)} | ${r.seconds} |`,
      );
  }

const before = JSON.parse(readFileSync(golden, 'utf8'));
let worse = 0;
for (const [name, rows] of Object.entries(results))
  for (const [way, row] of Object.entries(rows)) {
    const old = before[name]?.[way];
    if (!old) continue;
    const least = {
      ratio: old.ratio * (1 - tolerance.ratio),
      main: old.main - tolerance.main,
      agreement: old.agreement - tolerance.agreement,
    };
    for (const [key, value] of Object.entries(least))
      if (row[key] < value) {
        worse++;
        note(`worse: ${name}, ${way}: ${key} is ${row[key]}, was ${old[key]}`);
      }
  }
if (flags.has('--update')) {
  const kept = Object.fromEntries(
    Object.entries(results).map(([name, rows]) => [
      name,
      {
        ...before[name],
        ...Object.fromEntries(
          Object.entries(rows).map(([way, { bytes, ratio, main, agreement }]) => [
            way,
            { bytes, ratio, main: round(main, 5), agreement: round(agreement, 5) },
          ]),
        ),
      },
    ]),
  );
  writeFileSync(golden, `${JSON.stringify({ ...before, ...kept }, null, 2)}\n`);
} else if (worse) process.exitCode = 1;
