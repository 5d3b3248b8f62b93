/** Jobs in pieces: what other machines are sent, what they refuse, and that pieces give what the whole gives. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ModelProtoSchema } from 'onnx-buf';
import { goOutwards, joinParts, partsOfWay } from '../../../src/engine/goal/outwards.ts';
import { allJobs, declaredJobs } from '../../../src/engine/jobs/all.ts';
import type { JobDeclaration } from '../../../src/engine/jobs/define.ts';
import { sensitivityJob } from '../../../src/engine/jobs/sensitivity.ts';
import { pack, unpack } from '../../../src/engine/pieces/packing.ts';
import { prepare } from '../../../src/engine/pieces/perform.ts';
import type { SweepInput, SweepResult } from '../../../src/engine/protocol-eie.ts';
import type { SensitivityInput } from '../../../src/engine/protocol-train.ts';
import { eie } from '../../../src/engine/simulate/eie/eie.ts';
import { sweepPieces } from '../../../src/engine/simulate/sweep-pieces.ts';
import { smallModel, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const jobs = allJobs({ workerFile: undefined, native: true });
const never = new AbortController().signal;
const model = join(folder, 'small.onnx');
writeFileSync(model, smallModel());
const compress = {
  file: { path: model },
  out: join(folder, 'made/small.dcz'),
  ...{ overwrite: false, recipe: 'safe', seed: 1, threads: 1 },
};

/** A model whose first weights are in a file beside it. */
function externalModel(place: string): [string, string] {
  const proto = fromBinary(ModelProtoSchema, smallModel());
  const [tensor] = proto.graph!.initializer;
  const weights = join(place, 'weights/first.bin');
  mkdirSync(join(place, 'weights'));
  writeFileSync(weights, tensor.rawData!);
  tensor.rawData = new Uint8Array();
  tensor.dataLocation = 1;
  tensor.externalData = [
    { $typeName: 'onnx.StringStringEntryProto', key: 'location', value: 'weights/first.bin' },
  ];
  const path = join(place, 'model.onnx');
  writeFileSync(path, toBinary(ModelProtoSchema, proto));
  return [path, weights];
}

/** As a queue keeps it. */
const sent = (input: object): unknown => JSON.parse(JSON.stringify(input));

test('a packed input names no path but as a text to show, and unpacks below one folder', () => {
  const { input, files } = pack('compress', compress);
  assert.deepEqual([...files.values()], [model]);
  const { file, out } = input as { file: { sent: string; parts: object[] }; out: string };
  assert.equal(out, 'small.dcz');
  assert.equal(file.sent, 'small.onnx');
  assert.equal(file.parts.length, 1);
  const unpacked = unpack('compress', sent(input), '/piece');
  assert.deepEqual(unpacked.input, {
    ...compress,
    file: { path: '/piece/in/0/small.onnx' },
    out: '/piece/out/small.dcz',
  });
  assert.deepEqual(
    unpacked.parts.map(({ path }) => path),
    ['/piece/in/0/small.onnx'],
  );
});

