/** The byte model and the coder of mixed planes: what goes in comes out, and the independent decoder agrees. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { deflateSync } from 'fflate';
import fc from 'fast-check';
import { decodeMixed, encodeMixed } from '../../../src/container/bytes/mixed-bytes.ts';
import { packPiece } from '../../../src/container/pack.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { decodeMixedPlane } from '../../conformance/independent-mixed.ts';

/** Nodes as exporters write them: names that count, tags and lengths. */
function graph(nodes: number): Uint8Array {
  const field = (tag: number, text: string): string => String.fromCharCode(tag, text.length) + text;
  let all = '';
  for (let i = 0; i < nodes; i++) {
    const op = i % 3 === 2 ? 'Relu' : 'Conv';
    const weight = i % 3 === 2 ? '' : field(0x0a, `layer${i >> 2}.${i & 3}.weight`);
    const node = field(0x0a, `/${op}_${i}_output_0`) + weight;
    all += field(0x0a, node + field(0x12, `/${op}_${i + 1}_output_0`) + field(0x22, op));
  }
  return Uint8Array.from(all, (c) => c.charCodeAt(0));
}

/** Byte planes of normally distributed numbers, lowest bytes first. */
function floatPlanes(count: number): Uint8Array[] {
  const random = mulberry32(7);
  const values = Float32Array.from({ length: count }, () => random() + random() + random() - 1.5);
  const bytes = new Uint8Array(values.buffer);
  return [0, 1, 2, 3].map((p) => Uint8Array.from({ length: count }, (_, i) => bytes[4 * i + p]));
}

test('a graph takes half of what deflate makes of it, and comes back', () => {
  const bytes = graph(300);
  const mixed = encodeMixed(bytes, undefined);
  const { length } = deflateSync(bytes, { level: 9 });
  assert.ok(mixed.length < 0.5 * length, `${mixed.length} bytes, ${length} deflated`);
  assert.deepEqual(decodeMixed(mixed, bytes.length, undefined), bytes);
});

test('a byte plane is smaller for the planes above it', () => {
  const planes = floatPlanes(4000);
  const alone = encodeMixed(planes[2], []);
  const below = encodeMixed(planes[2], [planes[3]]);
  assert.ok(below.length < alone.length, `${below.length} and ${alone.length} bytes`);
  assert.deepEqual(decodeMixed(below, 4000, [planes[3]]), planes[2]);
});

test('what is mixed keeps its bytes from version to version', () => {
  const hash = createHash('sha256').update(encodeMixed(graph(40), undefined));
  for (const [p, plane] of floatPlanes(500).entries()) {
    hash.update(encodeMixed(plane, floatPlanes(500).slice(p + 1)));
  }
  assert.equal(hash.digest('hex').slice(0, 16), 'dfe08a54a875f21d');
});

test('any bytes come back, with any planes above', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 });
  const text = fc
    .string({ minLength: 1, maxLength: 60, unit: fc.constantFrom(...'ab_.19\n\x80') })
    .map((s) => Uint8Array.from(s, (c) => c.charCodeAt(0)));
  const above = fc.option(fc.array(bytes, { maxLength: 2 }), { nil: undefined });
  const property = fc.property(fc.oneof(bytes, text), above, (plain, planes) => {
    const mixed = encodeMixed(plain, planes);
    assert.deepEqual(decodeMixed(mixed, plain.length, planes), plain);
  });
  fc.assert(property, { seed: 1, numRuns: 60 });
});

test('any stream decodes to as many bytes as are asked for, alike in both decoders', () => {
  const random = mulberry32(11);
  for (let i = 0; i < 12; i++) {
    const stream = Uint8Array.from({ length: i * 5 }, () => random() * 256);
    const [above] = i % 2 === 0 ? [undefined] : [floatPlanes(200).slice(3)];
    const decoded = decodeMixed(stream, 200, above);
    assert.equal(decoded.length, 200);
    assert.deepEqual(decodeMixedPlane(stream, 200, above), decoded);
  }
});

test('the independent decoder reads graphs and floats', () => {
  const bytes = graph(60);
  assert.deepEqual(decodeMixedPlane(encodeMixed(bytes, undefined), bytes.length, undefined), bytes);
  const planes = floatPlanes(500);
  for (let p = 0; p < 4; p++) {
    const above = planes.slice(p + 1);
    assert.deepEqual(decodeMixedPlane(encodeMixed(planes[p], above), 500, above), planes[p]);
  }
});

test('a plane longer than the byte model takes is deflated', () => {
  const bytes = new Uint8Array((1 << 18) | 1).map((_, i) => i % 251);
  assert.deepEqual(
    packPiece(bytes, 1, 9).map(({ packing }) => packing),
    ['deflated'],
  );
  const shorter = bytes.subarray(0, 2000);
  assert.deepEqual(
    packPiece(shorter, 1, 9).map(({ packing }) => packing),
    ['mixed'],
  );
});
