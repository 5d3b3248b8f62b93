/** Passes over layers of many blocks, with blocks decoded ahead by other threads and without. */
import { CheckedDecoder } from '../../../src/compress/code/checked-decoder.ts';
import assert from 'node:assert/strict';
import test from 'node:test';
import { BlockDecoder } from '../../../src/compress/code/decode-block.ts';
import { BlockEncoder, type TensorCoding } from '../../../src/compress/code/encode-block.ts';
import { blockWeights } from '../../../src/compress/coded.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { ByteCache } from '../../../src/view/cache.ts';
import { CodedLayer, type BlockThreads, type CodedSource } from '../../../src/view/coded-layer.ts';
import { Pace } from '../../../src/view/pace.ts';
import { asking, services } from './support.ts';

const blocks = 5;
const weights = (blocks - 1) * blockWeights + 1000;
const coding: TensorCoding = {
  tensor: 0,
  dtype: 'float32',
  weights,
  codebook: Float64Array.of(0, -1, 1, 2),
  coder: 'huffman',
  indexBits: 0,
  valueLengths: Uint8Array.of(1, 2, 3, 3),
  gapLengths: new Uint8Array(0),
  rowLength: 1000,
  kernelLength: 1,
};

function source(): CodedSource {
  const random = mulberry32(1);
  const encoder = new BlockEncoder(coding);
  const coded = Array.from({ length: blocks }, (_, block) => {
    const n = Math.min(blockWeights, weights - block * blockWeights);
    return encoder.encode(
      block,
      Uint16Array.from({ length: n }, () => Math.max(0, Math.floor(random() * 6) - 2)),
    );
  });
  const stored = { values: 0, index: 0, codebook: 0, tables: 0, total: 0 };
  return { coded: { ...coding, blocks: coded }, rmse: 0, stored };
}

const whole = source();

/** Threads that decode at the next turns of the event loop, and what they were asked for. */
function threads(width: number, fails = (_: number): boolean => false) {
  const asked: number[] = [];
  const most = { underWay: 0 };
  let underWay = 0;
  const of: BlockThreads = {
    width,
    async decode(index, block) {
      assert.equal(index, 7);
      asked.push(block);
      most.underWay = Math.max(most.underWay, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      if (fails(block)) throw new Error('a thread died');
      const { blocks: coded } = whole.coded;
      const codes = new Uint16Array(coded[block].entries);
      new BlockDecoder(coding).decode(block, coded[block], codes);
      return Uint8Array.from(codes);
    },
  };
  return { of, asked, most };
}

function layer(of?: BlockThreads, budget = 64 << 20): CodedLayer {
  const cache = new ByteCache(budget);
  return new CodedLayer(
    whole,
    'key/',
    cache,
    new CheckedDecoder('layer.dcz'),
    of && { of, index: 7 },
  );
}

const pace = (): Pace => new Pace(services().turns, 1, asking);
const counted = layer().statistics(pace());

test('a pass has every block decoded once elsewhere, a few ahead, and counts the same', async () => {
  const { of, asked, most } = threads(2);
  assert.deepEqual(await layer(of).statistics(pace()), await counted);
  assert.deepEqual(asked, [0, 1, 2, 3, 4]);
  assert.equal(most.underWay, 2);
});

test('what threads do not bring, or the cache does not hold, is decoded all the same', async () => {
  const failing = threads(3, (block) => block % 2 === 1);
  assert.deepEqual(await layer(failing.of).statistics(pace()), await counted);
  const { of } = threads(3);
  assert.deepEqual(await layer(of, 1000).statistics(pace()), await counted);
});

test('nothing beyond the last block that is needed is asked for', async () => {
  const { of, asked } = threads(4);
  const { values } = layer(of);
  await values.ready?.(blockWeights - 1, 2 * blockWeights);
  assert.deepEqual(asked, [0, 1]);
  assert.equal(layer().values.ready?.(0, weights), undefined);
});

test('a damaged block is refused, whoever decodes it', async () => {
  const damaged = {
    ...whole,
    coded: {
      ...whole.coded,
      blocks: whole.coded.blocks.map((b, i) => (i === 3 ? { ...b, crc32: b.crc32 ^ 1 } : b)),
    },
  };
  const { of } = threads(2, (block) => block === 3);
  const bad = new CodedLayer(
    damaged,
    'key/',
    new ByteCache(64 << 20),
    new CheckedDecoder('layer.dcz'),
    {
      of,
      index: 7,
    },
  );
  await assert.rejects(
    bad.statistics(pace()),
    /layer.dcz: damaged .dcz file: a checksum of tensor \d+ does not match/,
  );
});
