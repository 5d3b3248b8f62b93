/**
 * Data as it should not be, in every format: one line that names the file and what is wrong, whatever
 * the file is, and nothing is written. The table is the list of what was thought of.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { encode } from 'fast-png';
import { gzipSync, zipSync } from 'fflate';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { splitFor } from '../../../src/engine/train/training-data.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { datasetOf } from '../../../src/train/dataset/dataset.ts';
import { lenet300 } from '../../fixtures/lenet.ts';
import { npy, npz } from './eie-models.ts';
import { temporaryFolder } from './support.ts';

const root = temporaryFolder();
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const jobs = allJobs({ workerFile: undefined, ortFolder });
const never = new AbortController().signal;
const model = lenet300(1, [8, 8]); // 1 x 28 x 28 to 10 classes

type Content = Uint8Array | string;
type Files = Readonly<Record<string, Content>>;

const pixels = (n: number, value = 0.5): Float32Array => new Float32Array(n * 784).fill(value);
const with_ = (n: number, at: number, value: number): Float32Array => {
  const x = pixels(n);
  x[at] = value;
  return x;
};
const pair = (n: number, x: Float32Array, y: readonly number[]): Uint8Array =>
  npz({ x: npy([n, 28, 28], x), y: npy([y.length], Float32Array.from(y)) });
const idx = (dims: readonly number[], body: Uint8Array): Uint8Array =>
  new Uint8Array([0, 0, 8, dims.length, ...dims.flatMap((n) => [0, 0, n >> 8, n & 255]), ...body]);
const image = (side = 28): Uint8Array =>
  encode({ width: side, height: side, channels: 1, depth: 8, data: new Uint8Array(side ** 2) });
const cut = (bytes: Uint8Array, length: number): Uint8Array => bytes.slice(0, length);

/** Zeros that unpack to 64 MB, with a size that says 5 GB. */
function gzipBomb(): Uint8Array {
  const bytes = gzipSync(new Uint8Array(1 << 26));
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - 4, 0xff000000, true);
  return bytes;
}

/** A ZIP whose directory claims four billion entries (ZIP64). */
function manyEntries(): Uint8Array {
  const bytes = new Uint8Array(64 + 56 + 20 + 22);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x04034b50, true);
  view.setUint32(64, 0x06064b50, true);
  view.setUint32(64 + 32, 0xffffffff, true);
  view.setUint32(120, 0x07064b50, true);
  view.setUint32(120 + 8, 64, true);
  view.setUint32(140, 0x06054b50, true);
  view.setUint16(140 + 8, 0xffff, true);
  return bytes;
}

/** One deflated array under many names in the directory: 3 GB, if all were unpacked. */
function overlapping(): Uint8Array {
  const zip = zipSync({ 'x.npy': new Uint8Array(1 << 24) }, { level: 9 });
  const end = zip.length - 22;
  const view = new DataView(zip.buffer, zip.byteOffset);
  const at = view.getUint32(end + 16, true);
  const entry = zip.slice(at, end);
  const times = 200;
  const tail = zip.slice(end);
  new DataView(tail.buffer).setUint16(8, times, true);
  new DataView(tail.buffer).setUint16(10, times, true);
  const parts = [zip.slice(0, at), ...Array<Uint8Array>(times).fill(entry), tail];
  return Buffer.concat(parts);
}

function headerBomb(): Uint8Array {
  const bytes = image();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(16, 20_000);
  view.setUint32(20, 20_000);
  return bytes;
}

