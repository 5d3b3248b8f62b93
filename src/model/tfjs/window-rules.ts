/**
 * Layers that slide windows over height and width. Padding `same` follows TensorFlow: as many cells as make
 * ceil(size / stride) windows, the odd one behind.
 */
import type { AttributeProto } from 'onnx-buf';
import { asArray } from '../json.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../proto-attributes.ts';
import type { Builder, Value } from './builder.ts';

export type Rule = (b: Builder, inputs: readonly Value[]) => Value;

interface Windows {
  readonly attributes: AttributeProto[];
  /** Height and width of the result. */
  readonly size: readonly (number | null)[];
}

/** Two numbers, or one for both axes. */
function pair(b: Builder, field: string, otherwise?: number): [number, number] {
  const given = b.config[field] ?? otherwise;
  const list = asArray(given) ?? [given, given];
  const [h, w] = list;
  if (list.length !== 2 || typeof h !== 'number' || typeof w !== 'number')
    return b.fail(`has no ${field} for two axes`);
  return [h, w];
}

function windows(
  b: Builder,
  { shape }: Value,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[] = [1, 1],
): Windows {
  const { padding = 'valid', data_format: format = 'channels_last' } = b.config;
  if (format !== 'channels_last') b.fail('has its channels first');
  if (padding !== 'same' && padding !== 'valid') b.fail(`has the padding ${String(padding)}`);
  const extents = kernel.map((k, i) => dilations[i]! * (k - 1) + 1);
  const same = padding === 'same';
  const size = strides.map((stride, i) => {
    const given = shape[i]!;
    if (given === null) return null;
    return Math.max(0, Math.ceil((same ? given : given - extents[i]! + 1) / stride));
  });
  const totals = strides.map((stride, i) => {
    if (!same) return 0;
    const given = shape[i]!;
    if (given === null) return stride === 1 ? extents[i]! - 1 : NaN;
    return Math.max(0, (size[i]! - 1) * stride + extents[i]! - given);
  });
  const begin = totals.map((total) => Math.floor(total / 2));
  const pads = [...begin, ...totals.map((total, i) => total - begin[i]!)];
  return {
    attributes: [
      intsAttribute('kernel_shape', kernel),
      intsAttribute('strides', strides),
      ...(dilations.some((d) => d !== 1) ? [intsAttribute('dilations', dilations)] : []),
      ...(pads.some(Number.isNaN)
        ? [stringAttribute('auto_pad', 'SAME_UPPER')]
        : pads.some((pad) => pad > 0)
          ? [intsAttribute('pads', pads)]
          : []),
    ],
    size,
  };
}

function biasOf(b: Builder): string[] {
  const bias = b.config['use_bias'] === false ? undefined : b.weight('bias');
  return bias ? [b.stored(bias)] : [];
}

const conv2d: Rule = (b, [input]) => {
  const x = b.first(input!);
  const kernel = b.weight('kernel');
  const [kh, kw, within, filters] = kernel.shape;
  const { attributes, size } = windows(
    b,
    x,
    [kh!, kw!],
    pair(b, 'strides', 1),
    pair(b, 'dilation_rate', 1),
  );
  const channels = x.shape[2];
  const group = channels === null ? 1 : channels! / within!;
  if (!Number.isInteger(group)) b.fail(`has a kernel for ${within} channels`);
  if (group > 1) attributes.push(intAttribute('group', group));
  const name = b.node('Conv', [x.name, b.stored(kernel, [3, 2, 0, 1]), ...biasOf(b)], attributes);
  return b.activation({ name, shape: [...size, filters!], first: true });
};

/** A kernel for each channel: height x width x channels x multiplier. */
function depthwise(b: Builder, x: Value, bias: readonly string[]): Value {
  const kernel = b.weight('depthwise_kernel');
  const [kh, kw, channels, multiplier] = kernel.shape;
  const outputs = channels! * multiplier!;
  const { attributes, size } = windows(
    b,
    x,
    [kh!, kw!],
    pair(b, 'strides', 1),
    pair(b, 'dilation_rate', 1),
  );
  attributes.push(intAttribute('group', channels!));
  const weight = b.stored(kernel, [2, 3, 0, 1], [outputs, 1, kh!, kw!]);
  const name = b.node('Conv', [x.name, weight, ...bias], attributes);
  return { name, shape: [...size, outputs], first: true };
}

const separable: Rule = (b, [input]) => {
  const spread = depthwise(b, b.first(input!), []);
  const kernel = b.weight('pointwise_kernel');
  const weight = b.stored(kernel, [3, 2, 0, 1]);
  const name = b.node(
    'Conv',
    [spread.name, weight, ...biasOf(b)],
    [intsAttribute('kernel_shape', [1, 1])],
  );
  return b.activation({ ...spread, name, shape: [...spread.shape.slice(0, 2), kernel.shape[3]!] });
};

