/**
 * Small files that claim, or unpack to, very much: a line, and no memory for what they claim. Each is
 * opened in a process of its own whose memory is watched.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { before } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { zipSync } from 'fflate';
import { blockWeights, type CodedBlock } from '../../../src/compress/coded.ts';
import { writeDcz } from '../../../src/container/write.ts';
import { wholeModel } from '../../../src/engine/train/model-bytes.ts';
import { memorySink, memorySource } from '../../../src/model/bytes.ts';
import { crc32 } from '../../../src/model/crc32.ts';
import { openOnnx } from '../../../src/model/onnx/open.ts';
import { recognised } from '../../../src/model/recognise.ts';
import { limit } from '../../../scripts/lib/pace.mjs';
import { decodeImage } from '../../../src/train/dataset/image.ts';
import { packPlain } from '../../../src/train/methods/checkpoint.ts';
import { lenet300 } from '../../fixtures/lenet.ts';
import { join as joined, little, zip } from '../../fixtures/plain-formats.ts';
import { sharedNameTflite } from '../../fixtures/tflite-writer.ts';
import { codeTensor, fakeModel } from '../container/models.ts';
import { saying } from '../model/support.ts';
import { npy } from './eie-models.ts';
import { buildEngine, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
let cli = '';

before(async () => {
  ({ cli } = await buildEngine(folder));
  writeFileSync(join(folder, 'm.onnx'), lenet300(1, [16, 8]));
  const row = (label: number): string => `${'0.5,'.repeat(784)}${label}\n`;
  writeFileSync(join(folder, 'd.csv'), Array.from({ length: 40 }, (_, i) => row(i % 8)).join(''));
});

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  bytes.set(text(type), 4);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, crc32(bytes.subarray(4, 8 + body.length)));
  return bytes;
}

/** A picture of 28 x 28 with `extra` after its header, and `pixels` for its own. */
function png(extra: readonly Uint8Array[], pixels?: Uint8Array): Uint8Array {
  const data = new Uint8Array(784).fill(9);
  const whole = encode({ width: 28, height: 28, channels: 1, depth: 8, data });
  const rest = pixels ? [chunk('IDAT', pixels), chunk('IEND', text(''))] : [whole.subarray(33)];
  return Buffer.concat([whole.subarray(0, 33), ...extra, ...rest]);
}

const zeros = deflateSync(new Uint8Array(1 << 28), { level: 1 });

/** Messages of protocol buffers: `field` with the bytes of `parts`. */
function message(field: number, ...parts: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let left = body.length; ; left = Math.floor(left / 128)) {
    length.push(left < 128 ? left : (left % 128) + 128);
    if (left < 128) break;
  }
  return Buffer.concat([Uint8Array.of(field * 8 + 2, ...length), body]);
}

/** A node whose attribute has a name of a megabyte, and in its graph many nodes with a tensor each. */
function longPath(): Uint8Array {
  const tensor = Buffer.concat([Uint8Array.of(8, 1, 16, 1), message(9, new Uint8Array(4))]);
  const constant = message(
    1,
    message(2, text('c')),
    message(4, text('Constant')),
    message(5, message(1, text('value')), message(5, tensor)),
  );
  const inner = message(6, ...Array<Uint8Array>(4000).fill(constant));
  const node = message(
    1,
    message(4, text('If')),
    message(5, message(1, new Uint8Array(1 << 20).fill(97)), inner),
  );
  return Buffer.concat([Uint8Array.of(8, 8), message(7, node), message(8, Uint8Array.of(16, 13))]);
}

/** A node with more graphs than a call takes arguments. */
function manyGraphs(): Uint8Array {
  const graphs = Array<Uint8Array>(200_000).fill(message(11, message(2, text('g'))));
  const node = message(
    1,
    message(4, text('If')),
    message(5, message(1, text('a')), Buffer.concat(graphs)),
  );
  return Buffer.concat([Uint8Array.of(8, 8), message(7, node), message(8, Uint8Array.of(16, 13))]);
}