/** A folder name or a file, what is in it, and what is said. The file that is to be named comes first. */
const table: readonly (readonly [string, string, Files, RegExp])[] = [
  ['no such file', 'gone.npz', {}, /gone\.npz: there is no such file/],
  // .npz
  ['npz: empty', 'a.npz', { 'a.npz': '' }, /a\.npz: the file is empty/],
  [
    'npz: cut off',
    'a.npz',
    { 'a.npz': cut(pair(2, pixels(2), [0, 1]), 120) },
    /a\.npz: not a readable/,
  ],
  [
    'npz: no array',
    'a.npz',
    { 'a.npz': zipSync({ 'a.txt': new Uint8Array(3) }) },
    /a\.npz: .*without arrays/,
  ],
  [
    'npz: wrong shape',
    'a.npz',
    { 'a.npz': npz({ x: npy([2, 5], new Float32Array(10)), y: npy([2], new Float32Array(2)) }) },
    /a\.npz: a sample is 5, the model's input x takes 1 x 28 x 28/,
  ],
  [
    'npz: no samples',
    'a.npz',
    { 'a.npz': npz({ x: npy([0, 28, 28], pixels(0)), y: npy([0], new Float32Array(0)) }) },
    /a\.npz: no samples/,
  ],
  [
    'npz: no labels',
    'a.npz',
    { 'a.npz': npz({ x: npy([2, 28, 28], pixels(2)) }) },
    /a\.npz: .*(no|needs) labels/,
  ],
  [
    'npz: another number of labels',
    'a.npz',
    { 'a.npz': pair(2, pixels(2), [0, 1, 2]) },
    /a\.npz: 2 samples but 3 labels/,
  ],
  [
    'npz: a label too large',
    'a.npz',
    { 'a.npz': pair(2, pixels(2), [0, 10]) },
    /a\.npz: sample 1 has label 10, but .* 10 classes/,
  ],
  [
    'npz: a negative label',
    'a.npz',
    { 'a.npz': pair(2, pixels(2), [0, -1]) },
    /a\.npz: label -1 of sample 1 is negative/,
  ],
  [
    'npz: a label that is no number',
    'a.npz',
    { 'a.npz': pair(2, pixels(2), [0, NaN]) },
    /a\.npz: a target that is not a number/,
  ],
  [
    'npz: NaN',
    'a.npz',
    { 'a.npz': pair(2, with_(2, 800, NaN), [0, 1]) },
    /a\.npz: sample 1 holds a value that is not a number/,
  ],
  [
    'npz: infinity',
    'a.npz',
    { 'a.npz': pair(2, with_(2, 3, -Infinity), [0, 1]) },
    /a\.npz: sample 0 holds a value that is not a number/,
  ],
  [
    'npz: four billion entries',
    'a.npz',
    { 'a.npz': manyEntries() },
    /a\.npz: more than 65535 files/,
  ],
  [
    'npz: one array under many names',
    'a.npz',
    { 'a.npz': overlapping() },
    /a\.npz: two arrays are named x/,
  ],
  // .npy
  [
    'npy: cut off',
    'x.npy',
    { 'x.npy': cut(npy([2, 28, 28], pixels(2)), 500) },
    /x\.npy: ends early/,
  ],
  [
    'npy: labels of another number',
    'x.npy',
    { 'x.npy': npy([2, 28, 28], pixels(2)), 'y.npy': npy([3], new Float32Array(3)) },
    /x\.npy: 2 samples but 3 labels/,
  ],
  [
    'npy: labels that are none',
    'x.npy',
    { 'x.npy': npy([2, 28, 28], pixels(2)), 'y.npy': 'hello' },
    /2 samples but 1 labels/,
  ],
  // IDX
  [
    'IDX: cut off',
    'd.idx',
    { 'd.idx': idx([2, 28, 28], new Uint8Array(1000)) },
    /d\.idx: holds 1000 bytes where its sizes ask for 1568/,
  ],
  [
    'IDX: other sizes',
    'd.idx',
    { 'd.idx': idx([2, 9, 9], new Uint8Array(162)) },
    /d\.idx: (a sample is 9 x 9|loss cross-entropy needs labels)/,
  ],
  [
    'IDX: another number of labels',
    'images-idx3-ubyte',
    {
      'images-idx3-ubyte': idx([2, 28, 28], new Uint8Array(1568)),
      'labels-idx1-ubyte': idx([1], new Uint8Array(1)),
    },
    /images-idx3-ubyte: 2 samples but 1 labels/,
  ],
  [
    'IDX: a gzip file that is cut off',
    'd.gz',
    { 'd.gz': cut(gzipSync(idx([2, 28, 28], new Uint8Array(1568))), 20) },
    /d\.gz: (a )?damaged/,
  ],
  ['IDX: a gzip bomb', 'd.gz', { 'd.gz': gzipBomb() }, /d\.gz: (a )?damaged/],
  // CSV
  ['CSV: empty', 'd.csv', { 'd.csv': '\n\n' }, /d\.csv: an empty table/],
  ['CSV: header alone', 'd.csv', { 'd.csv': 'a,b,label\n' }, /d\.csv: a table without rows/],
  [
    'CSV: a row too short',
    'd.csv',
    { 'd.csv': '1,2,0\n1,0\n' },
    /d\.csv: line 2 has 2 fields, the first has 3/,
  ],
  [
    'CSV: text among numbers',
    'd.csv',
    { 'd.csv': '1,2,0\n1,x,0\n' },
    /d\.csv: line 2, field 2 is not a number/,
  ],
  [
    'CSV: infinity in float32',
    'd.csv',
    { 'd.csv': `${'0,'.repeat(783)}1e300,1\n` },
    /d\.csv: sample 0 holds a value that is not a number/,
  ],
  ['CSV: other sizes', 'd.csv', { 'd.csv': '1,2,0\n' }, /d\.csv: a sample is 2/],
  [
    'CSV: a label too large',
    'd.csv',
    { 'd.csv': `${'0,'.repeat(784)}99\n` },
    /d\.csv: sample 0 has label 99/,
  ],
  [
    'neither format',
    'd.bin',
    { 'd.bin': new Uint8Array([200, 1, 0, 7]) },
    /d\.bin: not a data set that can be read/,
  ],
  // a folder of images
  [
    'images: an empty folder',
    'f',
    { 'f/.keep': '' },
    /f: no PNG or JPEG image, and no folder of a class/,
  ],
  [
    'images: an empty class',
    'f',
    { 'f/0/a.png': image(), 'f/1/notes.txt': 'hi' },
    /f: no PNG or JPEG image in the class folder 1/,
  ],
  ['images: no classes', 'f', { 'f/a.png': image() }, /f: .*(no|needs) labels/],
  [
    'images: zero bytes',
    'f',
    { 'f/0/a.png': image(), 'f/0/b.jpg': '' },
    /b\.jpg: the file is empty: take it out/,
  ],
  [
    'images: cut off',
    'f',
    { 'f/0/a.png': image(), 'f/0/b.png': cut(image(), 60) },
    /b\.png: the image cannot be decoded .*: mend it or take it out/,
  ],
  [
    'images: another format inside',
    'f',
    { 'f/0/a.png': 'GIF89a' },
    /a\.png: neither a PNG nor a JPEG/,
  ],
  ['images: a header bomb', 'f', { 'f/0/a.png': headerBomb() }, /a\.png: .*it is too large/],
  [
    'images: a class above the model',
    'f',
    { 'f/0/a.png': image(), 'f/12/b.png': image(9) },
    /f: sample 1 has label 12, but .* 10 classes/,
  ],
];

