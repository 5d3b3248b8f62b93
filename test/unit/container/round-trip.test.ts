import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockWeights } from '../../../src/compress/coded.ts';
import { openDcz } from '../../../src/container/read.ts';
import { memorySource, readBytes } from '../../../src/model/bytes.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { codeTensor, fakeModel, payloadOf, writeToMemory, type FakeModel } from './models.ts';
import {
  float32Bytes,
  hashedModel,
  randomBytes,
  randomCodebook,
  randomCodes,
  randomModel,
} from './random-models.ts';

function open(bytes: Uint8Array): ReturnType<typeof openDcz> {
  return openDcz(memorySource('test.dcz', bytes));
}

function checkRoundTrip(fake: FakeModel): void {
  const { bytes, written } = writeToMemory(fake);
  assert.equal(written.total, bytes.length);
  const dcz = open(bytes);
  assert.deepEqual(
    dcz.files.map((f) => f.location),
    fake.model.files.map((f) => f.location),
  );
  fake.restored.forEach((file, i) => {
    assert.equal(dcz.files[i].size, file.length);
    const source = dcz.fileSource(i);
    assert.deepEqual(readBytes(source, 0, source.size), file);
  });
  const expected = [...fake.tensors].sort((a, b) => a.coded.tensor - b.coded.tensor);
  assert.equal(dcz.tensors.length, expected.length);
  let stored = dcz.otherBytes;
  dcz.tensors.forEach(({ coded, rmse, stored: sizes }, i) => {
    const { coded: was } = expected[i];
    for (const key of ['tensor', 'dtype', 'weights', 'coder', 'indexBits'] as const) {
      assert.equal(coded[key], was[key], key);
    }
    assert.equal(coded.rowLength, was.rowLength);
    assert.equal(coded.kernelLength, was.kernelLength);
    assert.deepEqual(coded.codebook, was.codebook);
    assert.deepEqual(coded.grid, was.grid);
    assert.deepEqual(coded.valueLengths, was.valueLengths);
    assert.deepEqual(coded.gapLengths, was.gapLengths);
    assert.equal(rmse, expected[i].rmse);
    assert.deepEqual(sizes, written.perTensor.get(was.tensor));
    was.blocks.forEach((block, b) => {
      assert.equal(coded.blocks[b].entries, block.entries);
      assert.deepEqual(coded.blocks[b].values, block.values);
      assert.deepEqual(coded.blocks[b].gaps, block.gaps);
    });
    stored += sizes.total;
  });
  assert.equal(stored, bytes.length);
  assert.equal(dcz.otherBytes, written.other);
}

test('random models come back byte for byte, with their tables and sizes', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => checkRoundTrip(randomModel(seed))),
    { seed: 20260115, numRuns: 80 },
  );
});

test('hashed tensors come back byte for byte from any place on, and make the file version 3', () => {
  const fake = hashedModel();
  checkRoundTrip(fake);
  const { bytes } = writeToMemory(fake);
  assert.equal(bytes[3], 3);
  assert.equal(writeToMemory(randomModel(1)).bytes[3], 2);
  const source = open(bytes).fileSource(0);
  const whole = fake.restored[0];
  for (let from = 0; from < whole.length; from += 997)
    for (const length of [1, 6, 1501])
      assert.deepEqual(
        readBytes(source, from, Math.min(length, whole.length - from)),
        whole.subarray(from, from + length),
      );
});

test('the same model gives the same bytes, and key order in a recipe does not matter', () => {
  for (let seed = 0; seed < 8; seed++) {
    const a = writeToMemory(randomModel(seed), { b: [1, { y: 2, x: 1 }], a: 'é' }).bytes;
    const b = writeToMemory(randomModel(seed), { a: 'é', b: [1, { x: 1, y: 2 }] }).bytes;
    assert.deepEqual(a, b);
  }
  assert.deepEqual(open(writeToMemory(randomModel(1), { b: [1], a: 'é' }).bytes).recipe, {
    a: 'é',
    b: [1],
  });
});

test('a restored file can be read anywhere and in any pieces', () => {
  const random = mulberry32(7);
  for (let seed = 0; seed < 24; seed++) {
    const fake = randomModel(seed);
    const dcz = open(writeToMemory(fake).bytes);
    fake.restored.forEach((file, i) => {
      const source = dcz.fileSource(i);
      for (let n = 0; n < 20; n++) {
        const from = Math.floor(random() * (file.length + 1));
        const length = Math.floor(random() * (file.length - from + 1));
        assert.deepEqual(readBytes(source, from, length), file.slice(from, from + length));
      }
      assert.throws(() => source.readInto(new Uint8Array(1), file.length), { code: 'io' });
    });
  }
});

