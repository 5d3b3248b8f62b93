/**
 * Files changed in their structure, not in their bytes alone: lengths that lie, parts dropped, doubled
 * and moved, deep nesting, names with escapes, with every checksum right again. Each of the smaller
 * readers gives a whole value, or one line. Seeded; DC_FUZZ_CASES asks for more cases.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openCheckpoint } from '../../src/engine/train/checkpoints.ts';
import { readNetwork } from '../../src/model/caffe/network.ts';
import { parsePrototxt } from '../../src/model/caffe/prototxt.ts';
import { crc32 } from '../../src/model/crc32.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { parseRecipe, presets } from '../../src/recipe/recipe.ts';
import { decodeImage } from '../../src/train/dataset/image.ts';
import { packPlain } from '../../src/train/methods/checkpoint.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const cases = Math.ceil(Number(process.env['DC_FUZZ_CASES'] ?? 6000) / 10);
const folder = temporaryFolder();

type Random = () => number;
const below = (random: Random, n: number): number => Math.floor(random() * n);
const pick = <T>(random: Random, of: readonly T[]): T => of[below(random, of.length)]!;

const escapes = '\u001b]0;x\u0007\u202e\r\n../..';
const lengths = [0, 1, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** Drops, doubles, moves or swaps one of the parts. */
function rearranged<T>(parts: readonly T[], random: Random): T[] {
  const next = [...parts];
  const at = below(random, next.length);
  const kind = below(random, 4);
  if (kind === 0) next.splice(at, 1);
  else if (kind === 1) next.splice(at, 0, next[at]!);
  else if (kind === 2) next.push(...next.splice(at, 1));
  else {
    const other = below(random, next.length);
    [next[at], next[other]] = [next[other]!, next[at]!];
  }
  return next;
}

/** Chunks of a PNG: type and body. */
function pngParts(bytes: Uint8Array): { type: Uint8Array; body: Uint8Array }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const parts = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    parts.push({
      type: bytes.slice(at + 4, at + 8),
      body: bytes.slice(at + 8, at + 8 + length),
    });
    at += 12 + length;
  }
  return parts;
}

function changedPng(seed: Uint8Array, random: Random): Uint8Array {
  let parts = pngParts(seed);
  if (random() < 0.5) parts = rearranged(parts, random);
  if (random() < 0.3) {
    const header = parts.find(({ type }) => type[1] === 0x48);
    if (header && random() < 0.5)
      new DataView(header.body.buffer).setUint32(4 * below(random, 2), pick(random, lengths));
    else if (header) header.body[8 + below(random, 5)] = below(random, 20);
  }
  if (random() < 0.3)
    parts.splice(below(random, parts.length), 0, {
      type: new TextEncoder().encode(
        pick(random, ['tEXt', 'iCCP', 'PLTE', 'tRNS', 'IEND', 'zzzz']),
      ),
      body: new TextEncoder().encode(escapes.repeat(below(random, 3))),
    });
  const lying = random() < 0.3 ? below(random, parts.length) : -1;
  const out = [seed.slice(0, 8)];
  for (const [i, { type, body }] of parts.entries()) {
    const chunk = new Uint8Array(12 + body.length);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, i === lying ? pick(random, lengths) : body.length);
    chunk.set(type, 4);
    chunk.set(body, 8);
    view.setUint32(8 + body.length, crc32(chunk.subarray(4, 8 + body.length)));
    out.push(chunk);
  }
  return Buffer.concat(out);
}

/** Segments of a JPEG up to its first scan; what follows is the last part. */
function jpegParts(bytes: Uint8Array): Uint8Array[] {
  const parts = [];
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at + 1] !== 0xda) {
    const length = 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
    parts.push(bytes.slice(at, at + length));
    at += length;
  }
  return [...parts, bytes.slice(at)];
}

function changedJpeg(seed: Uint8Array, random: Random): Uint8Array {
  let parts = jpegParts(seed);
  if (random() < 0.6) parts = rearranged(parts, random);
  const part = pick(random, parts);
  const kind = below(random, 4);
  if (kind === 0 && part.length > 3) [part[2], part[3]] = [below(random, 256), below(random, 256)];
  else if (kind === 1) {
    const frame = parts.find((p) => p[1]! >= 0xc0 && p[1]! <= 0xc2);
    if (frame) frame[4 + below(random, 8)] = pick(random, [0, 1, 2, 8, 0x11, 0x7f, 0xff]);
  } else if (kind === 2 && part.length > 1) part[1] = 0xc0 + below(random, 64);
  return Buffer.concat([seed.slice(0, 2), ...parts]);
}

const prototxt = `name: "net" # a comment
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }
layer { name: "p" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "f" type: "InnerProduct" bottom: "p" top: "f" inner_product_param { num_output: 5 } }
`;

function changedPrototxt(random: Random): string {
  let tokens: string[] = prototxt.match(/"[^"]*"|[{}:]|[^\s{}:"]+|\s+/g)!;
  for (let changes = 1 + below(random, 3); changes > 0; changes--) {
    const at = below(random, tokens.length);
    const kind = below(random, 3);
    if (kind === 0) tokens = rearranged(tokens, random);
    else if (kind === 1)
      tokens[at] = pick(random, [
        ...['{', '}', ':', '""', `"${escapes}"`, '__proto__', 'constructor', '-1', '1e309', 'nan'],
        ...['99999999999999999999', 'layer {'.repeat(below(random, 5000)), '"', "'", '\u0000'],
      ]);
    else tokens.splice(at, 0, ...tokens.slice(below(random, at + 1), at));
  }
  return tokens.join('');
}

