import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { deflateSync } from 'fflate';
import {
  inflateExactly,
  joinPlanes,
  packPiece,
  packPlane,
  unpackPlanes,
} from '../../../src/container/pack.ts';
import { floatPayloads, planRuns } from '../../../src/container/rest-plan.ts';
import { VarintReader, VarintWriter } from '../../../src/container/varint.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { codeTensor, fakeModel, payloadOf } from './models.ts';
import { float32Bytes } from './random-models.ts';

const text = new TextEncoder().encode('structure of a graph, structure of a graph. '.repeat(40));

test('planes of a piece are joined to what they were, and zlib reads the deflated ones', () => {
  const random = mulberry32(1);
  const floats = float32Bytes(Array.from({ length: 5000 }, () => random() - 0.5));
  for (const elementSize of [1, 2, 4, 8]) {
    const planes = packPiece(floats, elementSize, 9, false);
    const inflated = planes.map(({ bytes, packing }) =>
      packing === 'deflated' ? new Uint8Array(inflateRawSync(bytes)) : bytes,
    );
    assert.deepEqual(joinPlanes(inflated), floats);
    for (const mix of [false, true]) {
      const packed = packPiece(floats, elementSize, 9, mix);
      const plain = unpackPlanes(packed, floats.length / elementSize);
      assert.deepEqual(plain && joinPlanes(plain), floats);
    }
  }
});

test('biases are smaller in planes than deflated as they are', () => {
  const random = mulberry32(2);
  const floats = float32Bytes(Array.from({ length: 4000 }, () => (random() + random() - 1) * 0.3));
  const packed = (elementSize: number): number =>
    packPiece(floats, elementSize, 9, false).reduce((sum, { bytes }) => sum + bytes.length, 0);
  assert.ok(packed(4) < 0.95 * packed(1), `${packed(4)} and ${packed(1)} bytes`);
});

test('bytes that do not deflate are stored, long ones after a look at a sample', () => {
  const random = mulberry32(3);
  const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => random() * 256);
  for (const length of [1, 100, 1 << 20]) {
    const bytes = noise(length);
    assert.deepEqual(packPlane(bytes, 9), { bytes, packing: 'stored' });
  }
  assert.equal(packPlane(new Uint8Array(1 << 20), 9).packing, 'deflated');
});

test('only a deflate stream of exactly the right length is accepted', () => {
  const packed = deflateSync(text, { level: 9 });
  assert.deepEqual(inflateExactly(packed, text.length), text);
  assert.equal(inflateExactly(packed, text.length - 1), undefined);
  assert.equal(inflateExactly(packed, text.length + 1), undefined);
  assert.equal(inflateExactly(packed, 1), undefined);
  for (let cut = 0; cut < packed.length; cut++) {
    assert.equal(inflateExactly(packed.subarray(0, cut), text.length), undefined);
  }
  assert.equal(inflateExactly(Uint8Array.of(0xff, 0xff, 0xff), 10), undefined);
  const storedTooLong = Uint8Array.of(1, 4, 0, 0xfb, 0xff, 1, 2, 3, 4);
  assert.equal(inflateExactly(storedTooLong, 2), undefined);
  const bomb = deflateSync(new Uint8Array(50 << 20), { level: 9 });
  assert.equal(inflateExactly(bomb, 1000), undefined);
});

test('numbers up to 2^53 - 1 come back, longer and padded ones are refused', () => {
  const refuse = (what: string): never => {
    throw new RangeError(what);
  };
  const values = [0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32, 2 ** 49, 2 ** 53 - 1];
  const out = new VarintWriter();
  for (const value of values) out.number(value);
  for (const value of [0, -1, 1, -(2 ** 51), 2 ** 51]) out.signed(value);
  const reader = new VarintReader(out.take(), refuse);
  for (const value of values) assert.equal(reader.number('n'), value);
  for (const value of [0, -1, 1, -(2 ** 51), 2 ** 51]) assert.equal(reader.signed('n'), value);
  assert.equal(reader.left, 0);
  const read = (...bytes: number[]): number =>
    new VarintReader(Uint8Array.from(bytes), refuse).number('n', 1000);
  assert.throws(() => read(0x80, 0x00), /shortest/);
  assert.throws(() => read(0x80), /ends/);
  assert.throws(() => read(0xff, 0x7f), /more than 1000/);
  const long = (): number => new VarintReader(new Uint8Array(12).fill(0x80), refuse).number('n');
  assert.throws(long, /too long/);
  assert.throws(() => out.number(-1), RangeError);
  assert.throws(() => out.number(2 ** 53), RangeError);
});

test('float payloads are found where they stand, and not next to rewritten lengths', () => {
  const codebook = Float64Array.of(0, 1);
  const coded = codeTensor(new Uint16Array(40), {
    ...{ tensor: 0, dtype: 'float32', codebook, coder: 'huffman', indexBits: 0 },
  });
  const payload = payloadOf(codebook, new Uint16Array(40), 'float32');
  const floats = (count: number) => ({
    kind: 'floats' as const,
    dtype: 'float32' as const,
    bytes: new Uint8Array(4 * count).fill(1),
  });
  const bytes = { kind: 'bytes' as const, bytes: new Uint8Array(10).fill(2) };
  const { model, layout } = fakeModel([
    {
      location: '',
      parts: [
        bytes,
        floats(20),
        bytes,
        floats(15),
        bytes,
        { kind: 'coded', coded, payload },
        floats(30),
      ],
    },
    { location: 'w', parts: [floats(16), floats(17)] },
    { location: 'x', parts: [{ kind: 'coded', coded, payload, grown: true }, floats(30)] },
  ]);
  const found = floatPayloads(model);
  assert.deepEqual(found[0], [
    { offset: 10, length: 80, channel: 2 },
    { offset: 170, length: 160, channel: 2 },
    { offset: 330, length: 120, channel: 2 },
  ]);
  assert.deepEqual(found[1], [
    { offset: 0, length: 64, channel: 2 },
    { offset: 64, length: 68, channel: 2 },
  ]);
  assert.deepEqual(found[2], []);
  const runs = planRuns(0, layout[0], found[0]);
  assert.deepEqual(
    runs.map(({ kind, length }) => [kind, length]),
    [
      [0, 10],
      [2, 80],
      [0, 80],
      [4, 160],
      [2, 120],
    ],
  );
});
