import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync, zipSync } from 'fflate';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { parseCsv } from '../../../src/train/dataset/csv.ts';
import {
  datasetOf,
  fillBatch,
  fillLabels,
  shuffled,
  splitSamples,
  unnormalised,
} from '../../../src/train/dataset/dataset.ts';
import { parseIdx } from '../../../src/train/dataset/idx.ts';
import { parseNpy } from '../../../src/train/dataset/npy.ts';
import { openNpz } from '../../../src/train/dataset/npz.ts';

const text = (s: string): Uint8Array => new TextEncoder().encode(s);

function refuses(pattern: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof DeepCompressionError, String(error));
    assert.equal(error.code, 'invalid-input');
    assert.match(error.message, pattern);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
}

function npy(
  descr: string,
  shape: string,
  body: Uint8Array,
  fortran = false,
  version = 1,
): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
  const head =
    version === 1
      ? [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]
      : [
          0x93,
          0x4e,
          0x55,
          0x4d,
          0x50,
          0x59,
          version,
          0,
          header.length & 255,
          header.length >> 8,
          0,
          0,
        ];
  return new Uint8Array([...head, ...text(header), ...body]);
}
const bytesOf = (a: ArrayBufferView): Uint8Array =>
  new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

test('a .npy of every number type, byte order and version is read', () => {
  const cases: [string, Uint8Array][] = [
    ['<f4', bytesOf(Float32Array.of(1, -2, 3, 4, 5, 6))],
    ['<f8', bytesOf(Float64Array.of(1, -2, 3, 4, 5, 6))],
    ['<i8', bytesOf(BigInt64Array.of(1n, -2n, 3n, 4n, 5n, 6n))],
    ['<i4', bytesOf(Int32Array.of(1, -2, 3, 4, 5, 6))],
    ['<i2', bytesOf(Int16Array.of(1, -2, 3, 4, 5, 6))],
    ['|i1', bytesOf(Int8Array.of(1, -2, 3, 4, 5, 6))],
    ['<f2', bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x4200, 0x4400, 0x4500, 0x4600))],
  ];
  for (const [descr, body] of cases)
    for (const version of [1, 2, 3]) {
      const { data, shape } = parseNpy(npy(descr, '(2, 3)', body, false, version), 'a');
      assert.deepEqual(shape, [2, 3]);
      assert.deepEqual([...data], [1, -2, 3, 4, 5, 6], descr);
    }
  const big = new DataView(new ArrayBuffer(4));
  big.setInt16(0, -2);
  big.setInt16(2, 300);
  assert.deepEqual([...parseNpy(npy('>i2', '(2,)', bytesOf(big)), 'a').data], [-2, 300]);
  assert.deepEqual([...parseNpy(npy('|b1', '(2,)', Uint8Array.of(1, 0)), 'a').data], [1, 0]);
  assert.deepEqual(parseNpy(npy('|u1', '()', Uint8Array.of(7)), 'a').shape, []);
});

test('Fortran order becomes row-major', () => {
  const { data } = parseNpy(npy('|u1', '(2, 3)', Uint8Array.of(1, 4, 2, 5, 3, 6), true), 'a');
  assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
});

test('an .npz gives its arrays by name, stored or deflated', () => {
  const x = npy('|u1', '(2, 2)', Uint8Array.of(1, 2, 3, 4));
  for (const level of [0, 9] as const) {
    const arrays = openNpz(
      zipSync(
        {
          'x.npy': x,
          'y.npy': npy('<i4', '(2,)', bytesOf(Int32Array.of(0, 1))),
          'note.txt': text('hi'),
        },
        { level },
      ),
      'd.npz',
    );
    assert.deepEqual([...arrays.names].sort(), ['x', 'y']);
    assert.deepEqual([...arrays.array('x').data], [1, 2, 3, 4]);
  }
});