let number = 0;
function laid(files: Files): string {
  const folder = join(root, String(number++));
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

async function refused(path: string, line: RegExp): Promise<void> {
  const file = { label: 'm.onnx', bytes: model };
  const out = join(root, 'out.dcz');
  const recipe = { name: 'r', train: { stages: [{ kind: 'train', epochs: 1 }] } };
  const input = {
    file,
    data: { file: { path } },
    out,
    overwrite: true,
    recipe,
    seed: 1,
    threads: 1,
  };
  for (const job of [
    () => jobs.evaluate({ file, data: { file: { path } } }, never, () => {}),
    () => jobs.retrain(input, never, () => {}),
  ])
    await assert.rejects(job, (error: Error) => {
      assert.ok(error instanceof DeepCompressionError, error.stack);
      assert.match(error.message, line);
      assert.ok(error.message.includes(root), 'the file is named as the user named it');
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('out')),
    [],
    'nothing is written',
  );
}

for (const [what, name, files, line] of table)
  test(what, () => refused(join(laid(files), name), line));

test(
  'links that lead nowhere, in circles or to what is no file',
  { skip: process.platform === 'win32' },
  async () => {
    const folder = laid({ 'f/0/a.png': image() });
    const bad = join(folder, 'f', '0', 'b.png');
    symlinkSync('b.png', bad);
    await refused(
      join(folder, 'f'),
      /b\.png: it is a symbolic link, or its links go round in a circle/,
    );
    const other = laid({ 'f/0/a.png': image() });
    symlinkSync(root, join(other, 'f', '0', 'b.png'));
    await refused(join(other, 'f'), /b\.png: it is a folder/);
    const pipe = laid({ 'f/0/a.png': image() });
    execFileSync('mkfifo', [join(pipe, 'f', '0', 'b.png')]);
    await refused(join(pipe, 'f'), /b\.png: it is not a regular file/);
  },
);

test('a split says when a class is missing, or is the only one', () => {
  const split = (labels: readonly number[]) => {
    const x = { data: new Float32Array(labels.length), shape: [labels.length, 1] };
    const y = { data: Int32Array.from(labels), shape: [labels.length] };
    return splitFor(datasetOf(x, y, 'd'), 0.2, 1).notes.join('\n');
  };
  assert.equal(split([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]), '');
  assert.match(split([0, 2, 0, 2, 0, 2, 0, 2, 0, 2]), /no training sample has class 1/);
  assert.match(split(Array<number>(10).fill(0)), /every training sample has class 0/);
  assert.throws(
    () => splitFor(datasetOf({ data: new Float32Array(1), shape: [1, 1] }, undefined, 'd'), 0.9, 1),
    /d: too few samples to train on/,
  );
});

test('every reader says what a file is instead', async () => {
  const folder = join(root, 'instead');
  mkdirSync(join(folder, 'pictures', 'a'), { recursive: true });
  const path = (name: string): string => join(folder, name);
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n';
  writeFileSync(path('noise.gguf'), new Uint8Array(600).fill(7));
  for (const name of ['lfs.gguf', 'lfs.onnx', 'lfs.csv', 'lfs.json', 'pictures/a/0.png'])
    writeFileSync(path(name), pointer);
  writeFileSync(path('page.prototxt'), '<!DOCTYPE html>\n<html>');
  writeFileSync(path('m.onnx'), model);
  writeFileSync(path('x.npy'), npy([3, 28, 28], pixels(3)));
  const file = (name: string) => ({ path: path(name) });
  const score = (data: string, labels?: string) =>
    jobs.evaluate(
      {
        file: file('m.onnx'),
        data: { file: file(data), ...(labels && { labels: file(labels) }) },
      },
      never,
      () => {},
    );
  const lfs = 'a git-LFS pointer, not the file itself: run git lfs pull$';
  const inspected = (name: string) =>
    jobs.inspect({ file: file(name), statistics: false }, never, () => {});
  const reads: readonly (readonly [() => Promise<unknown>, string])[] = [
    [() => inspected('lfs.onnx'), `lfs.onnx is not an ONNX model but ${lfs}`],
    [() => inspected('lfs.gguf'), `lfs.gguf is not a GGUF model but ${lfs}`],
    [
      () => inspected('noise.gguf'),
      'noise.gguf is not a GGUF model: its first bytes are of no format',
    ],
    [() => score('lfs.csv'), `lfs.csv is not a data set \\(.*\\) but ${lfs}`],
    [() => score('m.onnx'), 'm.onnx is not a data set .* but an ONNX model$'],
    [() => score('pictures'), `0.png is not a PNG or JPEG image but ${lfs}`],
    [() => score('x.npy', 'lfs.csv'), `lfs.csv is not a file of labels but ${lfs}`],
    [
      () =>
        jobs.simulate(
          { source: { kind: 'cases', file: file('lfs.json') }, seed: 1 },
          never,
          () => {},
        ),
      `lfs.json is not a file of cases but ${lfs}`,
    ],
    [
      () =>
        jobs.import(
          {
            weights: file('x.npy'),
            prototxt: file('page.prototxt'),
            out: path('o.onnx'),
            overwrite: false,
          },
          never,
          () => {},
        ),
      'x.npy is not weights of Deep Compression but a NumPy array',
    ],
  ];
  for (const [read, says] of reads)
    await assert.rejects(read, (error: Error) => {
      assert.match(error.message, new RegExp(says));
      return error instanceof DeepCompressionError;
    });
});
