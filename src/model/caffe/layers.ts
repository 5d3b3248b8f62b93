/**
 * What each supported Caffe layer type computes, and the shape of its result (caffe.proto and the
 * layer's Reshape in Caffe). Two spatial axes. Parameters of training (fillers, regularisation) are
 * accepted and ignored; a field that a layer's parameters do not have is an error.
 */
import { DeepCompressionError } from '../errors.ts';
import type { LayerResult } from './operation.ts';
import { poolAxis } from './pooling.ts';
import { prototxtError, quoted } from './prototxt-tokens.ts';
import type { Message } from './prototxt.ts';

type Shape = readonly number[];
type Rule = (layer: Message, name: string, inputs: readonly Shape[]) => LayerResult;

export function operationOf(
  layer: Message,
  name: string,
  type: string,
  inputs: readonly Shape[],
): LayerResult {
  const rule = Object.hasOwn(rules, type) ? rules[type] : undefined;
  if (!rule) throw unsupported(layer, name, `has type ${quoted(type)}`);
  if (inputs.length === 0 || (inputs.length > 1 && type !== 'Concat'))
    throw prototxtError(layer.line, `layer ${quoted(name)} has ${inputs.length} bottoms`);
  return rule(layer, name, inputs);
}

function unsupported(layer: Message, name: string, what: string): DeepCompressionError {
  return new DeepCompressionError(
    'unsupported',
    `prototxt line ${layer.line}: layer ${quoted(name)} ${what}, which is not supported`,
  );
}

const rules: Readonly<Record<string, Rule>> = {
  Convolution(layer, name, [input]) {
    const param = layer.message('convolution_param');
    param.only([
      ...['num_output', 'bias_term', 'pad', 'kernel_size', 'dilation', 'stride', 'group', 'axis'],
      ...['pad_h', 'pad_w', 'kernel_h', 'kernel_w', 'stride_h', 'stride_w'],
      ...['weight_filler', 'bias_filler', 'engine', 'force_nd_im2col'],
    ]);
    const shape = images(layer, name, input!);
    if (axisOf(param, 'axis', 1, shape) !== 1)
      throw unsupported(layer, name, 'has an axis other than 1');
    requireBias(layer, name, param);
    const out = param.integer('num_output', 0);
    const group = param.integer('group', 1, 1);
    const channels = shape[1]!;
    if (out === 0) throw prototxtError(layer.line, `layer ${quoted(name)} needs num_output`);
    if (channels % group !== 0 || out % group !== 0)
      throw prototxtError(
        param.lineOf('group'),
        `layer ${quoted(name)}: ${channels} channels and ${out} outputs do not divide into ${group} groups`,
      );
    const kernel = spatial(layer, name, param, 'kernel_size', 'kernel', undefined, 1);
    const strides = spatial(layer, name, param, 'stride', 'stride', 1, 1);
    const pads = spatial(layer, name, param, 'pad', 'pad', 0, 0);
    const dilations = spatial(layer, name, param, 'dilation', 'dilation', 1, 1);
    const sizes = [0, 1].map((i) => {
      const extent = dilations[i]! * (kernel[i]! - 1) + 1;
      return Math.floor((shape[i + 2]! + 2 * pads[i]! - extent) / strides[i]!) + 1;
    });
    return {
      operation: { type: 'convolution', kernel, strides, pads, dilations, group },
      shape: [shape[0]!, out, ...sizes],
      weights: [out, channels / group, ...kernel],
    };
  },

  InnerProduct(layer, name, [input]) {
    const param = layer.message('inner_product_param');
    param.only(['num_output', 'bias_term', 'weight_filler', 'bias_filler', 'axis', 'transpose']);
    requireBias(layer, name, param);
    if (axisOf(param, 'axis', 1, input!) !== 1)
      throw unsupported(layer, name, 'has an axis other than 1');
    if (param.boolean('transpose', false)) throw unsupported(layer, name, 'has transposed weights');
    const out = param.integer('num_output', 0);
    if (out === 0) throw prototxtError(layer.line, `layer ${quoted(name)} needs num_output`);
    const features = input!.slice(1).reduce((a, b) => a * b, 1);
    return {
      operation: { type: 'innerProduct' },
      shape: [input![0]!, out],
      weights: [out, features],
    };
  },

  ReLU(layer, _name, [input]) {
    const param = layer.message('relu_param');
    param.only(['negative_slope', 'engine']);
    return { operation: { type: 'relu', slope: param.number('negative_slope', 0) }, shape: input! };
  },

  Pooling(layer, name, [input]) {
    const param = layer.message('pooling_param');
    param.only([
      ...['pool', 'pad', 'pad_h', 'pad_w', 'kernel_size', 'kernel_h', 'kernel_w', 'engine'],
      ...['stride', 'stride_h', 'stride_w', 'global_pooling', 'round_mode'],
    ]);
    const kind = param.enumeration('pool', ['MAX', 'AVE', 'STOCHASTIC'], 'MAX');
    if (kind !== 'MAX' && kind !== 'AVE') throw unsupported(layer, name, `pools by ${kind}`);
    const shape = images(layer, name, input!);
    if (param.boolean('global_pooling', false)) {
      const extra = ['kernel_size', 'kernel_h', 'kernel_w'].find((field) => param.has(field));
      if (extra)
        throw prototxtError(param.lineOf(extra), `${extra} and global_pooling exclude each other`);
      return { operation: { type: 'globalPool', kind }, shape: [shape[0]!, shape[1]!, 1, 1] };
    }
    const kernel = spatial(layer, name, param, 'kernel_size', 'kernel', undefined, 1);
    const strides = spatial(layer, name, param, 'stride', 'stride', 1, 1);
    const pads = spatial(layer, name, param, 'pad', 'pad', 0, 0);
    const roundUp = param.enumeration('round_mode', ['CEIL', 'FLOOR'], 'CEIL') === 'CEIL';
    const anyPad = pads.some((pad) => pad > 0);
    const axes = [0, 1].map((i) => {
      const axis = poolAxis(shape[i + 2]!, kernel[i]!, strides[i]!, pads[i]!, roundUp, anyPad);
      if (axis) return axis;
      throw prototxtError(
        layer.line,
        `layer ${quoted(name)} has a pooling window outside its ${shape[2]} x ${shape[3]} input`,
      );
    });
    return {
      operation: {
        type: 'pool',
        kind,
        kernel,
        strides,
        pads: [...axes.map((a) => a.padBegin), ...axes.map((a) => a.padEnd)],
        overhang: axes.map((a) => a.overhang),
      },
      shape: [shape[0]!, shape[1]!, ...axes.map((a) => a.size)],
    };
  },

  Concat(layer, name, inputs) {
    const param = layer.message('concat_param');
    param.only(['axis', 'concat_dim']);
    const first = inputs[0]!;
    const axis = axisOf(param, param.has('axis') ? 'axis' : 'concat_dim', 1, first);
    let sum = 0;
    for (const shape of inputs) {
      if (shape.length !== first.length || shape.some((dim, i) => i !== axis && dim !== first[i]))
        throw prototxtError(
          layer.line,
          `layer ${quoted(name)} joins ${first.join(' x ')} and ${shape.join(' x ')}`,
        );
      sum += shape[axis]!;
    }
    return {
      operation: { type: 'concat', axis },
      shape: first.map((dim, i) => (i === axis ? sum : dim)),
    };
  },

  /** Caffe scales while training, so at inference it passes its input on. */
  Dropout: (_layer, _name, [input]) => ({ shape: input! }),

  Softmax(layer, _name, [input]) {
    const param = layer.message('softmax_param');
    param.only(['engine', 'axis']);
    return {
      operation: { type: 'softmax', axis: axisOf(param, 'axis', 1, input!) },
      shape: input!,
    };
  },

  LRN(layer, name, [input]) {
    const param = layer.message('lrn_param');
    param.only(['local_size', 'alpha', 'beta', 'norm_region', 'k', 'engine']);
    const region = ['ACROSS_CHANNELS', 'WITHIN_CHANNEL'] as const;
    if (param.enumeration('norm_region', region, region[0]) !== region[0])
      throw unsupported(layer, name, `normalises ${region[1]}`);
    const size = param.integer('local_size', 5, 1);
    if (size % 2 === 0)
      throw prototxtError(param.lineOf('local_size'), 'local_size must be an odd number');
    return {
      operation: {
        type: 'lrn',
        size,
        alpha: param.number('alpha', 1),
        beta: param.number('beta', 0.75),
        bias: param.number('k', 1),
      },
      shape: images(layer, name, input!),
    };
  },
};