const opset = message(8, Uint8Array.of(16, 17));
const graphOf = (...parts: Uint8Array[]): Uint8Array =>
  Buffer.concat([Uint8Array.of(8, 8), message(7, ...parts), opset]);
const scalar = (name: string): Uint8Array =>
  message(5, Uint8Array.of(8, 1, 16, 1), message(8, text(name)), message(9, new Uint8Array(4)));

/** A tensor that reaches what it is for through sixty thousand nodes. */
function longChain(): Uint8Array {
  const node = (op: string, input: string, output: string): Uint8Array =>
    message(1, message(1, text(input)), message(2, text(output)), message(4, text(op)));
  const chain = Array.from({ length: 6e4 }, (_, i) =>
    node('Identity', i === 0 ? 'w' : `v${i}`, `v${i + 1}`),
  );
  return graphOf(Buffer.concat(chain), scalar('w'), message(12, message(1, text('v60000'))));
}

/** Runs the command line under a limit; the most memory it had, in MiB. */
function run(...args: readonly string[]): { code: number | null; error: string; most: number } {
  const watch = join(folder, 'watch.mjs');
  writeFileSync(
    watch,
    `process.on('exit', () => process.stderr.write('\\nmost ' + process.resourceUsage().maxRSS));\nprocess.argv.splice(1, 1);\nawait import(${JSON.stringify(`file://${cli}`)});\n`,
  );
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--max-old-space-size=1024', watch, cli, ...args],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: limit(30_000),
      env: { ...process.env, DEEPC_SUPERVISED: '1' }, // the process that is watched does the work
    },
  );
  return { code: status, error: stderr, most: Number(/most (\d+)/.exec(stderr)?.[1]) / 1024 };
}

let claimed: Uint8Array | undefined;
/** A container of some megabytes whose one tensor has 2^39 weights, all of them zero. */
function claim(): Uint8Array {
  return (claimed ??= makeClaim());
}

function makeClaim(): Uint8Array {
  const blocks = 1 << 19;
  const one = codeTensor(new Uint16Array(blockWeights), {
    ...{ tensor: 0, dtype: 'float32', codebook: Float64Array.of(0, 1) },
    ...{ coder: 'arithmetic', indexBits: 0 },
  });
  const weights = blocks * blockWeights;
  const coded = { ...one, weights, blocks: Array<CodedBlock>(blocks).fill(one.blocks[0]) };
  const { model } = fakeModel([{ location: '', parts: [{ kind: 'bytes', bytes: text('m') }] }]);
  const hole = { kind: 'hole', tensor: 0, length: 4 * weights, encoding: 'float32' } as const;
  const layout = [[{ kind: 'copy', offset: 0, length: 1 } as const, hole]];
  const sink = memorySink();
  writeDcz({ model, layout, tensors: [{ coded, rmse: 0 }], recipe: {} }, sink);
  return sink.take();
}

/** A JPEG whose header states 65,500 x 65,500 pixels. */
function hugeJpeg(): Uint8Array {
  const size = [0xff, 0xdc, 0xff, 0xdc];
  const frame = [0xff, 0xc0, 0, 11, 8, ...size, 1, 1, 0x11, 0];
  return Uint8Array.of(0xff, 0xd8, ...frame, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 9, 0xff, 0xd9);
}

/** A gzip file of 2^28 zeros that states, in its last four bytes, 784 of them. */
function lyingGzip(): Uint8Array {
  const bytes = gzipSync(new Uint8Array(1 << 28), { level: 1 });
  bytes.writeUInt32LE(784, bytes.length - 4);
  return bytes;
}

/** A checkpoint whose 60,000 arrays are all the same two megabytes of it. */
function sharedCheckpoint(): Uint8Array {
  const length = 2 << 20;
  const bytes = packPlain({ run: '', checkpoint: [new Uint8Array(length)] });
  const list = Array<string>(60_000).fill(`{"$":"b","at":0,"length":${length}}`);
  const json = text(`{"run":"","checkpoint":[${list.join()}]}`);
  const whole = Buffer.concat([bytes.subarray(0, 16), json, new Uint8Array(length + 16)]);
  whole.writeUInt32LE(json.length, 12);
  whole.writeUInt32LE(crc32(whole.subarray(12)), 8);
  return whole;
}