const odd: readonly unknown[] = [
  ...[null, true, -1, 0, 0.5, 1e308, Number.MAX_SAFE_INTEGER, '', escapes, 'x'.repeat(1e5), [], {}],
  JSON.parse('{"__proto__":{"a":1}}'),
  JSON.parse('['.repeat(2000) + ']'.repeat(2000)),
];

/** A copy of plain data in which some values are others, dropped, or stand under other names. */
function changedData(value: unknown, random: Random, chance: number): unknown {
  if (random() < chance) return pick(random, odd);
  if (ArrayBuffer.isView(value))
    return (value as Float32Array).slice(0, below(random, (value as Float32Array).length + 1));
  if (Array.isArray(value)) {
    const list = value.map((item) => changedData(item, random, chance));
    return list.length > 0 && random() < chance ? rearranged(list, random) : list;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (random() < chance) return [];
      const name = random() < chance ? pick(random, ['__proto__', 'toString', escapes, '']) : key;
      return [[name, changedData(item, random, chance)]];
    }),
  );
}

const checkpoint = {
  stage: 0,
  step: 3,
  phase: {
    epoch: 1,
    optimizer: { steps: 3, moments: [Float32Array.of(1, 2)] },
    best: { epoch: 0, validation: null, variables: [Float32Array.of(1)], states: [] },
  },
  structures: [
    { kind: 'shared', codes: Uint8Array.of(0, 1), codebook: Float32Array.of(0, 1) },
    { kind: 'dense', mask: Uint8Array.of(1, 0) },
  ],
  variables: [Float32Array.of(1, 2)],
  states: [],
  history: [],
  pruned: ['c'],
};

/** Changes lengths, places and kinds of arrays in the JSON of a packed checkpoint; the CRC is right. */
function changedCheckpoint(random: Random): Uint8Array {
  const bytes = Buffer.from(packPlain({ run: 'r', checkpoint }));
  const length = bytes.readUInt32LE(12);
  if (random() < 0.3)
    return Buffer.from(
      packPlain({ run: 'r', checkpoint: changedData(checkpoint, random, 0.03) as object }),
    );
  const json = bytes
    .toString('utf8', 16, 16 + length)
    .replace(/("at"|"length"):(\d+)/g, (all, key: string) =>
      random() < 0.3
        ? `${key}:${pick(random, ['-1', '1e20', '0.5', 'null', '4294967295', '7'])}`
        : all,
    )
    .replace(/"\$":"[fb]"/g, (all) =>
      random() < 0.1 ? `"$":"${pick(random, ['f', 'b', 'x', '__proto__'])}"` : all,
    );
  const text = Buffer.from(json);
  const padded = Math.ceil((16 + text.length) / 8) * 8;
  const whole = Buffer.alloc(padded + bytes.length - Math.ceil((16 + length) / 8) * 8);
  bytes.copy(whole, 0, 0, 16);
  text.copy(whole, 16);
  bytes.copy(whole, padded, Math.ceil((16 + length) / 8) * 8);
  whole.writeUInt32LE(random() < 0.1 ? pick(random, lengths) : text.length, 12);
  whole.writeUInt32LE(crc32(whole.subarray(12)), 8);
  return whole;
}

const image = (name: string): Uint8Array => readFileSync(`test/fixtures/images/${name}`);
const pixels = (bytes: Uint8Array, name: string): void => {
  const { width, height, channels, data } = decodeImage(bytes, name);
  assert.equal(data.length, width * height * channels);
};
const recipe = presets.find(({ name }) => name === 'deep-compression-retrain')!;
const at = join(folder, 'run.checkpoint');

const readers: Readonly<Record<string, (random: Random, first: boolean) => void>> = {
  'a PNG picture': (random, first) =>
    pixels(first ? image('palette.png') : changedPng(image('palette.png'), random), 'a.png'),
  'a JPEG picture': (random, first) =>
    pixels(first ? image('baseline.jpg') : changedJpeg(image('baseline.jpg'), random), 'a.jpg'),
  'a prototxt': (random, first) => {
    const network = readNetwork(parsePrototxt(first ? prototxt : changedPrototxt(random)));
    assert.ok(network.layers.every(({ name }) => typeof name === 'string'));
  },
  'a recipe': (random, first) => {
    const changed = first ? recipe : changedData(recipe, random, 0.02);
    if (typeof changed !== 'object' || changed === null) return;
    assert.equal(typeof parseRecipe(changed).name, 'string');
  },
  'a checkpoint': (random, first) => {
    writeFileSync(at, first ? packPlain({ run: 'r', checkpoint }) : changedCheckpoint(random));
    assert.ok(openCheckpoint(at, 'r', false).found);
  },
};

for (const [name, read] of Object.entries(readers))
  test(`${name} changed in its structure is read or refused in one line`, () => {
    const random = mulberry32(11);
    let [taken, refused] = [0, 0];
    for (let i = 0; i < cases; i++)
      try {
        read(random, i === 0);
        taken++;
      } catch (error) {
        assert.ok(error instanceof DeepCompressionError, `case ${i}: ${(error as Error).stack}`);
        assert.ok(i > 0, error.message);
        assert.doesNotMatch(error.message, /[\n\r]/, `case ${i}`);
        assert.ok(error.message.length < 1000, `case ${i}: ${error.message.length} characters`);
        refused++;
      }
    assert.ok(taken > 0 && refused > 0, `${taken} read, ${refused} refused`);
  });