test("a model's external data and the labels beside samples are sent with them", () => {
  const data = join(folder, 'external');
  mkdirSync(data);
  const [external, weights] = externalModel(data);
  const files = pack('compress', { ...compress, file: { path: external } }).files;
  assert.deepEqual([...files.values()].sort(), [external, weights].sort());
  for (const name of ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'])
    writeFileSync(join(data, name), name);
  const samples = { file: { path: join(data, 'train-images-idx3-ubyte') } };
  const { input } = pack('sensitivity', { file: { path: model }, data: samples });
  const { data: packed } = input as { data: { labels: { sent: string } } };
  assert.equal(packed.labels.sent, 'train-labels-idx1-ubyte');
});

test('what somebody else writes into a queue is refused: paths, other jobs, wrong inputs, ways out of the folder', () => {
  const { input } = pack('compress', compress);
  const packed = sent(input) as Record<string, Record<string, unknown>>;
  const part = (packed['file']['parts'] as object[])[0];
  const refused: [string, unknown, RegExp][] = [
    ['compress', { ...packed, file: { path: '/etc/passwd' } }, /was not sent with it/],
    ['compress', { ...packed, data: { file: { path: '/etc' } } }, /was not sent with it/],
    ['compress', { ...packed, out: '../../home/x.dcz' }, /leaves the model's folder/],
    ['compress', { ...packed, out: '/tmp/x.dcz' }, /absolute path/],
    ['compress', { ...packed, file: { ...packed['file'], sent: '../x' } }, /leaves/],
    [
      'compress',
      { ...packed, file: { ...packed['file'], parts: [{ ...part, name: '../../x' }] } },
      /leaves/,
    ],
    [
      'compress',
      { ...packed, file: { ...packed['file'], parts: [{ ...part, sha256: '../x' }] } },
      /was not sent with it/,
    ],
    ['compress', { ...packed, seed: 'one' }, /'seed' is not usable/],
    ['compress', null, /no input/],
    ['decompress', packed, /no job that other machines do/],
    ['constructor', packed, /no job that other machines do/],
    ['import', packed, /no job that other machines do/],
  ];
  for (const [job, given, why] of refused)
    assert.throws(() => unpack(job, given, '/piece'), why, JSON.stringify(given));
});

test('unpacking whatever is damaged gives an input whose every path is below the folder, or one line', () => {
  const packed = JSON.stringify(pack('compress', compress).input);
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.string({ maxLength: 6 }), (at, text) => {
      let value: unknown;
      try {
        value = JSON.parse(packed.slice(0, at) + text + packed.slice(at + text.length));
      } catch {
        return;
      }
      try {
        const { input, parts } = unpack('compress', value, '/piece');
        const { file, out } = input as typeof compress;
        assert.match(file.path, /^\/piece\/in\/0\/[^/]+$/);
        assert.match(out, /^\/piece\/out\//);
        for (const { path } of parts) assert.match(path, /^\/piece\/in\/0\//);
      } catch (error) {
        assert.equal((error as Error).name, 'DeepCompressionError', String(error));
      }
    }),
    { numRuns: 300, seed: 17 },
  );
});

test('a piece done elsewhere makes the same file, and speaks of the paths that were asked for', async () => {
  const here = await jobs.compress({ ...compress, out: join(folder, 'here.dcz') }, never, () => {});
  const { input, files } = pack('compress', compress);
  const place = join(folder, 'piece');
  mkdirSync(join(place, 'in/0'), { recursive: true });
  mkdirSync(join(place, 'out'));
  const ready = prepare('compress', sent(input), place, (job, own, signal) =>
    jobs[job](own as never, signal, () => {}),
  );
  for (const { sha256, path } of ready.files) copyFileSync(files.get(sha256)!, path);
  const { result, files: made } = await ready.perform(never);
  const there = result as typeof here;
  assert.equal(there.input.path, model);
  assert.equal(there.output.path, 'small.dcz');
  const plain = sent(here) as typeof here;
  assert.deepEqual({ ...there, seconds: 0, output: plain.output }, { ...plain, seconds: 0 });
  assert.deepEqual(
    made.map(({ name }) => name),
    ['small.dcz'],
  );
  const again = prepare('compress', sent({ ...input, recipe: 'none' }), place, (job, x, signal) =>
    jobs[job](x as never, signal, () => {}),
  );
  await assert.rejects(again.perform(never), /none/);
});

test('a sweep in pieces is the sweep, for any axes', async () => {
  const values = {
    pe: fc.constantFrom([1, 2, 4], [4], [1, 2, 4, 8, 16]),
    fifo: fc.constantFrom([2, 4, 8, 16, 32, 64, 3, 5, 6, 7, 9, 10, 11, 12], [4, 8]),
    'sram-width': fc.constantFrom([32, 64], [64]),
    precision: fc.constantFrom(['float32', 'fixed32']),
  };
  const names = fc.subarray(['pe', 'fifo', 'sram-width', 'precision'] as const, { minLength: 1 });
  const axes = names.chain((chosen) =>
    fc.tuple(...chosen.map((name) => values[name].map((v) => ({ name, values: v })))),
  );
  const source = { kind: 'model' as const, file: { path: model } };
  await fc.assert(
    fc.asyncProperty(axes, async (chosen) => {
      const input = { source, seed: 1, threads: 1, axes: chosen } as SweepInput;
      const whole = await jobs.sweep(input, never, () => {});
      const pieces = sweepPieces(eie).divide(input);
      const results: SweepResult[] = [];
      for (const piece of pieces) results.push(await jobs.sweep(piece, never, () => {}));
      const joined = await sweepPieces(eie).join(input, results);
      assert.deepEqual({ ...joined, seconds: 0 }, { ...whole, seconds: 0 });
      for (const { layers } of results) assert.ok(layers[0].points.length <= 12);
    }),
    { numRuns: 6, seed: 3 },
  );
});

test('a sensitivity scan in pieces, a layer or a kind each, is the scan', async () => {
  const rows = Array.from({ length: 12 }, (_, i) =>
    [...Array.from({ length: 64 }, (_, k) => ((i * 7 + k * 3) % 11) / 11), i % 10].join(','),
  );
  const data = join(folder, 'data.csv');
  writeFileSync(data, `${rows.join('\n')}\n`);
  const input: SensitivityInput = {
    ...{ file: { path: model }, data: { file: { path: data }, label: '65', header: false } },
    ...{ sparsities: [0.5, 0.9], bits: [1, 3], seed: 1, threads: 1 },
  };
  const whole = await jobs.sensitivity(input, never, () => {});
  const pieces = sensitivityJob.pieces!.divide(input as never) as SensitivityInput[];
  assert.ok(pieces.length > whole.layers.length);
  const results = [];
  for (const piece of pieces) results.push(await jobs.sensitivity(piece, never, () => {}));
  const joined = (await sensitivityJob.pieces!.join(
    input as never,
    results as never,
  )) as typeof whole;
  assert.deepEqual({ ...joined, seconds: 0 }, { ...whole, seconds: 0 });
});

test('machines that go parts of the way of a search find what one finds that goes all of it', async () => {
  const loss = fc.constantFrom(0, 0.0004, 0.001, 0.1, 0.19, 0.25, 1);
  const verdict = fc.constantFrom('kept' as const, 'changed' as const, 'destroyed' as const);
  const point = fc.record({ loss, verdict });
  await fc.assert(
    fc.asyncProperty(fc.array(point, { minLength: 15, maxLength: 15 }), async (points) => {
      const measure = (step: number) => Promise.resolve({ step, ...points[step + 7] });
      const whole = await goOutwards(undefined, measure);
      const parts = await Promise.all(partsOfWay.map((part) => goOutwards(part, measure)));
      assert.deepEqual(joinParts(parts), whole);
    }),
    { numRuns: 500, seed: 5 },
  );
});

test('exactly these jobs are done for other machines, and what they take has no path that is not declared as one', () => {
  const shared = Object.entries(declaredJobs)
    .filter(([, job]) => (job as JobDeclaration<never, unknown>).pieces)
    .map(([name]) => name);
  assert.deepEqual(shared.sort(), ['compress', 'retrain', 'search', 'sensitivity', 'sweep']);
});
