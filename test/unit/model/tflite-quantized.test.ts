/** Quantized TensorFlow Lite models, written table by table: scales and zero points, a channel or all. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compressJob } from '../../../src/engine/jobs/compress.ts';
import { decompressJob } from '../../../src/engine/jobs/decompress.ts';
import { inspectJob } from '../../../src/engine/jobs/inspect.ts';
import { memorySource } from '../../../src/model/bytes.ts';
import { openModel } from '../../../src/model/formats.ts';
import { plainValues } from '../../../src/view/values.ts';
import { statedZeroPoint } from '../../../src/view/zero-point.ts';
import { temporaryFolder } from '../engine/support.ts';

/** A field of a table: bytes in place, or what lies elsewhere and is written after the table. */
type Field = readonly number[] | ((out: Flat) => number) | undefined;

/** Writes parents before children, as offsets only lead forward. */
class Flat {
  readonly bytes: number[] = [];

  number(value: number, width: number): number[] {
    return Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
  }

  table(fields: readonly Field[]): number {
    const sizes = fields.map((f) => (f === undefined ? 0 : typeof f === 'function' ? 4 : f.length));
    const vtable = this.bytes.length;
    this.bytes.push(...this.number(4 + 2 * fields.length, 2), ...this.number(0, 2));
    let at = 4;
    for (const size of sizes) {
      this.bytes.push(...this.number(size === 0 ? 0 : at, 2));
      at += size;
    }
    const place = this.bytes.length;
    this.bytes.push(...this.number(place - vtable, 4));
    const later: [number, (out: Flat) => number][] = [];
    for (const field of fields) {
      if (typeof field === 'function') later.push([this.bytes.length, field]);
      this.bytes.push(...(typeof field === 'function' ? [0, 0, 0, 0] : (field ?? [])));
    }
    for (const [from, write] of later) this.refer(from, write(this));
    return place;
  }

  refer(from: number, to: number): void {
    this.bytes.splice(from, 4, ...this.number(to - from, 4));
  }
}

const u32 = (value: number): number[] => new Flat().number(value, 4);
const vector =
  (count: number, content: readonly number[]) =>
  (out: Flat): number =>
    out.bytes.push(...u32(count), ...content) - content.length - 4;
const text = (s: string) => vector(s.length, [...new TextEncoder().encode(s)]);
const ints = (list: readonly number[]) => vector(list.length, list.flatMap(u32));
const longs = (list: readonly number[]) =>
  vector(
    list.length,
    list.flatMap((n) => new Flat().number(n, 8)),
  );
const reals = (list: readonly number[]) =>
  vector(list.length, [...new Uint8Array(Float32Array.from(list).buffer)]);
const tables =
  (list: readonly (readonly Field[])[]) =>
  (out: Flat): number => {
    const place = out.bytes.length;
    out.bytes.push(...u32(list.length), ...list.flatMap(() => [0, 0, 0, 0]));
    list.forEach((fields, i) => out.refer(place + 4 + 4 * i, out.table(fields)));
    return place;
  };

interface Quantized {
  readonly type: number;
  readonly data: readonly number[];
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

/** A fully connected layer for each of the weights, of 8 outputs and 64 inputs. */
function quantizedTflite(weights: readonly Quantized[]): Uint8Array<ArrayBuffer> {
  const about = (q: Quantized) => (out: Flat) =>
    out.table([
      ...[undefined, undefined, reals(q.scales), longs(q.zeroPoints)],
      ...[undefined, undefined, u32(q.axis)],
    ]);
  const tensors = [
    [ints([1, 64]), [0], u32(0), text('x')],
    [ints([1, 8]), [0], u32(0), text('y')],
    ...weights.map((q, i): Field[] => [
      ints([8, 64]),
      [q.type],
      u32(i + 1),
      text(`w${i}`),
      about(q),
    ]),
  ];
  const operators = weights.map((_, i): Field[] => [u32(0), ints([0, i + 2]), ints([1])]);
  const buffers = [[], ...weights.map(({ data }): Field[] => [vector(data.length, data)])];
  const out = new Flat();
  out.bytes.push(0, 0, 0, 0, ...new TextEncoder().encode('TFL3'));
  const subgraph: Field[] = [
    tables(tensors),
    ints([0]),
    ints([1]),
    tables(operators),
    text('main'),
  ];
  const root = out.table([
    ...[u32(3), tables([[[9]]]), tables([subgraph]), text('a test'), tables(buffers)],
  ]);
  out.refer(0, root);
  return Uint8Array.from(out.bytes);
}

const byte = (i: number): number => (i * i * 7 + (i >> 3)) % 40;
const data = Array.from({ length: 512 }, (_, i) => 100 + byte(i));
const channels = {
  type: 9,
  data: data.map((b) => b & 255),
  scales: Array.from({ length: 8 }, (_, i) => (i + 1) / 64),
  zeroPoints: [0, 1, -2, 3, 0, 0, 5, 6],
  axis: 0,
};
const whole = { type: 3, data, scales: [0.5], zeroPoints: [120], axis: 0 };

test('values are shown less the zero point, of a channel or of all', () => {
  const model = openModel('q.tflite', memorySource('q', quantizedTflite([channels, whole])), () =>
    assert.fail(),
  );
  assert.deepEqual(
    model.tensors.map(({ name, dtype, role }) => [name, dtype, role]),
    [
      ['w0', 'int8', 'weight'],
      ['w1', 'uint8', 'weight'],
    ],
  );
  model.tensors.forEach((tensor, i) => {
    const { scales, zeroPoints, axis } = [channels, whole][i]!;
    assert.deepEqual(tensor.quantization, { scales, zeroPoints, axis });
    const values = new Float64Array(512);
    plainValues(model, tensor, statedZeroPoint(tensor)).read(0, values);
    values.forEach((value, k) => {
      const stored = i === 0 ? (data[k]! << 24) >> 24 : data[k]!;
      assert.equal(value, stored - zeroPoints[zeroPoints.length === 1 ? 0 : k >> 6]!);
    });
  });
});

test('a zero point that does not fit the shape is none', () => {
  const odd = { ...channels, zeroPoints: [1, 2], scales: [1, 1] };
  const bytes = quantizedTflite([odd]);
  const { tensors } = openModel('q.tflite', memorySource('q', bytes), () => assert.fail());
  assert.equal(tensors[0]!.quantization, undefined);
});

test('a quantized model is inspected with its scales, compressed and restored byte for byte', async () => {
  const context = {
    signal: new AbortController().signal,
    onProgress: () => {},
    onEvent: () => {},
    runtime: { workerFile: undefined },
  } as never;
  const path = join(temporaryFolder(), 'q.tflite');
  writeFileSync(path, quantizedTflite([channels, whole]));
  const { layers } = await inspectJob.run({ file: { path }, statistics: false }, context);
  assert.deepEqual(layers[1]!.quantization, { scales: [0.5], zeroPoints: [120], axis: 0 });
  const out = `${path}.dcz`;
  const input = { file: { path }, out, overwrite: true, recipe: 'safe', seed: 1, threads: 1 };
  const result = await compressJob.run(input, context);
  assert.deepEqual(
    result.layers.map(({ name }) => name),
    ['w0', 'w1'],
  );
  await decompressJob.run(
    { file: { path: out }, out: `${path}.back`, overwrite: true, threads: 1 },
    context,
  );
  assert.deepEqual(readFileSync(`${path}.back`), readFileSync(path));
});
