import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openDcz } from '../../../src/container/read.ts';
import { decode } from '../../../src/decode/decode.ts';
import { memorySource, readBytes } from '../../../src/model/bytes.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { writeToMemory } from '../container/models.ts';
import { hashedModel, pick, randomModel } from '../container/random-models.ts';
import { blobOf, stalled, streamOf } from './sources.ts';

/** Random models of one file as `.dcz`. */
const samples = [...Array.from({ length: 60 }, (_, seed) => randomModel(seed + 70)), hashedModel()]
  .filter(({ restored }) => restored.length === 1)
  .map((fake) => ({ dcz: writeToMemory(fake, { name: 'sample' }).bytes, onnx: fake.restored[0] }));
const small = samples.find(({ dcz }) => dcz.length > 300 && dcz.length < 3000)!;
/** A sample of version 1, whose index comes last. */
const old = new Uint8Array(readFileSync('media/samples/lenet-5.dcz'));

function restoredByReader(dcz: Uint8Array): Uint8Array {
  const opened = openDcz(memorySource('a.dcz', dcz));
  return readBytes(opened.fileSource(0), 0, opened.files[0].size);
}

async function failure(promise: Promise<unknown>): Promise<DeepCompressionError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof DeepCompressionError, String(error));
    assert.doesNotMatch(error.message, /\n|undefined|NaN/);
    return error;
  }
  return assert.fail('nothing was refused');
}

test('bytes, buffers, Blobs, responses, streams and iterables give the same model', async () => {
  assert.ok(samples.length > 10);
  for (const { dcz, onnx } of [...samples, { dcz: old, onnx: restoredByReader(old) }]) {
    assert.deepEqual(await decode(dcz), onnx);
    assert.deepEqual(await decode(dcz.slice().buffer), onnx);
    assert.deepEqual(await decode(blobOf(dcz)), onnx);
    assert.deepEqual(await decode(new Response(blobOf(dcz))), onnx);
    assert.deepEqual(await decode(streamOf(dcz)), onnx);
    assert.deepEqual(await decode(streamOf(dcz)[Symbol.asyncIterator]()), onnx);
  }
});

test('a stream gives the same model however it is cut into chunks', async () => {
  const random = mulberry32(5);
  for (const { dcz, onnx } of samples) {
    const sizes = Array.from({ length: 7 }, () =>
      Math.ceil(pick(random, [3, 60, 5000]) * random()),
    );
    assert.deepEqual(await decode(streamOf(dcz, sizes)), onnx, `chunks of ${sizes}`);
  }
  assert.deepEqual(await decode(streamOf(old, [1])), restoredByReader(old));
});

test('a block is decoded when its last byte is there, before the file is', async () => {
  const dcz = samples.map((s) => s.dcz).sort((a, b) => b.length - a.length)[0];
  const { stream } = stalled(dcz.subarray(0, dcz.length - 1));
  const controller = new AbortController();
  const seen: number[] = [];
  const decoding = decode(stream, {
    signal: controller.signal,
    onProgress: ({ loaded, total }) => {
      assert.equal(total, dcz.length);
      seen.push(loaded);
      setTimeout(() => controller.abort(), 50);
    },
  });
  assert.equal((await failure(decoding)).code, 'cancelled');
  assert.ok(seen.length > 1 && seen.at(-1)! < dcz.length, `decoded up to ${seen}`);
});

test('progress grows up to the length of the file', async () => {
  for (const { dcz } of samples.slice(0, 10)) {
    const seen: number[] = [];
    await decode(dcz, { onProgress: ({ loaded }) => void seen.push(loaded) });
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.equal(seen.at(-1), dcz.length);
  }
});

test('a file cut at any byte is refused with one line, and so is one that goes on', async () => {
  for (let length = 0; length < small.dcz.length; length++) {
    const cut = await failure(decode(streamOf(small.dcz.subarray(0, length), [97])));
    assert.equal(cut.code, 'invalid-container');
    if (length > 4) assert.match(cut.message, /^model\.dcz: damaged \.dcz file: it is cut off/);
  }
  const more = Uint8Array.of(...small.dcz, 0);
  assert.match((await failure(decode(more))).message, /belong to nothing/);
});

test('a changed byte anywhere gives the error of the product, or what was stored', async () => {
  let refused = 0;
  for (let at = 0; at < small.dcz.length; at += 3) {
    const changed = small.dcz.slice();
    changed[at] ^= 1 << (at % 8);
    try {
      // the last bits of a stream may say nothing
      assert.deepEqual(await decode(streamOf(changed, [50])), small.onnx);
    } catch (error) {
      assert.ok(error instanceof DeepCompressionError, String(error));
      assert.equal(error.code, 'invalid-container', `byte ${at}`);
      refused++;
    }
  }
  assert.ok(refused > small.dcz.length / 4);
});

test('what is no .dcz is told apart, and so is a newer version', async () => {
  const newer = small.dcz.slice();
  newer[3] = 9;
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /an empty file: get it again$/],
    [text('<!DOCTYPE html><title>404</title>'), /not a \.dcz file but a web page/],
    [text('version https://git-lfs.github.com/spec/v1'), /git lfs pull/],
    [newer, /version 9, and this program reads versions 1 to 3: update it/],
  ];
  for (const [bytes, message] of cases)
    assert.match((await failure(decode(bytes))).message, message);
});

test('an answer that is no file is refused before it is read', async () => {
  const html = new Response('<html>', { headers: { 'content-type': 'text/html; charset=utf-8' } });
  assert.match((await failure(decode(html))).message, /answered with a web page/);
  const missing = await failure(
    decode(new Response('no', { status: 404, statusText: 'Not Found' })),
  );
  assert.deepEqual(
    [missing.code, missing.message],
    ['io', 'model.dcz: the server answered 404 Not Found'],
  );
  const empty = await failure(decode(new Response(null)));
  assert.match(empty.message, /without content/);
});

test('a transfer that breaks off, and a stream of something else, are one line', async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new TypeError('network error\nmore')),
  });
  const error = await failure(decode(broken));
  assert.equal(error.code, 'io');
  assert.equal(error.message, 'model.dcz: the transfer broke off (network error): try again');
  const texts = new ReadableStream({ pull: (c) => c.enqueue('DCZ') });
  assert.equal((await failure(decode(texts))).code, 'invalid-input');
  assert.equal((await failure(decode('model.dcz' as never))).code, 'invalid-input');
});

test('cancelling ends the wait for a stalled transfer and gives the transfer up', async () => {
  const { stream, cancelled } = stalled(small.dcz.subarray(0, 40));
  const controller = new AbortController();
  const decoding = decode(stream, { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  assert.equal((await failure(decoding)).code, 'cancelled');
  assert.ok(cancelled());
  const before = await failure(decode(small.dcz, { signal: AbortSignal.abort() }));
  assert.equal(before.code, 'cancelled');
});

test('a model with external data of its own asks for Blobs', async () => {
  const fake = Array.from({ length: 99 }, (_, s) => randomModel(s)).find(
    (m) => m.restored.length > 1,
  )!;
  const { bytes } = writeToMemory(fake, { name: 'two files' });
  assert.match(
    (await failure(decode(bytes))).message,
    /external data: decode it with external: 'blob'$/,
  );
});
