/**
 * Random networks for tests: residual, dense, grouped, depthwise, gated, squeeze-and-excite, split and
 * padded blocks in random order, then a head; every inner value with its shape.
 */
import {
  graph,
  model,
  node,
  tensor,
  value,
  type NodeInit,
  type TensorInit,
} from '../../fixtures/onnx-writer.ts';
import { mulberry32 } from '../../../src/model/random.ts';

interface Map4 {
  readonly name: string;
  readonly channels: number;
}

const side = 6;

export class NetworkWriter {
  readonly nodes: NodeInit[] = [];
  readonly tensors: TensorInit[] = [];
  readonly shapes: { name: string; shape: number[] }[] = [];
  #next = 0;

  constructor(readonly random: () => number) {}

  pick(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  weights(shape: readonly number[], from = -1, to = 1): string {
    const name = `t${this.#next++}`;
    const count = shape.reduce((a, b) => a * b, 1);
    const size = Math.sqrt(shape.length > 1 ? (2 * shape[0]) / count : 0.25);
    const scale = from < 0 ? size : 1;
    const values = Array.from(
      { length: count },
      () => scale * (from + (to - from) * this.random()),
    );
    this.tensors.push(tensor(name, shape, { values }));
    return name;
  }

  numbers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const name = `n${this.#next++}`;
    this.tensors.push(tensor(name, shape, { dtype: 'int64', values }));
    return name;
  }

  add(
    opType: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes: Parameters<typeof node>[3] = {},
  ): string {
    const name = `v${this.#next++}`;
    this.nodes.push({ ...node(opType, [...inputs], [name], attributes), name: `n_${name}` });
    this.shapes.push({ name, shape: [...shape] });
    return name;
  }

  conv(
    x: Map4,
    channels: number,
    { kernel = 3, groups = 1, bias = this.random() < 0.5 } = {},
  ): Map4 {
    const inputs = [x.name, this.weights([channels, x.channels / groups, kernel, kernel])];
    if (bias) inputs.push(this.weights([channels]));
    const pad = (kernel - 1) / 2;
    const name = this.add('Conv', inputs, this.shape(channels), {
      pads: [pad, pad, pad, pad],
      group: groups,
    });
    return { name, channels };
  }

  shape(channels: number): number[] {
    return [1, channels, side, side];
  }

  on(
    opType: string,
    x: Map4,
    more: readonly string[] = [],
    attributes: Parameters<typeof node>[3] = {},
  ): Map4 {
    return { ...x, name: this.add(opType, [x.name, ...more], this.shape(x.channels), attributes) };
  }

  normalised(x: Map4): Map4 {
    const c = [x.channels];
    return this.on('BatchNormalization', x, [
      this.weights(c, 0.5, 1.5),
      this.weights(c),
      this.weights(c),
      this.weights(c, 0.5, 2),
    ]);
  }

  activated(x: Map4): Map4 {
    const kind = this.pick(0, 3);
    if (kind === 0) return this.on('PRelu', x, [this.weights([x.channels, 1, 1])]);
    return this.on(['Relu', 'Sigmoid', 'HardSwish'][kind - 1], x);
  }

  layer(x: Map4, channels = this.pick(3, 9)): Map4 {
    const made = this.conv(x, channels, { kernel: this.random() < 0.5 ? 1 : 3 });
    return this.activated(this.random() < 0.5 ? this.normalised(made) : made);
  }
}

type Block = (w: NetworkWriter, x: Map4) => Map4;

