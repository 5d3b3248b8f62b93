/** What each layer of Keras is in ONNX, but for those with windows (window-rules.ts). */
import { asArray } from '../json.ts';
import { floatAttribute, intAttribute, intsAttribute } from '../proto-attributes.ts';
import type { Builder, Value } from './builder.ts';
import { windowRules, type Rule } from './window-rules.ts';

const dense: Rule = (b, [input]) => {
  const x = b.plain(input!);
  const kernel = b.weight('kernel');
  const units = kernel.shape[1]!;
  const bias = b.config['use_bias'] === false ? undefined : b.stored(b.weight('bias'));
  const weight = b.stored(kernel);
  const shape = [...x.shape.slice(0, -1), units];
  if (x.shape.length === 1)
    return b.activation({
      ...{ name: b.node('Gemm', [x.name, weight, ...(bias ? [bias] : [])]), shape, first: false },
    });
  const product = b.node('MatMul', [x.name, weight]);
  const name = bias ? b.node('Add', [product, bias]) : product;
  return b.activation({ name, shape, first: false });
};

const batchNormalization: Rule = (b, [x]) => {
  const { axis, epsilon } = b.config;
  const rank = x!.shape.length;
  const last = asArray(axis)?.[0] ?? axis ?? -1;
  if (last !== -1 && last !== rank) b.fail('does not normalise its last axis');
  const [mean, variance] = [b.weight('moving_mean'), b.weight('moving_variance')];
  const [channels] = mean.shape;
  const all = (name: string, value: number): string =>
    b.constant(`${name}/${channels}`, [channels!], new Float32Array(channels!).fill(value));
  const gamma = b.optional('gamma');
  const beta = b.optional('beta');
  // one axis after the batch is where ONNX has its channels
  const value = rank === 3 ? b.first(x!) : x!;
  if (rank !== 1 && rank !== 3) b.fail(`takes a value of ${rank + 1} dimensions`);
  const inputs = [
    value.name,
    gamma ? b.stored(gamma) : all('ones', 1),
    beta ? b.stored(beta) : all('zeros', 0),
    b.stored(mean),
    b.stored(variance),
  ];
  const attribute = floatAttribute('epsilon', typeof epsilon === 'number' ? epsilon : 1e-3);
  return { ...value, name: b.node('BatchNormalization', inputs, [attribute]) };
};

const layerNormalization: Rule = (b, [input]) => {
  const x = b.plain(input!);
  const { axis, epsilon } = b.config;
  const last = asArray(axis)?.[0] ?? axis ?? -1;
  if (last !== -1 && last !== x.shape.length) b.fail('does not normalise its last axis');
  const inputs = [x.name, b.stored(b.weight('gamma')), b.stored(b.weight('beta'))];
  const attribute = floatAttribute('epsilon', typeof epsilon === 'number' ? epsilon : 1e-3);
  return { ...x, name: b.node('LayerNormalization', inputs, [attribute]) };
};

const relu: Rule = (b, [x]) => {
  const { max_value: most, negative_slope: slope, threshold } = b.config;
  if ((slope ?? 0) !== 0 || (threshold ?? 0) !== 0) b.fail('has a slope or a threshold');
  if (typeof most === 'number') return { ...x!, name: b.clip(x!.name, 0, most) };
  return { ...x!, name: b.node('Relu', [x!.name]) };
};

const leakyRelu: Rule = (b, [x]) => {
  const given = b.config['alpha'] ?? b.config['negative_slope'];
  const alpha = floatAttribute('alpha', typeof given === 'number' ? given : 0.3);
  return { ...x!, name: b.node('LeakyRelu', [x!.name], [alpha]) };
};

const prelu: Rule = (b, [x]) => {
  const alpha = b.weight('alpha');
  const slopes =
    alpha.shape.length === 3 && x!.first ? b.stored(alpha, [2, 0, 1]) : b.stored(alpha);
  return { ...x!, name: b.node('PRelu', [x!.name, slopes]) };
};

const softmax: Rule = (b, [input]) => {
  const x = b.plain(input!);
  const axis = b.config['axis'] ?? -1;
  if (axis !== -1 && axis !== x.shape.length) b.fail('does not take its last axis');
  return b.activation(x, 'softmax');
};

/** All channels first, where one is and all can be. */
function alike(b: Builder, values: readonly Value[]): readonly Value[] {
  const first = values.some((v) => v.first) && values.every((v) => v.shape.length === 3);
  return values.map((v) => (first ? b.first(v) : b.plain(v)));
}

