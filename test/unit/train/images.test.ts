import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { loadImages } from '../../../src/engine/train/image-folder.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { decodeImage, type Picture } from '../../../src/train/dataset/image.ts';
import { fitPicture } from '../../../src/train/dataset/resample.ts';
import type { GraphValue } from '../../../src/train/graph.ts';

/** Pillow 9.4 on the same files (19 x 13): pixels as convert('RGB') and ('L') give them, and ImageOps.fit. */
interface Expected {
  readonly width: number;
  readonly height: number;
  readonly rgb?: string;
  readonly grey: string;
  readonly fit7?: string;
  readonly fit30x20?: string;
}
const folder = 'test/fixtures/images';
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  Expected
>;
const picture = (name: string): Picture => decodeImage(readFileSync(join(folder, name)), name);
const temp = mkdtempSync(join(tmpdir(), 'deepc-images-'));
after(() => rmSync(temp, { recursive: true, force: true }));

/** Largest difference of two rows of bytes. */
function apart(found: Uint8Array, hex: string): number {
  const wanted = Buffer.from(hex, 'hex');
  assert.equal(found.length, wanted.length);
  return found.reduce((most, v, i) => Math.max(most, Math.abs(v - wanted[i]!)), 0);
}

describe('images', () => {
  for (const [name, { width, height, rgb, grey, fit7, fit30x20 }] of Object.entries(expected))
    test(`${name} has the pixels that Pillow reads`, () => {
      const read = picture(name);
      assert.deepEqual([read.width, read.height], [width, height]);
      // decoders of JPEG round their transforms differently; colours that are stored at half the size
      // are repeated by ours and interpolated by Pillow's
      const most = name === 'subsampled.jpg' ? 26 : name.endsWith('.jpg') ? 3 : 0;
      if (rgb) assert.ok(apart(fitPicture(read, { width, height, channels: 3 }), rgb) <= most);
      assert.ok(apart(fitPicture(read, { width, height, channels: 1 }), grey) <= most);
      if (fit7)
        assert.ok(apart(fitPicture(read, { width: 7, height: 7, channels: 3 }), fit7) <= most + 1);
      if (fit30x20)
        assert.ok(
          apart(fitPicture(read, { width: 30, height: 20, channels: 3 }), fit30x20) <= most + 1,
        );
    });

  test('a picture of one colour stays that colour at any size', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, size, size, fc.integer({ min: 0, max: 255 }), (w, h, a, b, v) => {
        const data = new Uint8Array(w * h).fill(v);
        const fitted = fitPicture(
          { width: w, height: h, channels: 1, data },
          { width: a, height: b, channels: 1 },
        );
        assert.equal(fitted.length, a * b);
        assert.ok(fitted.every((x) => x === v));
      }),
    );
  });
  test('damaged files are refused in one line that names them, or read', () => {
    for (const name of Object.keys(expected)) {
      const bytes = readFileSync(join(folder, name));
      fc.assert(
        fc.property(
          fc.nat(bytes.length - 1),
          fc.integer({ min: 0, max: 255 }),
          fc.nat(bytes.length),
          (at, value, length) => {
            const damaged = Uint8Array.from(bytes.subarray(0, length));
            if (at < length) damaged[at] = value;
            try {
              const read = decodeImage(damaged, 'x.png');
              assert.equal(read.data.length, read.width * read.height * read.channels);
            } catch (error) {
              assert.ok(error instanceof DeepCompressionError, String(error));
              assert.match(error.message, /^x\.png(:| is) .+$/);
            }
          },
        ),
        { numRuns: 60, seed: 1 },
      );
    }
  });
});

const input = (...shape: (number | string)[]): GraphValue => ({ name: 'x', type: 1, shape });
const reading = (value: GraphValue) => ({
  inputs: [value],
  prefer: [],
  turn: () => Promise.resolve(),
});
/** A folder from paths and the fixtures that lie there. */
function tree(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(temp, name);
  for (const [path, fixture] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    cpSync(join(folder, fixture), join(root, path));
  }
  return root;
}

