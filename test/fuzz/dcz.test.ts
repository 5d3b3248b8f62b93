/**
 * Damaged and forged .dcz files. Whatever the bytes: opening and reading everything ends soon, in
 * one `invalid-container` line or in exactly the files that were stored. Forged files, whose
 * checksums were made to match, may hold other files, but nothing else may happen.
 * DC_FUZZ_CASES sets the number of cases.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { metadataDictionary } from '../../src/container/dictionary.ts';
import { openDcz } from '../../src/container/read.ts';
import { memorySource, readBytes } from '../../src/model/bytes.ts';
import { crc32 } from '../../src/model/crc32.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { writeToMemory } from '../unit/container/models.ts';
import { pick, randomModel, type Random } from '../unit/container/random-models.ts';

const cases = Number(process.env['DC_FUZZ_CASES'] ?? 3000);

/** Reads all of every file in pieces, up to a limit; undefined when the file is refused. */
function restore(bytes: Uint8Array): Uint8Array[] | undefined {
  try {
    const dcz = openDcz(memorySource('fuzz.dcz', bytes));
    for (const { coded } of dcz.tensors)
      assert.ok(coded.codebook.length <= (coded.grid ? 65535 : 257));
    return dcz.files.map(({ size }, i) => {
      const source = dcz.fileSource(i);
      return readBytes(source, 0, Math.min(size, readLimit));
    });
  } catch (error) {
    if (!(error instanceof DeepCompressionError)) throw error;
    assert.equal(error.code, 'invalid-container');
    assert.match(error.message, /^fuzz\.dcz: .+$/);
    assert.doesNotMatch(error.message, /\n|undefined|NaN/);
    return undefined;
  }
}

const readLimit = 6 << 20;

/** Small random models as files, with what they restore to. */
const samples = Array.from({ length: 24 }, (_, seed) => {
  const fake = randomModel(seed + 500);
  return { bytes: writeToMemory(fake, { name: 'fuzz' }).bytes, restored: fake.restored };
}).filter(({ bytes }) => bytes.length < 20_000);

function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const at = Math.floor(random() * bytes.length);
  const more = Uint8Array.from({ length: 1 + Math.floor(random() * 9) }, () => random() * 256);
  const kind = random();
  if (kind < 0.3) return bytes.slice(0, at);
  const copy = bytes.slice();
  if (kind < 0.7) {
    for (let n = pick(random, [1, 1, 1, 2, 8]); n > 0; n--) {
      copy[Math.floor(random() * copy.length)] ^= 1 << Math.floor(random() * 8);
    }
    return copy;
  }
  if (kind < 0.8) return joined(bytes, more);
  if (kind < 0.9) return joined(bytes.subarray(0, at), more, bytes.subarray(at));
  return joined(bytes.subarray(0, at), bytes.subarray(at + more.length));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Takes the index apart, changes something in it, and makes its checksum right again. */
function forge(random: Random, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = 12;
  const length = view.getUint32(4, true);
  const index = bytes.subarray(start, start + length);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = index[at++];
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  const restored = varint();
  const deflated = varint();
  let metadata: Uint8Array = index.subarray(at, at + (deflated || restored));
  if (deflated) metadata = inflateRawSync(metadata, { dictionary: metadataDictionary });
  let tail: Uint8Array = index.subarray(at + (deflated || restored)).slice();
  let data: Uint8Array = bytes.subarray(start + length);
  const what = random();
  if (what < 0.6) metadata = forgeNumbers(random, metadata);
  else if (what < 0.8) tail = damage(random, tail.length ? tail : Uint8Array.of(0));
  else if (what < 0.9) data = damage(random, data);
  else {
    metadata = forgeNumbers(random, metadata);
    tail = damage(random, tail.length ? tail : Uint8Array.of(0));
  }
  const claimed = random() < 0.05 ? hugeNumber(random) : toVarint(metadata.length);
  const whole = joined(claimed, Uint8Array.of(0), metadata, tail);
  const about = new DataView(new ArrayBuffer(8));
  about.setUint32(0, whole.length, true);
  about.setUint32(4, crc32(whole), true);
  return joined(bytes.subarray(0, 4), new Uint8Array(about.buffer), whole, data);
}

/** Puts other numbers where some of the last bytes (behind the recipe) stood. */
function forgeNumbers(random: Random, metadata: Uint8Array): Uint8Array {
  let forged = metadata;
  for (let n = pick(random, [1, 1, 2, 3]); n > 0; n--) {
    const at = Math.floor(random() * forged.length);
    const number = random() < 0.5 ? hugeNumber(random) : toVarint(Math.floor(random() * 40));
    const keep = random() < 0.2 ? at : at + pick(random, [1, 1, 1, number.length, 4]);
    forged = joined(forged.subarray(0, at), number, forged.subarray(keep));
  }
  return forged;
}

function hugeNumber(random: Random): Uint8Array {
  return toVarint(Math.floor(2 ** (random() * 53)));
}

function toVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

test(`${cases} damaged or forged files are refused in one line or restored exactly`, () => {
  const random = mulberry32(20260116);
  let refused = 0;
  let same = 0;
  let other = 0;
  let mostMemory = 0;
  for (let n = 0; n < cases; n++) {
    const { bytes, restored } = pick(random, samples);
    const forged = random() < 0.6;
    const files = restore(forged ? forge(random, bytes) : damage(random, bytes));
    if (files === undefined) refused++;
    else if (Buffer.concat(files).equals(Buffer.concat(restored))) same++;
    else if (forged) other++;
    else assert.fail(`case ${n}: wrong bytes were restored`);
    if (n % 50 === 0) mostMemory = Math.max(mostMemory, process.memoryUsage().arrayBuffers);
  }
  console.log(`${refused} refused, ${same} the same, ${other} other files; ${mostMemory} bytes`);
  assert.ok(refused > cases / 2 && same > 0);
  assert.ok(mostMemory < 512 << 20, `${mostMemory} bytes of buffers`);
});

test('a file cut at any byte is refused when it is opened', () => {
  for (const { bytes } of samples.slice(0, 8)) {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => openDcz(memorySource('cut.dcz', bytes.subarray(0, length))), {
        code: 'invalid-container',
      });
    }
  }
});
