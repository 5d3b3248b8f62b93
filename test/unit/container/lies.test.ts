/**
 * Files that lie, one at a time: a well-formed file (the example of docs/dcz-format.md with its
 * metadata stored) in which one thing is not true, with checksums that match.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'fflate';
import { AdaptiveEncoder } from '../../../src/container/adaptive.ts';
import { TableCoder } from '../../../src/container/adaptive-tables.ts';
import { isDcz } from '../../../src/container/header.ts';
import { openDcz } from '../../../src/container/read.ts';
import { memorySource, readBytes } from '../../../src/model/bytes.ts';
import { crc32 } from '../../../src/model/crc32.ts';

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));

/** The parts of the example; every test replaces one or two. */
const sound = {
  header: '44435a02',
  data: '0a0b0c 05',
  recipe: '02 7b7d',
  channels: '03 00 00 00 00',
  tensors: '01 00 01 03 01 01 01',
  files: '01 00 03 10 04 08',
  plain: '24c99418 0000003f a3887cfa',
  tables: '7fa8e206740d',
  after: '',
};
type Parts = typeof sound;

function build(change: Partial<Parts>, lengths?: (metadata: Uint8Array) => Uint8Array): Uint8Array {
  const p = { ...sound, ...change };
  const metadata = bytesOf(p.recipe + p.channels + p.tensors + p.files);
  const prefix =
    lengths?.(metadata) ?? Uint8Array.from([...varint(metadata.length), 0, ...metadata]);
  const index = new Uint8Array(Buffer.concat([prefix, bytesOf(p.plain), bytesOf(p.tables)]));
  const about = new DataView(new ArrayBuffer(8));
  about.setUint32(0, index.length, true);
  about.setUint32(4, crc32(index), true);
  const head = bytesOf(p.header);
  const aboutIndex = new Uint8Array(about.buffer);
  const parts =
    head[3] === 1
      ? [head, bytesOf(p.data), index, aboutIndex, bytesOf(p.after)]
      : [head, aboutIndex, index, bytesOf(p.data + p.after)];
  return new Uint8Array(Buffer.concat(parts));
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}

const hexOf = (value: number): string => Buffer.from(varint(value)).toString('hex');

function readAll(bytes: Uint8Array): Uint8Array[] {
  const dcz = openDcz(memorySource('lie.dcz', bytes));
  return dcz.files.map(({ size }, i) => readBytes(dcz.fileSource(i), 0, size));
}

function refuses(bytes: Uint8Array, why: RegExp): void {
  assert.throws(() => readAll(bytes), { code: 'invalid-container', message: why });
}

test('the file that the lies begin from is sound', () => {
  assert.deepEqual(readAll(build({})), [bytesOf('0a0b 003c00000 03c 0c')]);
});

/** A file of version 3 with one float32 value in channel 2, and a hashed tensor that says `fields`. */
function hashedLie(
  what: string,
  fields: string,
  why: RegExp,
): Record<string, [Partial<Parts>, RegExp]> {
  const change = {
    header: '44435a03',
    channels: '03 00 00 01 00 00 00 00 00',
    data: '0a0b0c 00000000 05',
    files: `01 00 04 10 04 08 0d ${fields}`,
  };
  return { [`a hashed tensor with ${what}`]: [change, why] };
}