test('parts of a file cover it, and blocks decode on their own', () => {
  for (let seed = 0; seed < 24; seed++) {
    const fake = randomModel(seed);
    const dcz = open(writeToMemory(fake).bytes);
    fake.restored.forEach((file, i) => {
      let at = 0;
      for (const part of dcz.parts(i)) {
        assert.equal(part.offset, at);
        at += part.length;
        if (part.kind === 'rest' || part.length === 0) continue;
        const target = new Uint8Array(part.length);
        dcz.readBlock(part.tensor, 0, target);
        assert.deepEqual(target, file.slice(part.offset, at));
      }
      assert.equal(at, file.length);
    });
  }
});

test('a tensor of several blocks and a rest of several pieces come back', () => {
  const random = mulberry32(3);
  const parts = (['huffman', 'arithmetic'] as const).map((coder, tensor) => {
    const codebook = randomCodebook(random, 'float32', 15);
    const codes = randomCodes(() => Math.max(random(), 0.05), 2 * blockWeights + 777, 15);
    const indexBits = coder === 'huffman' ? 5 : 0;
    const coded = codeTensor(codes, { tensor, dtype: 'float32', codebook, coder, indexBits });
    return { kind: 'coded' as const, coded, payload: payloadOf(codebook, codes, 'float32') };
  });
  const floats = Float32Array.from({ length: 2_500_000 }, () => random() - 0.5);
  const structure = { kind: 'bytes' as const, bytes: randomBytes(random, 999) };
  const kept = { kind: 'floats' as const, dtype: 'float32' as const, bytes: float32Bytes(floats) };
  const fake = fakeModel([
    { location: '', parts: [structure, parts[0], kept, parts[1], structure] },
  ]);
  const { bytes } = writeToMemory(fake);
  const dcz = open(bytes);
  const [file] = fake.restored;
  const source = dcz.fileSource(0);
  const sequential = new Uint8Array(file.length);
  for (let at = 0; at < file.length; at += 300_001) {
    source.readInto(sequential.subarray(at, Math.min(file.length, at + 300_001)), at);
  }
  assert.ok(Buffer.from(sequential.buffer).equals(file));
  const whole = readBytes(source, 0, file.length);
  assert.ok(Buffer.from(whole.buffer).equals(file));
  assert.equal(dcz.tensors[0].coded.blocks.length, 3);
});

test('a model without compressed tensors, and an empty one, are stored and restored', () => {
  checkRoundTrip(fakeModel([{ location: '', parts: [] }]));
  const bytes = new TextEncoder().encode('graph '.repeat(500));
  const fake = fakeModel([{ location: '', parts: [{ kind: 'bytes', bytes }] }]);
  checkRoundTrip(fake);
  assert.ok(writeToMemory(fake).bytes.length < 80);
});

test('four compressed layers cost less than 80 bytes beyond streams, tables, rest and recipe', () => {
  const random = mulberry32(5);
  const parts = [0, 2, 4, 6].flatMap((tensor) => {
    const codebook = randomCodebook(random, 'float32', 31);
    const codes = randomCodes(() => Math.max(random(), 0.3), 2304, 31);
    const shape = { rowLength: 144, kernelLength: 9 };
    const coder = 'arithmetic' as const;
    const kind = { tensor, dtype: 'float32' as const, codebook, coder, indexBits: 0, ...shape };
    const coded = codeTensor(codes, kind);
    const payload = payloadOf(codebook, codes, 'float32');
    return [
      { kind: 'bytes' as const, bytes: Uint8Array.of(0x0a, tensor, 0x12, 0x34, 0x56) },
      { kind: 'coded' as const, coded, payload },
      { kind: 'bytes' as const, bytes: Uint8Array.of(0x0a, 0x34, 0x12) },
    ];
  });
  const { bytes, written } = writeToMemory(fakeModel([{ location: '', parts }]), {});
  let overhead = bytes.length - 32;
  for (const { values, codebook } of written.perTensor.values()) overhead -= values + codebook;
  assert.ok(overhead < 80, `${overhead} bytes`);
});

test('layout and tensors that do not belong together are refused', () => {
  const fake = randomModel(11);
  const some = { ...fake, tensors: fake.tensors.slice(1) };
  assert.ok(fake.tensors.length > 1);
  assert.throws(() => writeToMemory(some), RangeError);
  assert.throws(() => writeToMemory({ ...fake, layout: fake.layout.map(() => []) }), RangeError);
});

test('a model beyond a limit of the format is refused before it is written whole', () => {
  const files = Array.from({ length: 4097 }, (_, i) => ({ location: i ? `f${i}` : '', parts: [] }));
  assert.throws(() => writeToMemory(fakeModel(files)), { code: 'unsupported' });
  const long = { name: 'a'.repeat(2 << 20) };
  assert.throws(() => writeToMemory(randomModel(1), long), { code: 'unsupported' });
  checkRoundTrip(fakeModel(files.slice(1).map((f, i) => (i ? f : { ...f, location: '' }))));
});