test('damaged arrays are refused in one line', () => {
  refuses(/not a \.npy/, () => parseNpy(text('hello, world'), 'a'));
  refuses(/ends early/, () => parseNpy(npy('<f4', '(3,)', new Uint8Array(8)), 'a'));
  refuses(/impossible shape/, () =>
    parseNpy(npy('<f4', '(99999999, 99999999)', new Uint8Array(8)), 'a'),
  );
  refuses(/Python objects/, () => parseNpy(npy('|O', '(1,)', new Uint8Array(8)), 'a'));
  refuses(/plain numbers/, () => parseNpy(npy('<f4', '(a,)', new Uint8Array(8)), 'a'));
  refuses(/ZIP/, () => openNpz(text('PK not really'), 'd'));
  refuses(/without arrays/, () => openNpz(zipSync({ 'a.txt': text('a') }), 'd'));
  const zip = zipSync({ 'x.npy': npy('|u1', '(4,)', Uint8Array.of(1, 2, 3, 4)) }, { level: 9 });
  for (let i = 0; i + 4 <= zip.length; i++)
    if (zip[i] === 0x50 && zip[i + 1] === 0x4b && zip[i + 2] === 1)
      new DataView(zip.buffer).setUint32(i + 24, 0xf0000000, true);
  refuses(/impossible unpacked size/, () => openNpz(zip, 'd').array('x'));
  const random = mulberry32(1);
  const good = npy('<f4', '(4, 2)', new Uint8Array(32));
  for (let i = 0; i < 2000; i++) {
    const bad = good.slice(0, i % 2 ? good.length : Math.floor(random() * good.length));
    if (bad.length) bad[Math.floor(random() * bad.length)] = Math.floor(random() * 256);
    try {
      parseNpy(bad, 'a');
    } catch (error) {
      refuses(/^a: /, () => {
        throw error;
      });
    }
  }
});

const idx = (type: number, dims: readonly number[], body: Uint8Array): Uint8Array =>
  new Uint8Array([
    0,
    0,
    type,
    dims.length,
    ...dims.flatMap((n) => [0, 0, n >> 8, n & 255]),
    ...body,
  ]);

