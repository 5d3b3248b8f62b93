/**
 * Files of the formats beside ONNX, changed in their structure: tables that lie about types, shapes and
 * places, ranges shared and beyond the end, names with escapes and paths out of the folder, entries dropped,
 * doubled and renamed, with every length and checksum right. What opens can be read and laid out, the rest is
 * one line; and small files that name the same part again and again. Seeded; DC_FUZZ_CASES asks for more cases.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { openInput } from '../../src/engine/input.ts';
import { memorySource } from '../../src/model/bytes.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { openModel } from '../../src/model/formats.ts';
import { checkLocation } from '../../src/model/location.ts';
import type { Model } from '../../src/model/model.ts';
import { mulberry32 } from '../../src/model/random.ts';
import {
  floats,
  gguf,
  join,
  little,
  npy,
  pytorch,
  safetensors,
  statePickle,
  zip,
} from '../fixtures/plain-formats.ts';
import { quantizedTflite, sharedNameTflite } from '../fixtures/tflite-writer.ts';
import { saying } from '../unit/model/support.ts';

const cases = Math.ceil(Number(process.env['DC_FUZZ_CASES'] ?? 6000) / 15);
const escapes = '\u001b]0;x\u0007\u202e\r\n';
const numbers = [-1, 0, 0.5, 1, 3, 31, 32, 255, 2 ** 31, 2 ** 32, 2 ** 53, 1e308];
const names = [escapes, '', '__proto__', 'toString', '../../x', 'x'.repeat(70_000), 'C:x', 'nul'];

type Random = () => number;
const below = (random: Random, n: number): number => Math.floor(random() * n);
const pick = <T>(random: Random, of: readonly T[]): T => of[below(random, of.length)]!;
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const tensors = [
  { name: 'a.weight', shape: [4, 8], values: Float32Array.from({ length: 32 }, (_, i) => i / 8) },
  { name: 'a.bias', shape: [4], values: Float32Array.of(1, 2, 3, 4) },
];

const layersFolder = 'test/fixtures/formats/tfjs/sequential';
const layersModel: unknown = JSON.parse(readFileSync(`${layersFolder}/model.json`, 'utf8'));
const layersShard = new Uint8Array(readFileSync(`${layersFolder}/group1-shard1.bin`));

/** A copy of plain data, in which some numbers, texts and members are others or gone. */
function changed(value: unknown, random: Random, chance: number): unknown {
  const hit = random() < chance;
  if (typeof value === 'number') return hit ? pick(random, numbers) : value;
  if (typeof value === 'string') return hit ? pick(random, [...names, 'F16', 'I64', 'Q']) : value;
  if (Array.isArray(value)) {
    const list: unknown[] = value.map((item) => changed(item, random, chance));
    if (hit) list.splice(below(random, list.length + 1), below(random, 2), pick(random, numbers));
    return list;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (random() < chance / 4) return [];
      const name = random() < chance / 4 ? pick(random, names) : key;
      return [[name, hit ? pick(random, [null, [], {}, 7]) : changed(item, random, chance)]];
    }),
  );
}

function changedSafetensors(random: Random, chance: number): Uint8Array {
  const bytes = safetensors(tensors);
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const table = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as unknown;
  const json = text(changed(table, random, chance));
  return join(little(json.length, 8), json, bytes.subarray(8 + length));
}

function changedArray(random: Random, chance: number): Uint8Array {
  const bytes = npy(tensors[below(random, 2)]!);
  let header = new TextDecoder().decode(bytes.subarray(10, 10 + bytes[8]! + 256 * bytes[9]!));
  if (random() < 10 * chance)
    header = header.replace(/'<f4'|False|\d+|'shape'/, () =>
      pick(random, [
        "'>f8'",
        "'O'",
        'True',
        '-1',
        '99999999999',
        '(',
        `'${escapes}'`,
        "[('a','<f4')]",
      ]),
    );
  return join(bytes.subarray(0, 8), little(header.length, 2), header, bytes.subarray(-128));
}

/** Entries dropped, renamed, and changed themselves. */
function changedEntries(
  entries: Readonly<Record<string, Uint8Array>>,
  random: Random,
  chance: number,
): Uint8Array {
  const list = Object.entries(entries).flatMap(([name, bytes]) => {
    if (random() < chance) return [];
    const own = bytes.slice(0, random() < chance ? below(random, bytes.length) : bytes.length);
    if (random() < 2 * chance)
      own[below(random, own.length)] = pick(random, [0, 0x28, 0x68, 0x71, 255]);
    return [
      [
        random() < chance
          ? pick(
              random,
              names.map((n) => n.slice(0, 99)),
            )
          : name,
        own,
      ] as const,
    ];
  });
  return zip(Object.fromEntries(list));
}

/** Tables and lists referred to from elsewhere or from nowhere, counts and numbers that lie. */
function changedTflite(random: Random, chance: number): Uint8Array {
  const data = Array.from({ length: 512 }, (_, i) => i & 255);
  const weights = [3, 9].map((type) => ({ type, data, scales: [1], zeroPoints: [0], axis: 0 }));
  const { file, references, counts, numbers } = quantizedTflite(weights);
  const view = new DataView(file.buffer);
  const lies = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  for (const at of references)
    if (random() < chance / 4) {
      const from = pick(random, references);
      const target = from + view.getUint32(from, true);
      const lie = random() < 0.5 ? target - at : pick(random, lies);
      view.setUint32(at, lie, true);
    }
  for (const at of counts) if (random() < chance / 4) view.setUint32(at, pick(random, lies), true);
  for (const at of numbers) if (random() < chance) file[at] = pick(random, [0, 1, 2, 9, 17, 255]);
  return file;
}