describe('a folder of images', () => {
  test('classes that are numbers are those numbers, and what is no picture is passed over', async () => {
    const root = tree('numbers', {
      '10/a.png': 'rgb.png',
      '2/ä b.jpg': 'grey.jpg',
      '0/x.PNG': 'grey.png',
      '0/deeper/y.jpeg': 'baseline.jpg',
      '0/notes.txt': 'expected.json',
      '0/.hidden.png': 'expected.json',
    });
    symlinkSync(root, join(root, '0', 'round'));
    const { data } = await loadImages(root, reading(input('n', 1, 28, 28)), undefined);
    assert.deepEqual([data.samples, data.shape, data.classes], [4, [1, 28, 28], 11]);
    assert.deepEqual([...data.labels!], [0, 0, 2, 10]);
    assert.deepEqual(data.notes, [`2 other files in ${root} were passed over`]);
  });
  test('other classes are counted in the order of their names', async () => {
    const root = tree('names', {
      'dog/a.png': 'rgb.png',
      'Cat/b.png': 'grey.png',
      '9/c.png': 'rgb.png',
    });
    const { data } = await loadImages(root, reading(input(1, 3, 'h', 'w')), undefined);
    assert.deepEqual([...data.labels!], [0, 1, 2]);
    assert.deepEqual(data.shape, [3, 13, 19], 'an open size is that of the first picture');
  });
  test('pictures lie as the model takes them: planes, pixels or a row', async () => {
    const root = tree('layouts', { 'a/1.png': 'rgb.png' });
    const load = async (...shape: (number | string)[]) =>
      (await loadImages(root, reading(input(...shape)), undefined)).data;
    const [planes, pixels, row] = [
      await load('n', 3, 7, 7),
      await load('n', 7, 7, 3),
      await load('n', 147),
    ];
    assert.equal(pixels.channelsLast, true);
    assert.ok(apart(pixels.values as Uint8Array, expected['rgb.png']!.fit7!) <= 1);
    for (let i = 0; i < 49; i++)
      for (let c = 0; c < 3; c++) assert.equal(planes.values[c * 49 + i], pixels.values[3 * i + c]);
    assert.deepEqual([...row.values], [...planes.values]);
  });
  test('pictures without class folders are samples without labels', async () => {
    const root = tree('loose', { 'a.png': 'rgb.png', 'b.png': 'grey.png' });
    const { data } = await loadImages(root, reading(input('n', 3, 8, 8)), undefined);
    assert.deepEqual([data.samples, data.labels], [2, undefined]);
  });

  const bad: readonly (readonly [string, () => string, GraphValue, RegExp])[] = [
    [
      'an empty folder',
      () => tree('none', { '.x': 'rgb.png' }),
      input('n', 3, 8, 8),
      /none: no PNG or JPEG image/,
    ],
    [
      'a class without pictures',
      () => tree('lacking', { 'a/1.png': 'rgb.png', 'b/notes.txt': 'rgb.png' }),
      input('n', 3, 8, 8),
      /lacking: no PNG or JPEG image in the class folder b/,
    ],
    [
      'a file that is no picture',
      () => tree('lying', { 'a/1.png': 'expected.json' }),
      input('n', 3, 8, 8),
      /a.1\.png is not a PNG or JPEG image but JSON/,
    ],
    [
      'a picture that is cut off',
      () => {
        const root = tree('cut', { 'a/1.png': 'rgb.png' });
        writeFileSync(
          join(root, 'a', '2.png'),
          readFileSync(join(folder, 'rgb.png')).subarray(0, 70),
        );
        return root;
      },
      input('n', 3, 8, 8),
      /a.2\.png: the image cannot be decoded \(.*\): mend it or take it out/,
    ],
    [
      'a header that claims 60,000 x 60,000 pixels',
      () => {
        const root = tree('bomb', { 'a/1.png': 'rgb.png' });
        const bytes = readFileSync(join(folder, 'rgb.png'));
        bytes.writeUInt32BE(60_000, 16);
        bytes.writeUInt32BE(60_000, 20);
        writeFileSync(join(root, 'a', '1.png'), bytes);
        return root;
      },
      input('n', 3, 8, 8),
      /cannot be decoded \(it is too large\)/,
    ],
    [
      'a model with four channels',
      () => tree('four', { 'a/1.png': 'rgb.png' }),
      input('n', 4, 8, 8),
      /takes 4 channels/,
    ],
    [
      'a model of rows that are no square',
      () => tree('row', { 'a/1.png': 'rgb.png' }),
      input('n', 50),
      /do not fit/,
    ],
  ];
  for (const [what, make, value, line] of bad)
    test(`${what} is named in one line`, async () => {
      await assert.rejects(loadImages(make(), reading(value), undefined), (error: Error) => {
        assert.ok(error instanceof DeepCompressionError);
        assert.match(error.message, line);
        assert.ok(!error.message.includes('\n'));
        return true;
      });
    });
});