export const blocks: Readonly<Record<string, Block>> = {
  residual: (w, x) => {
    const y = w.conv(w.layer(x), x.channels);
    return w.activated({ ...x, name: w.add('Add', [x.name, y.name], w.shape(x.channels)) });
  },
  dense: (w, x) => {
    const y = w.layer(x);
    const channels = x.channels + y.channels;
    return { channels, name: w.add('Concat', [x.name, y.name], w.shape(channels), { axis: 1 }) };
  },
  depthwise: (w, x) =>
    w.layer(w.activated(w.conv(x, x.channels * w.pick(1, 2), { groups: x.channels }))),
  grouped: (w, x) => {
    const groups = w.pick(2, 3);
    return w.activated(
      w.conv(w.layer(x, groups * w.pick(1, 4)), groups * w.pick(1, 4), { groups }),
    );
  },
  excited: (w, x) => {
    const pooled = { ...x, name: w.add('GlobalAveragePool', [x.name], [1, x.channels, 1, 1]) };
    const squeezed = w.pick(2, 4);
    const one = (y: string, from: number, to: number): string =>
      w.add('Conv', [y, w.weights([to, from, 1, 1]), w.weights([to])], [1, to, 1, 1]);
    const hidden = w.add('Relu', [one(pooled.name, x.channels, squeezed)], [1, squeezed, 1, 1]);
    const gate = w.add('Sigmoid', [one(hidden, squeezed, x.channels)], [1, x.channels, 1, 1]);
    return { ...x, name: w.add('Mul', [x.name, gate], w.shape(x.channels)) };
  },
  gated: (w, x) => {
    const half = w.pick(2, 5);
    const both = w.conv(x, 2 * half);
    const parts = [`a${both.name}`, `b${both.name}`];
    w.nodes.push(node('Split', [both.name, w.numbers([half, half])], parts, { axis: 1 }));
    const gate = w.add('Sigmoid', [parts[1]], w.shape(half));
    return { channels: half, name: w.add('Mul', [parts[0], gate], w.shape(half)) };
  },
  sliced: (w, x) => {
    const y = w.layer(x, w.pick(5, 9));
    const from = w.pick(1, 2);
    const cut = [w.numbers([from]), w.numbers([y.channels - 1]), w.numbers([1]), w.numbers([1])];
    const channels = y.channels - 1 - from;
    return { channels, name: w.add('Slice', [y.name, ...cut], w.shape(channels)) };
  },
  padded: (w, x) => {
    const pads = w.numbers([0, 1, 0, 0, 0, 2, 0, 0]);
    const channels = x.channels + 3;
    return { channels, name: w.add('Pad', [x.name, pads], w.shape(channels)) };
  },
  picked: (w, x) => {
    const y = w.layer(x, 6);
    const indices = w.numbers([4, 0, -1, 2, 0]);
    return { channels: 5, name: w.add('Gather', [y.name, indices], w.shape(5), { axis: 1 }) };
  },
  shuffled: (w, x) => {
    const y = w.layer(x, 6);
    const wide = w.add(
      'Reshape',
      [y.name, w.numbers([0, 2, 3, side, side])],
      [1, 2, 3, side, side],
    );
    const turned = w.add('Transpose', [wide], [1, 3, 2, side, side], { perm: [0, 2, 1, 3, 4] });
    return {
      channels: 6,
      name: w.add('Reshape', [turned, w.numbers([1, 6, side, side])], w.shape(6)),
    };
  },
  resized: (w, x) => {
    const scales = `s${x.name}`;
    w.tensors.push(tensor(scales, [4], { values: [1, 1, 1, 1] }));
    return w.on('Resize', x, ['', scales]);
  },
  groupNormalised: (w, x) => {
    const y = w.layer(x, 6);
    const wide = w.add('Reshape', [y.name, w.numbers([0, 3, -1])], [1, 3, 2 * side * side]);
    const normal = w.add(
      'InstanceNormalization',
      [wide, w.weights([3], 0.5, 1.5), w.weights([3])],
      [1, 3, 2 * side * side],
    );
    return {
      channels: 6,
      name: w.add('Reshape', [normal, w.numbers([1, 6, side, side])], w.shape(6)),
    };
  },
};

/** A network of `depth` random blocks, or of those that are named. */
export function randomNetwork(
  seed: number,
  depth: number | readonly string[],
): Uint8Array<ArrayBuffer> {
  const w = new NetworkWriter(mulberry32(seed));
  const names = Object.keys(blocks);
  const list =
    typeof depth === 'number'
      ? Array.from({ length: depth }, () => names[w.pick(0, names.length - 1)])
      : depth;
  let x: Map4 = w.layer({ name: 'x', channels: 3 });
  for (const name of list) x = blocks[name](w, x);
  const hidden = w.pick(3, 6);
  const flat = w.random() < 0.5;
  const pooled = flat ? x.name : w.add('GlobalAveragePool', [x.name], [1, x.channels, 1, 1]);
  const length = x.channels * (flat ? side * side : 1);
  const vector = w.add('Flatten', [pooled], [1, length]);
  const product = w.add(
    'Gemm',
    [vector, w.weights([hidden, length]), w.weights([hidden])],
    [1, hidden],
    { transB: 1 },
  );
  const active = w.add('Relu', [product], [1, hidden]);
  w.nodes.push(node('MatMul', [active, w.weights([hidden, 4])], ['y']));
  return model(
    graph(w.nodes, {
      inputs: [value('x', [1, 3, side, side])],
      outputs: [value('y', [1, 4])],
      initializers: w.tensors,
      values: w.shapes.map(({ name, shape }) => value(name, shape)),
    }),
  );
}