const retrain = ['retrain', 'm.onnx', '--data', 'd.csv', '--out', 'r.dcz'];

const bombs: readonly (readonly [
  string,
  () => Uint8Array,
  readonly string[],
  RegExp | undefined,
])[] = [
  [
    'data.npz',
    () =>
      zipSync({ 'x.npy': npy([1 << 15, 784], new Float32Array((1 << 15) * 784)) }, { level: 9 }),
    ['evaluate', 'm.onnx', '--data', 'data.npz'],
    /x\.npy: would unpack to/,
  ],
  [
    'p/0/a.png',
    () => png([], zeros),
    ['evaluate', 'm.onnx', '--data', 'p'],
    /more than its pixels/,
  ],
  ['long.onnx', longPath, ['inspect', 'long.onnx'], undefined],
  ['graphs.onnx', manyGraphs, ['inspect', 'graphs.onnx'], undefined],
  [
    'q/0/a.jpg',
    hugeJpeg,
    ['evaluate', 'm.onnx', '--data', 'q'],
    /a\.jpg: the image cannot be decoded .*limit exceeded/,
  ],
  [
    'images-idx3-ubyte',
    () => Uint8Array.of(0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 255, 255, 0, 0, 0, 28),
    ['evaluate', 'm.onnx', '--data', 'images-idx3-ubyte'],
    /images-idx3-ubyte: /,
  ],
  [
    'lie-idx3-ubyte.gz',
    lyingGzip,
    ['evaluate', 'm.onnx', '--data', 'lie-idx3-ubyte.gz'],
    /lie-idx3-ubyte\.gz: /,
  ],
  [
    'wide.csv',
    () => text(`${'1,'.repeat(1 << 20)}1\n${'1\n'.repeat(1 << 20)}`),
    ['evaluate', 'm.onnx', '--data', 'wide.csv'],
    /wide\.csv: /,
  ],
  [
    'deep.prototxt',
    () => {
      // nothing that could be taken for another kind of file, which would be named first
      writeFileSync(join(folder, 'weights.net'), Buffer.alloc(64));
      return text('layer {'.repeat(1 << 18));
    },
    ['import', 'weights.net', '--prototxt', 'deep.prototxt', '--out', 'i.onnx'],
    /prototxt line 1: /,
  ],
  [
    'sizes.prototxt',
    () =>
      text(
        'input: "data" input_dim: 1 input_dim: 2000000000 input_dim: 2000000000 input_dim: 2000000000 layer { name: "a" type: "InnerProduct" bottom: "data" top: "a" inner_product_param { num_output: 2000000000 } }',
      ),
    ['import', 'm.onnx', '--prototxt', 'sizes.prototxt', '--out', 'i.onnx'],
    /^error: (?!.*out of memory)/m,
  ],
  [
    'deep.dcrecipe.json',
    () => text(`{"name":"x","layers":${'{"a":'.repeat(1 << 19)}0${'}'.repeat(1 << 19)}}`),
    ['compress', 'm.onnx', '--recipe', 'deep.dcrecipe.json', '--out', 'm.dcz'],
    /recipe/,
  ],
  [
    'ck',
    sharedCheckpoint,
    [...retrain, '--checkpoint', 'ck'],
    /ck is not a checkpoint of this run/,
  ],
  [
    'm.safetensors',
    () => joined(little((2 << 20) + 6, 8), '{"a":', '['.repeat(1 << 20), ']'.repeat(1 << 20), '}'),
    ['inspect', 'm.safetensors'],
    /m\.safetensors: /,
  ],
  [
    'm.gguf',
    () => joined('GGUF', little(3, 4), little(0, 8), little(1e9, 8), new Uint8Array(1 << 20)),
    ['inspect', 'm.gguf'],
    /m\.gguf: /,
  ],
  [
    'm.pt',
    () => zip({ 'a/data.pkl': joined([0x80, 2], '('.repeat(1 << 20), 't'.repeat(1 << 20), '.') }),
    ['inspect', 'm.pt'],
    undefined,
  ],
  [
    'model.json',
    () =>
      text(
        `{"format":"layers-model","modelTopology":${'['.repeat(1 << 20)}${']'.repeat(1 << 20)},"weightsManifest":[]}`,
      ),
    ['inspect', 'model.json'],
    /model\.json: /,
  ],
  ['m.tflite', sharedNameTflite, ['inspect', 'm.tflite'], /its names are more than 4 times/],
  ['c.dcz', claim, ['inspect', 'c.dcz'], /c\.dcz has [\d.]+ MB and claims to hold .* 2\.20 TB/],
  ['c.dcz', claim, ['report', 'c.dcz'], /claims to hold a model of 2\.20 TB/],
  [
    'c.dcz',
    claim,
    ['decompress', 'c.dcz', '--out', 'c.onnx'],
    /would take 2\.20 TB, and .* are free in .*: nothing was written/,
  ],
];