const lies: Record<string, [Partial<Parts>, RegExp]> = {
  'another version': [{ header: '44435a04' }, /version 4, and this program reads versions 1 to 3/],
  'a hashed tensor in version 2': [
    { files: '01 00 02 18 0d 00 01 01 00 00' },
    /a run that is none/,
  ],
  'a hashed tensor without values': [
    { header: '44435a03', files: '01 00 02 18 05 00 01 01 00 00' },
    /a run that is none/,
  ],
  'a hashed tensor whose values are nowhere': [
    { header: '44435a03', files: '01 00 02 18 0d 00 01 01 00 00' },
    /more bytes than there are/,
  ],
  ...hashedLie('more values than weights', '00 00 01 00 00', /more values than weights/),
  ...hashedLie('too many weights', '00 80808010 80808010 00 00', /a hashed tensor of \d+ weights/),
  ...hashedLie(
    'an order that is none',
    '00 01 01 04 00',
    /order of a hashed tensor is more than 3/,
  ),
  ...hashedLie('a bias of several columns', '00 01 02 02 00', /hashed bias of several columns/),
  ...hashedLie(
    'a seed that is too large',
    '00 01 01 00 8080808010',
    /seed .* more than 4294967295/,
  ),
  'another format': [
    { header: '504b0304' },
    /^lie\.dcz: not a \.dcz file but a ZIP archive: unpack it$/,
  ],
  'something after the end': [{ after: '00' }, /belong to nothing/],
  'a byte too many before the index': [{ data: '0a0b0c 05 00' }, /belong to nothing/],
  'a byte too few before the index': [{ data: '0a0b0c' }, /cut off after 56 of 57 bytes/],
  'a recipe that is no JSON': [{ recipe: '02 7b7b' }, /not JSON/],
  'a recipe that is an array': [{ recipe: '02 5b5d' }, /not an object/],
  'a recipe that is no text': [{ recipe: '02 ffff' }, /not UTF-8/],
  'a recipe without an end': [{ recipe: 'ffff07' }, /more than 1048576|ends inside the recipe/],
  'a channel of 2^49 bytes': [{ channels: `${hexOf(2 ** 49)}00000000` }, /more pieces than/],
  'a channel of 2^53 bytes': [{ channels: `${hexOf(2 ** 53 - 1)}00000000` }, /more than/],
  'a plane that is longer packed': [{ channels: '03 06 00 00 00' }, /more than 5/],
  'a plane that is not deflate': [{ channels: '03 04 00 00 00', data: 'ffff 05' }, /do not unpack/],
  'a plane that unpacks too far': [{ channels: `${hexOf(8000)} 02 00 00 00` }, /unpacks too far/],
  'a mixed plane of other bytes': [{ channels: '03 05 00 00 00', data: 'ffff 05' }, /checksum/],
  'a mixed plane that unpacks too far': [
    { channels: `${hexOf(8000)} 03 00 00 00` },
    /unpacks too far/,
  ],
  'a long plane that is mixed': [
    { channels: `${hexOf((1 << 18) + 1)} ${hexOf(2 * 300 + 1)} 00 00 00` },
    /long plane that is mixed/,
  ],
  'no tensors for the holes': [{ tensors: '00' }, /more holes/],
  'a million tensors': [{ tensors: hexOf(1e6) }, /more than 65536/],
  'a tensor twice': [
    { tensors: '02 00 01 03 01 01 01 01 01 03 01 01 00', files: '01 00 04 10 04 04 08' },
    /twice/,
  ],
  'a tensor that is nowhere': [{ files: '01 00 02 10 08' }, /nowhere/],
  'more holes than tensors': [{ files: '01 00 04 10 04 04 08' }, /more holes/],
  'a hole with a length': [{ files: '01 00 03 10 0c 08' }, /hole with a length/],
  'a run of no kind': [{ files: '01 00 03 10 04 0d' }, /run that is none/],
  'an empty run': [{ files: '01 00 04 10 04 00 08' }, /run that is none/],
  'a run with more than its channel': [{ files: '01 00 03 10 04 10' }, /more bytes than there are/],
  'a run of a channel that is empty': [{ files: '01 00 04 10 04 08 09' }, /more bytes than there/],
  'bytes that no run takes': [{ files: '01 00 02 10 04' }, /bytes that are nowhere/],
  'a billion runs': [{ files: `01 00 ${hexOf(1e9)}` }, /more than 1048576/],
  'more runs than bytes': [{ files: '01 00 ffff3f 10 04 08' }, /fewer runs/],
  'no files': [{ files: '00' }, /no file/],
  'a location for the model': [{ files: '01 01 61 03 10 04 08' }, /with a location/],
  'a file twice': [{ files: '03 00 03 10 04 08 01 61 00 01 61 00' }, /twice/],
  'a file outside the folder': [{ files: '02 00 03 10 04 08 04 2e2e2f61 00' }, /leaves/],
  'an absolute file': [{ files: '02 00 03 10 04 08 02 2f61 00' }, /absolute/],
  'a drive': [{ files: '02 00 03 10 04 08 03 433a61 00' }, /absolute/],
  'a backslash': [{ files: '02 00 03 10 04 08 03 615c62 00' }, /shortest form/],
  'a location with ./': [{ files: '02 00 03 10 04 08 03 2e2f61 00' }, /shortest form/],
  'metadata that goes on': [{ files: '01 00 03 10 04 08 00' }, /nothing asks for/],
  'an index of 1 bit': [
    { header: '44435a01', tensors: '01 00 09 03 01 01 01 00 03' },
    /index of 1 bits/,
  ],
  'an index of 17 bits': [
    { header: '44435a01', tensors: '01 00 89 03 01 01 01 00 03' },
    /index of 17 bits/,
  ],
  'a level beyond 32767': [{ tensors: '01 00 0d 03 01 01 808002 04 01' }, /more than 32767/],
  'a grid of no matrices': [{ tensors: '01 00 0d 03 01 01 07 00 01' }, /grid that does not divide/],
  'a grid of two matrices in three weights': [
    { tensors: '01 00 0d 03 01 01 07 08 01' },
    /grid that does not divide/,
  ],
  'a grid of no weights': [{ tensors: '01 00 0d 00 01 01 07 04' }, /grid that does not divide/],
  'weights without blocks': [{ tensors: `01 00 01 ${hexOf(2 ** 40)} 01 01 01` }, /fewer blocks/],
  'more weights than a file': [{ tensors: `01 00 01 ${hexOf(2 ** 49)} 01 01 01` }, /more than/],
  'a row longer than the tensor': [{ tensors: '01 00 01 03 04 01 01' }, /no row/],
  'a row of nothing': [{ tensors: '01 00 01 03 00 01 01' }, /no row/],
  'more entries than weights': [{ tensors: '01 00 11 03 01 01 01 00 04' }, /more than 3/],
  'a stream of 2^50 bytes': [
    { tensors: `01 00 01 03 01 01 ${hexOf(2 ** 50)}` },
    /cut off after \d+ of \d{16} bytes/,
  ],
  'a padded number': [{ tensors: '01 00 01 8300 01 01 01' }, /shortest form/],
  'a number of ten bytes': [{ tensors: '01 00 01 80808080808080808001' }, /too long/],
  'other bytes of the rest': [{ data: '0a0b0d 05' }, /checksum of the model/],
  'other codes': [{ data: '0a0b0c 04' }, /checksum of tensor 0/],
  'a bit after the codes': [{ data: '0a0b0c 0d' }, /tensor 0: /],
  'a block checksum': [{ plain: '24c99418 0000003f a3887cfb' }, /checksum of tensor 0/],
  'too few plain fields': [{ plain: '24c99418 0000003f', tables: '' }, /ends inside a checksum/],
  'no tables': [{ tables: '' }, /ends inside the tables/],
  'tables that go on': [{ tables: '7fa8e206740d0000000000' }, /after the tables/],
  'a codebook of 512 values': [{ tables: '00000000000000' }, /a codebook of/],
};

