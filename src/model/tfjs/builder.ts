/**
 * What the rules of layers build an ONNX graph with. A value of height x width x channels lies either so, as
 * in Keras, or channels first, as ONNX's convolutions take it; it is transposed where a rule asks for the other.
 */
import type { AttributeProto } from 'onnx-buf';
import { DeepCompressionError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { floatAttribute, intAttribute, intsAttribute } from '../proto-attributes.ts';
import { float32Tensor, int64Tensor, type ProtoNode, type ProtoTensor } from '../proto-model.ts';
import type { LayerCall } from './calls.ts';

export interface Value {
  readonly name: string;
  /** In Keras's order, without the batch; null is open. */
  readonly shape: readonly (number | null)[];
  /** Channels lie first. */
  readonly first: boolean;
}

/** A weight in the order of the file. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

export type ReadWeight = (layer: string, weight: string) => Weight | undefined;

export class Builder {
  readonly nodes: ProtoNode[] = [];
  readonly initializers: ProtoTensor[] = [];
  readonly #known = new Set<string>();
  #call: LayerCall = { className: '', layer: '', config: {}, inputs: [], output: 'inputs' };
  #count = 0;

  constructor(
    private readonly path: string,
    private readonly read: ReadWeight,
  ) {}

  /** Begins a layer: what it makes is named after it. */
  begin(call: LayerCall): void {
    this.#call = call;
    this.#count = 0;
  }

  /** Ends a layer: its value gets its name, unless the layer passes its input on. */
  end(value: Value): Value {
    const last = this.nodes.at(-1);
    const name = this.#call.output;
    if (this.#count === 0 || last?.output?.[0] !== value.name) return value;
    last.name = name;
    last.output = [name];
    return { ...value, name };
  }

  get config(): JsonObject {
    return this.#call.config;
  }

  fail(why: string): never {
    const { layer, className } = this.#call;
    const line = `${this.path}: layer ${layer} (${className}) ${why}, which is not imported`;
    throw new DeepCompressionError('unsupported', line);
  }

  /** Adds a node; gives the name of its output. */
  node(opType: string, input: readonly string[], attribute: AttributeProto[] = []): string {
    const name = `${this.#call.output}/${opType}${this.#count === 0 ? '' : `_${this.#count}`}`;
    this.#count++;
    this.nodes.push({ name, opType, input: [...input], output: [name], attribute });
    return name;
  }

  /** Adds values once under a name, which it gives. */
  constant(name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): string {
    if (!this.#known.has(name)) {
      this.#known.add(name);
      this.initializers.push(float32Tensor(name, shape, new Uint8Array(values.buffer)));
    }
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    const full = `${this.#call.output}/${name}`;
    this.initializers.push(int64Tensor(full, values));
    return full;
  }

  weight(name: string): Weight {
    return this.optional(name) ?? this.fail(`has no weight ${name} in the manifest`);
  }

  optional(name: string): Weight | undefined {
    return this.read(this.#call.layer, name);
  }

  /** A weight as it is, or with its axes in another order. */
  stored(weight: Weight, order?: readonly number[], shape?: readonly number[]): string {
    const { name } = weight;
    if (!order) return this.constant(name, shape ?? weight.shape, weight.values);
    if (order.length !== weight.shape.length)
      this.fail(`has a weight ${name} of ${weight.shape.length} dimensions`);
    const moved = order.map((axis) => weight.shape[axis]!);
    return this.constant(name, shape ?? moved, permuted(weight, order));
  }

  /** The value as Keras has it. */
  plain(value: Value): Value {
    if (!value.first) return value;
    const name = this.node('Transpose', [value.name], [intsAttribute('perm', [0, 2, 3, 1])]);
    return { ...value, name, first: false };
  }

  /** The value with its channels first; it has height, width and channels. */
  first(value: Value): Value {
    if (value.shape.length !== 3)
      this.fail(`takes a value of ${value.shape.length + 1} dimensions`);
    if (value.first) return value;
    const name = this.node('Transpose', [value.name], [intsAttribute('perm', [0, 3, 1, 2])]);
    return { ...value, name, first: true };
  }

  activation(value: Value, given: unknown = this.config['activation']): Value {
    const kind = given ?? 'linear';
    if (kind === 'linear') return value;
    if (typeof kind !== 'string') return this.fail('has an activation of its own');
    const simple = Object.hasOwn(functions, kind) ? functions[kind] : undefined;
    const name = value.name;
    if (simple) return { ...value, name: this.node(simple, [name]) };
    switch (kind) {
      case 'softmax':
        return {
          ...value,
          name: this.node('Softmax', [name], [intAttribute('axis', value.first ? 1 : -1)]),
        };
      case 'relu6':
        return { ...value, name: this.clip(name, 0, 6) };
      case 'hard_sigmoid':
      case 'hardSigmoid':
        return { ...value, name: this.node('HardSigmoid', [name], [floatAttribute('alpha', 0.2)]) };
      case 'swish':
      case 'silu':
        return { ...value, name: this.node('Mul', [name, this.node('Sigmoid', [name])]) };
    }
    return this.fail(`has the activation ${kind}`);
  }

  clip(name: string, least: number, most: number): string {
    const bound = (value: number): string =>
      this.constant(`clip/${value}`, [], Float32Array.of(value));
    return this.node('Clip', [name, bound(least), bound(most)]);
  }
}

const functions: Readonly<Record<string, string>> = {
  ...{ relu: 'Relu', sigmoid: 'Sigmoid', tanh: 'Tanh', elu: 'Elu', selu: 'Selu' },
  ...{ softplus: 'Softplus', softsign: 'Softsign', exponential: 'Exp' },
};

/** The values with axis `order[i]` in the place of axis i. */
function permuted({ shape, values }: Weight, order: readonly number[]): Float32Array<ArrayBuffer> {
  const rank = shape.length;
  const strides = new Array<number>(rank).fill(1);
  for (let axis = rank - 2; axis >= 0; axis--)
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  const moved = order.map((axis) => ({ size: shape[axis]!, stride: strides[axis]! }));
  const out = new Float32Array(values.length);
  const at = new Array<number>(rank).fill(0);
  for (let i = 0, from = 0; i < out.length; i++) {
    out[i] = values[from]!;
    for (let axis = rank - 1; axis >= 0; axis--) {
      const { size, stride } = moved[axis]!;
      from += stride;
      if (++at[axis]! < size) break;
      from -= stride * size;
      at[axis] = 0;
    }
  }
  return out;
}