for (const [name, make, args, says] of bombs)
  test(`${args.join(' ')} stays below a gigabyte and half a minute`, () => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), make());
    const { code, error, most } = run(...args);
    assert.ok(most < 1024, `${most} MiB; ${error.slice(0, 300)}`);
    assert.equal(code, says ? 1 : 0, error.slice(0, 300));
    if (says) assert.match(error, says);
    assert.doesNotMatch(error, /call stack|RangeError/);
  });

test('a colour profile of a picture is not unpacked', () => {
  const profile = chunk('iCCP', Buffer.concat([text('p\0\0'), zeros]));
  assert.equal(decodeImage(png([profile]), 'a.png').data[0], 9);
});

test('a file that is no model is told by its content', () => {
  const told: readonly (readonly [string | Uint8Array, RegExp])[] = [
    ['version https://git-lfs.github.com/spec/v1\noid', /git lfs pull/],
    ['<!DOCTYPE html><html>', /web page/],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), /gunzip/],
    ['xxxxORTM', /\.ort/],
    ['GGUF\x03', /GGUF/],
    ['xxxxTFL3', /TensorFlow Lite/],
    ['{"format": "layers-model", "weightsManifest": []}', /TensorFlow\.js/],
    [Uint8Array.of(0x80, 2, 0x63), /pickle/],
    ['ir_version: 8\ngraph {', /ONNX model as text/],
  ];
  for (const [head, says] of told)
    assert.match(recognised(typeof head === 'string' ? text(head) : head) ?? '', says);
  assert.equal(recognised(lenet300(1, [16, 8])), 'an ONNX model');
  assert.equal(recognised(text('a,b,label\n1,2,3\n')), undefined);
});

test('a model that is cut off says how much of it is here, and a newer container asks for an update', () => {
  const whole = lenet300(1, [300, 100]);
  writeFileSync(join(folder, 'cut.onnx'), whole.subarray(0, whole.length / 3));
  assert.match(
    run('inspect', 'cut.onnx').error,
    /cut\.onnx .*it is cut off, [\d.]+ kB of about [\d.]+ MB are here: download/,
  );
  writeFileSync(
    join(folder, 'new.dcz'),
    Uint8Array.of(0x44, 0x43, 0x5a, 99, ...new Uint8Array(64)),
  );
  assert.match(run('inspect', 'new.dcz').error, /version 99, .*update it/);
});

test('a model of more parts than a runtime takes is not run', () => {
  const [bytes, name] = [longChain(), 'chain.onnx'];
  const model = openOnnx(name, memorySource(name, bytes), () => assert.fail('nothing outside'));
  assert.throws(
    () => wholeModel(model),
    saying('unsupported', /has 60002 nodes, inputs, outputs and initializers: .* more than 50000/),
  );
});
