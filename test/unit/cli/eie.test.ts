/** What `deepc simulate` and `deepc sweep` say to wrong usage and to bad files: one clear line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test, { before } from 'node:test';
import { limit } from '../../../scripts/lib/pace.mjs';
import { parseCommand } from '../../../src/cli/arguments.ts';
import { UsageError } from '../../../src/cli/usage.ts';
import { buildEngine, smallModel, temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
let cli = '';

before(async () => {
  ({ cli } = await buildEngine(folder));
});

function fails(args: readonly string[], code: number, line: RegExp): void {
  const run = spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: limit(60_000),
    env: { ...process.env, DEEPC_SUPERVISED: '1' },
  });
  const errors = run.stderr.split('\n').filter((l) => l.startsWith('error:'));
  assert.equal(run.status, code, run.stderr);
  assert.equal(run.stdout, '');
  assert.equal(errors.length, 1, run.stderr);
  assert.match(errors[0], line);
  assert.doesNotMatch(run.stderr, /\n\s+at /);
}

test('sources, machines and axes are read as written', () => {
  const command = parseCommand([
    ...['sweep', 'cases:a.json', '--axis', 'fifo=2,4', '--axis', 'precision=fixed16,fixed8'],
    ...['--pe', '32', '--clock', '1200', '--no-bias', '--density', '0.25'],
  ]);
  assert.ok(typeof command === 'object');
  assert.deepEqual(command.eie.machine, { pe: 32, clockMHz: 1200, hasBias: false });
  assert.equal(command.eie.density, 0.25);
  assert.deepEqual(command.eie.axes, [
    { name: 'fifo', values: [2, 4] },
    { name: 'precision', values: ['fixed16', 'fixed8'] },
  ]);
});

test('impossible parameters are wrong usage, in one line that says what is possible', () => {
  const wrong: [string[], RegExp][] = [
    [['--pe', '0'], /--pe needs a whole number from 1 to 1024, not '0'/],
    [['--pe', '2000'], /--pe/],
    [['--pe', 'many'], /--pe/],
    [['--fifo', '1'], /--fifo needs a whole number from 2/],
    [['--index-bits', '2.5'], /--index-bits/],
    [['--clock', '-5'], /--clock/],
    [['--precision', 'float16'], /--precision is one of float32, fixed32, fixed16, fixed8/],
    [['--detect', 'all'], /--detect is one of/],
    [['--density', '1.5'], /--density needs a number from 0 to 1/],
    [['--out', 'x'], /does not take --out/],
  ];
  for (const [args, line] of wrong)
    assert.throws(
      () => parseCommand(['simulate', 'workload:alex-7', ...args]),
      (error: unknown) => error instanceof UsageError && line.test(error.message),
      args.join(' '),
    );
  for (const axis of ['', 'speed=1,2', 'fifo', 'fifo=', 'fifo=2,x', 'fifo=2,2,'])
    assert.throws(
      () => parseCommand(['sweep', 'workload:alex-7', '--axis', axis]),
      UsageError,
      axis,
    );
  assert.throws(() => parseCommand(['sweep', 'workload:alex-7']), /needs --axis/);
});

test('what cannot be simulated is one line and exit code 1', () => {
  const file = (name: string, text: string | Uint8Array): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  fails(['simulate', 'workload:alex-9'], 1, /no workload "alex-9"; there are alex-6,/);
  fails(['simulate', 'missing.dcz'], 1, /missing\.dcz/);
  fails(['simulate', 'cases:missing.json'], 1, /missing\.json/);
  fails(['simulate', file('text.onnx', 'this is not a model')], 1, /text\.onnx/);
  fails(['simulate', file('empty.dcz', '')], 1, /empty/);
  fails(['simulate', `cases:${file('broken.json', '{"cases": [')}`], 1, /not valid JSON/);
  fails(['simulate', `cases:${file('none.json', '{"cases": []}')}`], 1, /at least one case/);
  fails(['simulate', 'workload:alex-7', '--sram-width', '4'], 1, /cannot hold one entry/);
  fails(['simulate', 'workload:alex-7', '--weight-bits', '2'], 1, /does not fit 2-bit codes/);
  fails(['simulate', 'workload:alex-7', '--input', 'x.npz'], 1, /sample input is for models/);
  fails(['sweep', 'workload:alex-7', '--axis', 'fifo=1,2'], 1, /queue ring/);
  fails(['sweep', 'workload:alex-7', '--axis', 'precision=int4'], 1, /precision must be one of/);
  const model = file('small.onnx', smallModel());
  fails(['simulate', model, '--input', 'nothing.npz'], 1, /nothing\.npz/);
  fails(['simulate', model, '--input', file('x.npz', 'PK not a zip')], 1, /x\.npz/);
});

test('a corrupted cases file names the case and the field', () => {
  const path = resolve('test/fixtures/eie/golden-cases.json');
  type Case = Record<string, unknown>;
  const golden = JSON.parse(readFileSync(path, 'utf8')) as { codebook: number[]; cases: Case[] };
  const broken = (change: (c: Case) => void): string => {
    const first = { ...golden.cases[0] };
    change(first);
    writeFileSync(
      join(folder, 'cases.json'),
      JSON.stringify({ codebook: golden.codebook, cases: [first] }),
    );
    return 'cases:cases.json';
  };
  const nan = Buffer.alloc(4 * Number(golden.cases[0]['cols']));
  nan.writeFloatLE(NaN, 8);
  fails(['simulate', broken((c) => (c['npe'] = 0))], 1, /rand_pe1_f2.*PEs/);
  fails(['simulate', broken((c) => (c['rows'] = 1e9))], 1, /rand_pe1_f2/);
  fails(['simulate', broken((c) => (c['weightCodes'] = 'AAAA'))], 1, /weightCodes/);
  fails(['simulate', broken((c) => (c['act'] = nan.toString('base64')))], 1, /activation 2 is not/);
});