for (const [what, [change, why]] of Object.entries(lies)) {
  test(`a file with ${what} is refused`, () => refuses(build(change), why));
}

test('metadata that claims to be larger than it is, is refused before it is unpacked', () => {
  const deflated = (claim: number, content: Uint8Array) => (): Uint8Array => {
    const packed = deflateSync(content, { level: 9 });
    return Uint8Array.from([...varint(claim), ...varint(packed.length), ...packed]);
  };
  const zeros = new Uint8Array(1 << 20);
  refuses(build({}, deflated(16 << 20, zeros)), /unpacks too far/);
  refuses(build({}, deflated((16 << 20) + 1, zeros)), /more than 16777216/);
  refuses(build({}, deflated(1000, zeros.subarray(0, 999))), /does not unpack/);
  refuses(build({}, deflated(1000, zeros.subarray(0, 1001))), /does not unpack/);
  refuses(
    build({}, () => Uint8Array.of(100, 0, 1)),
    /ends inside the metadata/,
  );
});

test('a codebook value that the dtype does not have is refused', () => {
  const coder = new AdaptiveEncoder(TableCoder.contexts);
  const lengths = { valueLengths: Uint8Array.of(1, 1), gapLengths: new Uint8Array(0) };
  const codebook = Float64Array.of(0, Math.fround(0.1));
  const shape = { coder: 'huffman', indexBits: 0, grid: undefined } as const;
  new TableCoder(coder, assert.fail).code(shape, { codebook, ...lengths });
  const tables = Buffer.from(coder.finish()).toString('hex');
  refuses(build({ tables }), /a codebook value that is no float16/);
});

test('what is no .dcz file is told apart without reading it', () => {
  assert.ok(isDcz(memorySource('a', build({}))));
  assert.ok(isDcz(memorySource('a', build({ header: '44435a09' }))));
  for (const bytes of [new Uint8Array(0), Uint8Array.of(0x44, 0x43), Uint8Array.of(8, 7, 18, 0)]) {
    assert.ok(!isDcz(memorySource('a', bytes)));
    refuses(bytes, /^lie\.dcz: not a \.dcz file/);
  }
});