function images(layer: Message, name: string, shape: Shape): Shape {
  if (shape.length === 4) return shape;
  throw prototxtError(
    layer.line,
    `layer ${quoted(name)} needs a 4-dimensional input, not ${quoted(shape.join(' x '))}`,
  );
}

/** The published .net format stores a bias for every layer, so a layer without one cannot be in it. */
function requireBias(layer: Message, name: string, param: Message): void {
  if (!param.boolean('bias_term', true))
    throw unsupported(layer, name, 'has no bias (the weights format stores one for every layer)');
}

function axisOf(param: Message, field: string, otherwise: number, shape: Shape): number {
  const axis = param.integer(field, otherwise, -shape.length, shape.length - 1);
  const positive = axis < 0 ? axis + shape.length : axis;
  if (positive < shape.length) return positive;
  throw prototxtError(param.lineOf(field), `axis ${axis} of a ${shape.length}-dimensional input`);
}

/** [height, width] of a parameter given as `one`, as a repeated `one`, or as `two`_h and `two`_w. */
function spatial(
  layer: Message,
  name: string,
  param: Message,
  one: string,
  two: string,
  otherwise: number | undefined,
  least: number,
): readonly [number, number] {
  const most = 2 ** 16;
  const values = param.integers(one, least, most);
  const hasBoth = param.has(`${two}_h`) || param.has(`${two}_w`);
  if (values.length > 2) throw prototxtError(param.lineOf(one), `${one} occurs more than twice`);
  if (values.length > 0 && hasBoth)
    throw prototxtError(param.lineOf(one), `${one} and ${two}_h, ${two}_w exclude each other`);
  if (values.length > 0) return [values[0]!, values[values.length - 1]!];
  const h = param.integers(`${two}_h`, least, most).at(-1) ?? otherwise;
  const w = param.integers(`${two}_w`, least, most).at(-1) ?? otherwise;
  if (h === undefined || w === undefined)
    throw prototxtError(layer.line, `layer ${quoted(name)} needs ${one}`);
  return [h, w];
}