const convTranspose: Rule = (b, [input]) => {
  const x = b.first(input!);
  const kernel = b.weight('kernel');
  const [kh, kw, filters] = kernel.shape;
  const strides = pair(b, 'strides', 1);
  if (pair(b, 'dilation_rate', 1).some((d) => d !== 1)) b.fail('is dilated');
  if (asArray(b.config['output_padding'])) b.fail('has output_padding');
  const same = b.config['padding'] === 'same';
  const sizes = [kh!, kw!];
  const cut = sizes.map((k, i) => (same ? Math.max(0, k - strides[i]!) : 0));
  const more = sizes.map((k, i) => Math.max(0, strides[i]! - k));
  const begin = cut.map((total) => Math.floor(total / 2));
  const attributes = [
    intsAttribute('kernel_shape', sizes),
    intsAttribute('strides', strides),
    intsAttribute('pads', [...begin, ...cut.map((total, i) => total - begin[i]!)]),
    ...(more.some((m) => m > 0) ? [intsAttribute('output_padding', more)] : []),
  ];
  const weight = b.stored(kernel, [3, 2, 0, 1]);
  const name = b.node('ConvTranspose', [x.name, weight, ...biasOf(b)], attributes);
  const size = strides.map((stride, i) => {
    const given = x.shape[i]!;
    return given === null ? null : (given - 1) * stride + sizes[i]! - cut[i]! + more[i]!;
  });
  return b.activation({ name, shape: [...size, filters!], first: true });
};

const pool =
  (op: string): Rule =>
  (b, [input]) => {
    const x = b.first(input!);
    const kernel = pair(b, 'pool_size', 2);
    const strides = (b.config['strides'] ?? null) === null ? kernel : pair(b, 'strides');
    const { attributes, size } = windows(b, x, kernel, strides);
    const name = b.node(op, [x.name], attributes);
    return { name, shape: [...size, x.shape[2]!], first: true };
  };

const globalPool =
  (op: string): Rule =>
  (b, [input]) => {
    const x = b.first(input!);
    const pooled = b.node(op, [x.name]);
    if (b.config['keepdims'] === true)
      return { name: pooled, shape: [1, 1, x.shape[2]!], first: true };
    return { name: b.node('Flatten', [pooled]), shape: [x.shape[2]!], first: false };
  };

/** [[top, bottom], [left, right]]. */
function margins(b: Builder, field: string): [number, number, number, number] {
  const given = b.config[field];
  const axes = (asArray(given) ?? [given, given]).map((axis) => asArray(axis) ?? [axis, axis]);
  const all = axes.flat();
  if (all.length !== 4 || !all.every((n) => typeof n === 'number'))
    return b.fail(`has no ${field} for two axes`);
  return all as [number, number, number, number];
}

const zeroPadding: Rule = (b, [input]) => {
  const x = b.first(input!);
  const [top, bottom, left, right] = margins(b, 'padding');
  const pads = b.integers('pads', [0, 0, top, left, 0, 0, bottom, right]);
  const [h, w, c] = x.shape;
  return {
    name: b.node('Pad', [x.name, pads]),
    shape: [h === null ? null : h! + top + bottom, w === null ? null : w! + left + right, c!],
    first: true,
  };
};

const upSampling: Rule = (b, [input]) => {
  const x = b.first(input!);
  if ((b.config['interpolation'] ?? 'nearest') !== 'nearest') b.fail('interpolates');
  const [h, w] = pair(b, 'size', 2);
  const scales = b.constant(`scales/${h}x${w}`, [4], Float32Array.of(1, 1, h, w));
  const name = b.node(
    'Resize',
    [x.name, '', scales],
    [
      stringAttribute('mode', 'nearest'),
      stringAttribute('coordinate_transformation_mode', 'asymmetric'),
      stringAttribute('nearest_mode', 'floor'),
    ],
  );
  const [height, width, c] = x.shape;
  return {
    name,
    shape: [height === null ? null : height! * h, width === null ? null : width! * w, c!],
    first: true,
  };
};

export const windowRules: Readonly<Record<string, Rule>> = {
  Conv2D: conv2d,
  DepthwiseConv2D: (b, [input]) => b.activation(depthwise(b, b.first(input!), biasOf(b))),
  SeparableConv2D: separable,
  Conv2DTranspose: convTranspose,
  MaxPooling2D: pool('MaxPool'),
  AveragePooling2D: pool('AveragePool'),
  GlobalAveragePooling2D: globalPool('GlobalAveragePool'),
  GlobalMaxPooling2D: globalPool('GlobalMaxPool'),
  ZeroPadding2D: zeroPadding,
  UpSampling2D: upSampling,
};