const elementwise =
  (two: string, more = two): Rule =>
  (b, inputs) => {
    const values = alike(b, inputs);
    const widest = values.reduce((a, v) => (v.shape.length > a.shape.length ? v : a));
    const shape = widest.shape.map((size, i) =>
      values.reduce<number | null>((most, v) => {
        const own = v.shape[i - widest.shape.length + v.shape.length];
        return own === undefined || own === 1 ? most : own;
      }, size),
    );
    const op = values.length === 2 ? two : more;
    const name = b.node(
      op,
      values.map((v) => v.name),
    );
    return { name, shape, first: widest.first };
  };

const multiply: Rule = (b, inputs) => {
  const [head, ...rest] = inputs;
  return rest.reduce((product, factor) => elementwise('Mul')(b, [product, factor]), head!);
};

const subtract: Rule = (b, inputs) =>
  inputs.length === 2 ? elementwise('Sub')(b, inputs) : b.fail('takes other than two values');

const concatenate: Rule = (b, inputs) => {
  const values = alike(b, inputs);
  const rank = values[0]!.shape.length;
  const given = b.config['axis'] ?? -1;
  if (typeof given !== 'number') return b.fail('has no axis');
  const axis = given < 0 ? given + rank : given - 1;
  if (axis < 0 || axis >= rank) return b.fail('joins samples');
  const { first, shape } = values[0]!;
  let joined: number | null = 0;
  for (const v of values) {
    const own: number | null = v.shape[axis]!;
    joined = joined === null || own === null ? null : joined + own;
  }
  const at = first ? [2, 3, 1][axis]! : axis + 1;
  const name = b.node(
    'Concat',
    values.map((v) => v.name),
    [intAttribute('axis', at)],
  );
  return { name, shape: shape.map((size, i) => (i === axis ? joined : size)), first };
};

function product(b: Builder, shape: readonly (number | null)[]): number {
  return shape.reduce<number>((n, size) => n * (size ?? b.fail('takes an open dimension')), 1);
}

const flatten: Rule = (b, [input]) => {
  const x = b.plain(input!);
  if (x.shape.length === 1) return x;
  return { name: b.node('Flatten', [x.name]), shape: [product(b, x.shape)], first: false };
};

const reshape: Rule = (b, [input]) => {
  const x = b.plain(input!);
  const target = asArray(b.config['target_shape']);
  if (!target?.every((n) => typeof n === 'number')) return b.fail('has no target_shape');
  const sizes = target as readonly number[];
  const known = sizes.filter((n) => n >= 0).reduce((a, n) => a * n, 1);
  const shape = sizes.map((n) => (n < 0 ? product(b, x.shape) / known : n));
  const name = b.node('Reshape', [x.name, b.integers('shape', [-1, ...shape])]);
  return { name, shape, first: false };
};

const permute: Rule = (b, [input]) => {
  const x = b.plain(input!);
  const dims = asArray(b.config['dims']);
  if (!dims?.every((n) => typeof n === 'number')) return b.fail('has no dims');
  const order = dims as readonly number[];
  const name = b.node('Transpose', [x.name], [intsAttribute('perm', [0, ...order])]);
  return { name, shape: order.map((axis) => x.shape[axis - 1] ?? null), first: false };
};

const passing: Rule = (_, [x]) => x!;

const rules: Readonly<Record<string, Rule>> = {
  ...windowRules,
  Dense: dense,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  Activation: (b, [x]) => b.activation(x!),
  ReLU: relu,
  LeakyReLU: leakyRelu,
  PReLU: prelu,
  ELU: (b, [x]) => b.activation(x!, 'elu'),
  Softmax: softmax,
  Add: elementwise('Add', 'Sum'),
  Average: elementwise('Mean'),
  Maximum: elementwise('Max'),
  Minimum: elementwise('Min'),
  Multiply: multiply,
  Subtract: subtract,
  Concatenate: concatenate,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  Dropout: passing,
  SpatialDropout2D: passing,
  GaussianNoise: passing,
  GaussianDropout: passing,
  AlphaDropout: passing,
  ActivityRegularization: passing,
};

/** @throws DeepCompressionError `unsupported` for a layer that has no rule, or asks for what its rule has not */
export function ruleOf(b: Builder, className: string): Rule {
  return Object.hasOwn(rules, className) ? rules[className]! : b.fail('is of another kind');
}