const readers: Readonly<Record<string, (random: Random, chance: number) => Uint8Array>> = {
  'm.safetensors': changedSafetensors,
  'm.safetensors.index.json': (random, chance) => {
    const weights = { 'a.weight': 'a.safetensors', 'a.bias': 'b.safetensors' };
    return text(changed({ metadata: {}, weight_map: weights }, random, 2 * chance));
  },
  'm.npy': changedArray,
  'm.npz': (random, chance) =>
    changedEntries(
      Object.fromEntries(tensors.map(({ name }) => [`${name}.npy`, changedArray(random, chance)])),
      random,
      chance,
    ),
  'm.pt': (random, chance) =>
    changedEntries(
      {
        'archive/data.pkl': statePickle(
          tensors.map((t) => ({
            ...t,
            name: random() < chance ? pick(random, names) : t.name,
            shape: t.shape.map((d) => (random() < chance ? Math.abs(pick(random, numbers)) : d)),
          })),
        ),
        'archive/data/0': floats(tensors[0]!.values),
        'archive/data/1': floats(tensors[1]!.values),
      },
      random,
      chance / 2,
    ),
  'm.gguf': (random, chance) =>
    gguf(
      tensors.map(({ name, shape, values }) => ({
        name: random() < chance ? pick(random, names) : name,
        shape: shape.map((d) => (random() < chance ? Math.abs(pick(random, numbers)) : d)),
        type: random() < chance ? below(random, 40) : 0,
        bytes: floats(values.slice(random() < chance ? below(random, 4) : 0)),
      })),
    ),
  'm.tflite': changedTflite,
  'model.json': (random, chance) => text(changed(layersModel, random, chance / 4)),
};

/** Opens, reads and lays out. */
function open(name: string, bytes: Uint8Array): Model {
  return openModel(name, memorySource(name, bytes), (location) => {
    assert.equal(location, checkLocation(location), 'a place that was not looked at');
    if (location === 'group1-shard1.bin') return memorySource(location, layersShard);
    if (!/^[ab]\.safetensors$/.test(location)) throw new DeepCompressionError('not-found', 'none');
    return memorySource(location, safetensors([tensors[location === 'a.safetensors' ? 0 : 1]!]));
  });
}

function use(model: Model): void {
  for (const tensor of model.tensors)
    try {
      model.reader.readValues(tensor, 0, new Float64Array(Math.min(64, tensor.parameters)));
    } catch (error) {
      oneLine(error);
    }
  model.writer.layout(new Set());
}

function oneLine(error: unknown): void {
  if (!(error instanceof DeepCompressionError)) throw error;
  assert.doesNotMatch(error.message, /\n(?!.*\u001b)/);
}

for (const [name, make] of Object.entries(readers))
  test(`${name} changed in its structure is read or refused in one line`, () => {
    const random = mulberry32(17);
    let [taken, refused] = [0, 0];
    for (let i = 0; i < cases; i++)
      try {
        use(open(name, make(random, i === 0 ? 0 : 0.06)));
        taken++;
      } catch (error) {
        assert.ok(i > 0, (error as Error).message);
        oneLine(error);
        refused++;
      }
    assert.ok(taken > 0 && refused > 0, `${taken} read, ${refused} refused`);
  });

test('a pickle that names one tensor everywhere is refused before it fills the memory', () => {
  const pickle = statePickle([tensors[1]!]);
  const times = 120_001;
  const again = new Uint8Array(7 * times);
  for (let i = 0; i < times; i++) again.set([0x4a, ...little(i, 4), 0x68, 0], 7 * i); // a whole number, and what was kept as 0
  const root = join(pickle.subarray(0, -2), 'q', [0], again, 'u.');
  const file = zip({ 'archive/data.pkl': root, 'archive/data/0': floats(tensors[1]!.values) });
  assert.throws(() => open('m.pt', file), saying('invalid-model', /more than 120000 tensors$/));
});

test('tensors that lie in the same bytes again and again are not read', () => {
  const values = new Float32Array(1 << 18);
  const one = { dtype: 'F32', shape: [1 << 18], data_offsets: [0, 1 << 20] };
  const many = Object.fromEntries(Array.from({ length: 8000 }, (_, i) => [`t${i}`, one]));
  const file = (table: Uint8Array): Uint8Array =>
    join(little(table.length, 8), table, floats(values));
  const openShared = (name: string, bytes: Uint8Array): void =>
    openInput({ label: name, bytes }).close();
  openShared('m.safetensors', file(text({ a: one, b: one })));
  assert.throws(
    () => openShared('m.safetensors', file(text(many))),
    saying('unsupported', /claim 8\.39 GB of its 1\.\d+ MB, which are not read again and again$/),
  );
});

test('a name that is put together from those above it is cut', () => {
  const file = pytorch([{ ...tensors[1]!, name: 'n'.repeat(1 << 20) }]);
  assert.equal(open('m.pt', file).tensors[0]!.name, 'n'.repeat(1024));
});

test('a TensorFlow Lite model whose tensors share one long name is refused', () => {
  const file = sharedNameTflite();
  assert.throws(
    () => open('m.tflite', file),
    saying('invalid-model', /its names are more than 4 times as long as itself$/),
  );
});