test('IDX files are read, gzipped or not, and checked to the byte', () => {
  const images = idx(8, [2, 2, 2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  for (const file of [images, gzipSync(images)]) {
    const { data, shape } = parseIdx(file, 'i');
    assert.deepEqual(shape, [2, 2, 2]);
    assert.deepEqual([...data], [1, 2, 3, 4, 5, 6, 7, 8]);
  }
  assert.deepEqual(
    [...parseIdx(idx(0x0b, [2], Uint8Array.of(255, 254, 1, 0)), 'i').data],
    [-2, 256],
  );
  refuses(/holds 7 bytes/, () => parseIdx(images.subarray(0, images.length - 1), 'i'));
  refuses(/not an IDX/, () => parseIdx(text('abcd'), 'i'));
  refuses(/cut off/, () => parseIdx(images.subarray(0, 6), 'i'));
  refuses(/damaged/, () => parseIdx(gzipSync(images).subarray(0, 20), 'i'));
  const lying = gzipSync(images);
  new DataView(lying.buffer, lying.byteOffset).setUint32(lying.length - 4, 0xffffffff, true);
  refuses(/damaged/, () => parseIdx(lying, 'i'));
});

test('CSV: header, quotes, separators, text labels, and the label column by name', () => {
  const table = parseCsv('a;"the label";label;b\r\n1;2;"x ""y""";3.5\r\n\r\n4;5;abc;-6e1\n', 't');
  assert.deepEqual(table.x.shape, [2, 3]);
  assert.deepEqual([...table.x.data], [1, 2, 3.5, 4, 5, -60]);
  const named = datasetOf(table.x, table.y, 't');
  assert.deepEqual(named.classNames, ['abc', 'x "y"']);
  assert.deepEqual([...named.labels!], [1, 0]);
  const plain = parseCsv('0.5,1\n1.5,0', 't');
  assert.deepEqual(plain.y, { data: Float64Array.of(1, 0), shape: [2] });
});

test('CSV: a bad row is named by its line', () => {
  refuses(/line 3 has 1 fields, the first has 2/, () => parseCsv('1,2\n3,4\n5\n', 't'));
  refuses(/line 2, field 1 is not a number/, () => parseCsv('1,2\nx,4\n', 't'));
  refuses(/quote is not closed/, () => parseCsv('"1,2', 't'));
  refuses(/text after a closing quote/, () => parseCsv('"1"2,3\n', 't'));
  refuses(/empty table/, () => parseCsv('\n \n', 't'));
  refuses(/without rows/, () => parseCsv('a,b\n', 't'));
  refuses(/two columns/, () => parseCsv('a\n1\n', 't'));
});

test('labels are class numbers or one-hot rows, anything else is a regression target', () => {
  const x = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
  assert.deepEqual(
    [...datasetOf(x, { data: Int32Array.of(0, 3), shape: [2] }, 'd').labels!],
    [0, 3],
  );
  assert.equal(datasetOf(x, { data: Int32Array.of(0, 3), shape: [2] }, 'd').classes, 4);
  assert.deepEqual(
    [...datasetOf(x, { data: Uint8Array.of(0, 1, 0, 1, 0, 0), shape: [2, 3] }, 'd').labels!],
    [1, 0],
  );
  const regression = datasetOf(x, { data: Float32Array.of(0.5, 1), shape: [2, 1] }, 'd');
  assert.equal(regression.labels, undefined);
  assert.deepEqual([...regression.targets!], [0.5, 1]);
  assert.equal(datasetOf(x, undefined, 'd').targets, undefined);
  refuses(/2 samples but 3 labels/, () =>
    datasetOf(x, { data: Uint8Array.of(1, 2, 3), shape: [3] }, 'd'),
  );
  refuses(/label -1 of sample 1 is negative/, () =>
    datasetOf(x, { data: Int8Array.of(1, -1), shape: [2] }, 'd'),
  );
  refuses(/sample 1 holds a value that is not a number/, () =>
    datasetOf({ data: Float32Array.of(1, 2, NaN, 4), shape: [2, 2] }, undefined, 'd'),
  );
  refuses(/no samples/, () =>
    datasetOf({ data: new Float32Array(0), shape: [0, 2] }, undefined, 'd'),
  );
});

test('splits and orders follow the seed and lose no sample', () => {
  assert.deepEqual(shuffled(50, 3), shuffled(50, 3));
  assert.notDeepEqual(shuffled(50, 3), shuffled(50, 4));
  const { training, validation } = splitSamples(50, 0.2, 9);
  assert.equal(validation.length, 10);
  assert.deepEqual(
    [...training, ...validation].sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test('batches are normalised channel by channel', () => {
  const d = datasetOf(
    { data: Uint8Array.from({ length: 16 }, (_, i) => i), shape: [2, 2, 2, 2] },
    { data: Uint8Array.of(4, 2), shape: [2] },
    'd',
  );
  const batch = new Float32Array(16);
  const order = Uint32Array.of(1, 0);
  fillBatch(d, order, 0, 2, { scale: 0.5, mean: [1, 2], deviation: [2, 4] }, batch);
  const want = (v: number, c: number): number => (v * 0.5 - [1, 2][c]!) / [2, 4][c]!;
  assert.deepEqual(
    [...batch],
    [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7].map((v) => want(v, (v >> 2) & 1)),
  );
  fillBatch(d, order, 1, 2, unnormalised, batch);
  assert.deepEqual([...batch.subarray(0, 8)], [0, 1, 2, 3, 4, 5, 6, 7]);
  const labels = new BigInt64Array(2);
  fillLabels(d.labels!, order, 0, 2, labels);
  assert.deepEqual([...labels], [2n, 4n]);
});
