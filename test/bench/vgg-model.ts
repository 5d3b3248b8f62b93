/**
 * Writes an ONNX model of VGG-16's shape (Simonyan and Zisserman 2014, configuration D: 138,357,544
 * weights, 553 MB) with seeded Gaussian weights of He's deviation. It is written in pieces of 4 MB
 * and never held in memory. Its protobuf is written by hand here, on purpose apart from the
 * product's own writer. The result is a proper graph that ONNX Runtime opens.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { mulberry32 } from '../../src/model/random.ts';

interface Layer {
  readonly name: string;
  readonly kind: 'conv' | 'fc';
  readonly out: number;
  readonly in: number;
  /** A 2 x 2 maximum pooling follows. */
  readonly pool?: boolean;
}

const conv = (name: string, from: number, out: number, pool = false): Layer => ({
  name,
  kind: 'conv',
  in: from,
  out,
  pool,
});

export const vggLayers: readonly Layer[] = [
  conv('conv1_1', 3, 64),
  conv('conv1_2', 64, 64, true),
  conv('conv2_1', 64, 128),
  conv('conv2_2', 128, 128, true),
  conv('conv3_1', 128, 256),
  conv('conv3_2', 256, 256),
  conv('conv3_3', 256, 256, true),
  conv('conv4_1', 256, 512),
  conv('conv4_2', 512, 512),
  conv('conv4_3', 512, 512, true),
  conv('conv5_1', 512, 512),
  conv('conv5_2', 512, 512),
  conv('conv5_3', 512, 512, true),
  { name: 'fc6', kind: 'fc', in: 25088, out: 4096 },
  { name: 'fc7', kind: 'fc', in: 4096, out: 4096 },
  { name: 'fc8', kind: 'fc', in: 4096, out: 1000 },
];

const fanIn = (l: Layer): number => (l.kind === 'conv' ? l.in * 9 : l.in);

/** Weights and biases of the whole model. */
export const vggParameters = vggLayers.reduce((sum, l) => sum + l.out * (fanIn(l) + 1), 0);

/** Path of the model in `folder`, made when it is not there yet. */
export function cachedVgg(folder: string, seed = 1): string {
  const path = join(folder, `vgg16-${seed}.onnx`);
  if (existsSync(path) && statSync(path).size > vggParameters * 4) return path;
  mkdirSync(folder, { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeVgg(temporary, seed);
  renameSync(temporary, path);
  return path;
}

export function writeVgg(path: string, seed: number): void {
  const file = openSync(path, 'w');
  const write = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  };
  try {
    const random = mulberry32(seed);
    const tensors = vggLayers.flatMap((l) => {
      const shape = l.kind === 'conv' ? [l.out, l.in, 3, 3] : [l.out, l.in];
      const deviation = Math.sqrt(2 / fanIn(l));
      return [
        { name: `${l.name}.weight`, shape, deviation },
        { name: `${l.name}.bias`, shape: [l.out], deviation: 0.01 },
      ];
    });
    const heads = tensors.map((t) => {
      const bytes = 4 * t.shape.reduce((a, b) => a * b, 1);
      const head = concat([
        ...t.shape.map((d) => varintField(1, d)),
        varintField(2, 1),
        textField(8, t.name),
        tag(9, 2),
        varint(bytes),
      ]);
      return { ...t, bytes, head };
    });
    const before = concat([...nodes(), textField(2, 'vgg16')]);
    const after = concat([
      bytesField(11, valueInfo('data', [1, 3, 224, 224])),
      bytesField(12, valueInfo('prob', [1, 1000])),
    ]);
    const framed = heads.map((h) => concat([tag(5, 2), varint(h.head.length + h.bytes)]));
    const graphLength =
      before.length +
      after.length +
      heads.reduce((sum, h, i) => sum + framed[i].length + h.head.length + h.bytes, 0);
    write(concat([varintField(1, 8), textField(2, 'deepc-bench'), tag(7, 2), varint(graphLength)]));
    write(before);
    heads.forEach((h, i) => {
      write(framed[i]);
      write(h.head);
      writeGaussians(h.bytes / 4, h.deviation, random, write);
    });
    write(after);
    write(bytesField(8, varintField(2, 17)));
  } finally {
    closeSync(file);
  }
}

/** Box and Muller's transform, in pieces of 2^20 values. */
function writeGaussians(
  count: number,
  deviation: number,
  random: () => number,
  write: (bytes: Uint8Array) => void,
): void {
  const piece = new Float32Array(Math.min(count, 1 << 20));
  for (let start = 0; start < count; start += piece.length) {
    const n = Math.min(piece.length, count - start);
    for (let i = 0; i < n; i += 2) {
      const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
      const angle = 2 * Math.PI * random();
      piece[i] = radius * Math.cos(angle);
      if (i + 1 < n) piece[i + 1] = radius * Math.sin(angle);
    }
    write(new Uint8Array(piece.buffer, 0, n * 4));
  }
}

function nodes(): Uint8Array[] {
  const all: Uint8Array[] = [];
  let value = 'data';
  const add = (op: string, inputs: string[], attributes: Uint8Array[], output: string): void => {
    const node = [
      ...[value, ...inputs].map((i) => textField(1, i)),
      textField(2, output),
      textField(3, output),
      textField(4, op),
      ...attributes.map((a) => bytesField(5, a)),
    ];
    all.push(bytesField(1, concat(node)));
    value = output;
  };
  for (const l of vggLayers) {
    if (l.name === 'fc6') add('Flatten', [], [intAttribute('axis', 1)], 'flat');
    const inputs = [`${l.name}.weight`, `${l.name}.bias`];
    if (l.kind === 'conv')
      add('Conv', inputs, [ints('kernel_shape', [3, 3]), ints('pads', [1, 1, 1, 1])], l.name);
    else add('Gemm', inputs, [intAttribute('transB', 1)], l.name);
    if (l.name !== 'fc8') add('Relu', [], [], `${l.name}.relu`);
    if (l.pool)
      add('MaxPool', [], [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])], `${l.name}.pool`);
  }
  add('Softmax', [], [intAttribute('axis', 1)], 'prob');
  return all;
}

function valueInfo(name: string, shape: readonly number[]): Uint8Array {
  const dims = concat(shape.map((d) => bytesField(1, varintField(1, d))));
  const tensorType = concat([varintField(1, 1), bytesField(2, dims)]);
  return concat([textField(1, name), bytesField(2, bytesField(1, tensorType))]);
}

const intAttribute = (name: string, value: number): Uint8Array =>
  concat([textField(1, name), varintField(3, value), varintField(20, 2)]);

const ints = (name: string, values: readonly number[]): Uint8Array =>
  concat([textField(1, name), ...values.map((v) => varintField(8, v)), varintField(20, 7)]);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let v = value;
  for (; v > 127; v = Math.floor(v / 128)) bytes.push((v % 128) | 128);
  return Uint8Array.from([...bytes, v]);
}

const tag = (field: number, wire: number): Uint8Array => varint(field * 8 + wire);
const varintField = (field: number, v: number): Uint8Array => concat([tag(field, 0), varint(v)]);
const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  concat([tag(field, 2), varint(bytes.length), bytes]);
const textField = (field: number, text: string): Uint8Array =>
  bytesField(field, new TextEncoder().encode(text));

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
