import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDcz } from '../../src/container/read.ts';
import { memorySource, readBytes } from '../../src/model/bytes.ts';
import { codeTensor, fakeModel, payloadOf, writeToMemory } from '../unit/container/models.ts';
import { decodeIndependently } from './independent-decoder.ts';

/** The example of docs/dcz-format.md, section 8. */
const data = [
  '0a0b0c', // rest
  '05', // values
].join('');
const index = [
  '1514', // lengths of the metadata
  '63aaae65660002460646664620606016' + '60e10000', // metadata
  '24c99418', // checksum of the rest
  '0000003f', // rmse
  'a3887cfa', // checksum of the block
  '7fa8e206740d', // adaptive stream
].join('');
const about = '28000000' + '184a0eb0'; // length and checksum of the index
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const golden = bytesOf('44435a02' + about + index + data);
/** The same as version 1 had it. */
const old = bytesOf('44435a01' + data + index + about);
const restored = Uint8Array.of(0x0a, 0x0b, 0, 0x3c, 0, 0, 0, 0x3c, 0x0c);

test('the example of the specification is written byte for byte', () => {
  const codebook = Float64Array.of(0, 1);
  const codes = Uint16Array.of(1, 0, 1);
  const kind = { tensor: 0, dtype: 'float16', codebook, coder: 'huffman', indexBits: 0 } as const;
  const coded = codeTensor(codes, kind);
  const fake = fakeModel([
    {
      location: '',
      parts: [
        { kind: 'bytes', bytes: Uint8Array.of(0x0a, 0x0b) },
        { kind: 'coded', coded, payload: payloadOf(codebook, codes, 'float16') },
        { kind: 'bytes', bytes: Uint8Array.of(0x0c) },
      ],
    },
  ]);
  const { bytes } = writeToMemory({ ...fake, tensors: [{ coded, rmse: 0.5 }] }, {});
  assert.equal(Buffer.from(bytes).toString('hex'), Buffer.from(golden).toString('hex'));
});

test('the example of the specification is read by both decoders, of version 1 too', () => {
  for (const file of [old, golden]) {
    const dcz = openDcz(memorySource('golden.dcz', file));
    assert.deepEqual(readBytes(dcz.fileSource(0), 0, 9), restored);
    assert.deepEqual(dcz.tensors[0].coded.valueLengths, Uint8Array.of(1, 1));
    assert.equal(dcz.tensors[0].rmse, 0.5);
    assert.deepEqual(decodeIndependently(file).files, [{ location: '', bytes: restored }]);
  }
});
