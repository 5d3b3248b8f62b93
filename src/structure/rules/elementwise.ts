/**
 * Operators that work on each element alone, with broadcasting: what meets at an index goes together.
 * Source: ONNX, "Broadcasting in ONNX".
 */
import type { Coupling, Slots } from '../coupling.ts';
import { axisOf, intOf, noAxes, type Axes, type Rule, type Step, type Value } from '../rule.ts';

/** Outputs have the axes of input 0. */
const passing: Rule = ({ node, input }) => node.outputs.map(() => input(0)?.axes ?? []);

/** Axes of values that broadcast to `dims`. */
export function broadcast(
  values: readonly Value[],
  dims: readonly number[],
  coupling: Coupling,
  why: string,
): Axes {
  return dims.map((size, axis) => {
    if (size === 1) return undefined;
    const meeting = values.flatMap((value) => {
      const own = axis - dims.length + value.dims.length;
      return own >= 0 && value.dims[own] === size ? [value.axes[own]] : [];
    });
    for (const slots of meeting.slice(1)) coupling.joinAll(meeting[0], slots, why);
    return meeting.every((slots) => slots) ? meeting[0] : undefined;
  });
}

const meeting: Rule = (step) => {
  const { node, input, outputs, coupling, where } = step;
  const values = node.inputs.flatMap((_, i) => input(i) ?? []);
  return [broadcast(values, outputs[0], coupling, `it meets a value that stays whole in ${where}`)];
};

/** Parameters along axis 1: scale, shift, mean, variance. */
const perChannel: Rule = (step) => {
  const { node, input, coupling, where } = step;
  const value = input(0);
  if (!value || node.outputs.filter((name) => name !== '').length > 1) return step.stop();
  for (let i = 1; i < node.inputs.length; i++)
    coupling.joinAll(
      value.axes[1],
      input(i)?.axes[0],
      `${where} takes a parameter that stays whole`,
    );
  // an instance is normalised over what lies behind its channels
  if (node.opType === 'InstanceNormalization')
    for (const slots of value.axes.slice(2)) coupling.markAll(slots, where);
  return [value.axes];
};

/** Normalised over the last axes: what is left of the mean and the variance changes. */
const layerNormalization: Rule = (step) => {
  const { node, input, coupling, outputs, where } = step;
  const value = input(0);
  if (!value) return step.stop();
  const axis = axisOf(intOf(node, 'axis', -1), value.dims.length);
  const why = `it meets a value that stays whole in ${where}`;
  for (let i = 1; i < node.inputs.length; i++) {
    const parameter = input(i);
    if (parameter) broadcast([value, parameter], value.dims, coupling, why);
  }
  for (const slots of value.axes.slice(axis)) coupling.markAll(slots, where);
  return outputs.map((dims, i) => (i === 0 ? value.axes : noAxes(dims)));
};

/** Channels of one group are normalised together, and so go together. */
const groupNormalization: Rule = (step) => {
  const { node, input, coupling, where } = step;
  const value = input(0);
  const [scale, shift] = [input(1), input(2)];
  const slots = value?.axes[1];
  if (!value || !scale || !shift) return step.stop();
  const groups = intOf(node, 'num_groups', 1);
  const why = `${where} takes a parameter that stays whole`;
  const size = value.dims[1] / groups;
  for (const { axes, dims } of [scale, shift]) {
    if (dims[0] === value.dims[1]) coupling.joinAll(slots, axes[0], why);
    else if (slots && axes[0])
      axes[0].forEach((slot, g) => coupling.join(slot, slots[g * size], why));
    else coupling.fixAll(slots ?? axes[0], why);
  }
  if (!slots) return [value.axes];
  together(slots, size, coupling, where);
  step.repair((kept) => ({ attributes: { num_groups: kept.count(slots) / size } }));
  return [value.axes];
};

/** Joins every run of `size` slots. */
export function together(slots: Slots, size: number, coupling: Coupling, why: string): void {
  for (let i = 0; i < slots.length; i++) coupling.join(slots[i], slots[i - (i % size)], why);
}

/** Scales and zero points are one, or one a channel along an axis. */
const quantization: Rule = (step) => {
  const { node, input, coupling, where } = step;
  const value = input(0);
  if (!value) return step.stop();
  const axis = axisOf(intOf(node, 'axis', 1), value.dims.length);
  for (const i of [1, 2]) {
    const parameter = input(i);
    if (!parameter || parameter.dims.every((d) => d === 1)) continue;
    if (parameter.dims.length !== 1) return step.stop('it is quantized in blocks');
    coupling.joinAll(
      value.axes[axis],
      parameter.axes[0],
      `${where} takes a scale that stays whole`,
    );
  }
  return [value.axes];
};

/** Needs all indices along its axis, or from it on. */
const over =
  (otherwise: (step: Step) => number, more = false): Rule =>
  (step) => {
    const { node, input, coupling, outputs, where } = step;
    const value = input(0);
    if (!value) return step.stop();
    const axis = axisOf(intOf(node, 'axis', otherwise(step)), value.dims.length);
    const end = more && step.opset < 13 ? value.dims.length : axis + 1;
    const fixed = (i: number): boolean => i >= axis && i < end;
    value.axes.forEach(
      (slots, i) => fixed(i) && coupling.fixAll(slots, `${where} needs all of it`),
    );
    return outputs.map((dims) =>
      dims.length === value.dims.length
        ? value.axes.map((slots, i) => (fixed(i) ? undefined : slots))
        : noAxes(dims),
    );
  };

const rules = (names: string, rule: Rule): Record<string, Rule> =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  ...rules(
    'Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil Celu Cos Cosh Dropout Elu Erf Exp Floor Gelu HardSigmoid ' +
      'HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign ' +
      'Sin Sinh Softplus Softsign Sqrt Tan Tanh ThresholdedRelu',
    passing,
  ),
  ...rules(
    'Add And Clip Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow PRelu Sub Sum ' +
      'Where Xor',
    meeting,
  ),
  ...rules('BatchNormalization InstanceNormalization', perChannel),
  ...rules('LayerNormalization RMSNormalization', layerNormalization),
  GroupNormalization: groupNormalization,
  ...rules('DequantizeLinear QuantizeLinear', quantization),
  ...rules(
    'Softmax LogSoftmax Hardmax',
    over(({ opset }) => (opset < 13 ? 1 : -1), true),
  ),
  ...rules(
    'LRN',
    over(() => 1),
  ),
  ...rules(
    'LpNormalization TopK',
    over(() => -1),
  ),
};
