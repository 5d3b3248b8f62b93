/**
 * Operators that multiply by weights: channels of the input end there, and those of the output begin.
 * Sources: the operators' specifications.
 */
import type { Slots } from '../coupling.ts';
import { intOf, type Axes, type Rule, type Step } from '../rule.ts';
import { broadcast, together } from './elementwise.ts';

/** W: outputs x inputs / groups x kernel. */
const conv: Rule = (step) => {
  const { node, input, coupling, outputs, where } = step;
  const [x, w, bias] = [input(0), input(1), input(2)];
  if (!x || !w) return step.stop();
  const groups = intOf(node, 'group', 1);
  const [outer, inner] = w.axes;
  if (bias) coupling.joinAll(outer, bias.axes[0], `${where} adds a bias that stays whole`);
  const why = `${where} reads channels that stay whole`;
  if (groups === 1) coupling.joinAll(x.axes[1], inner, why);
  else {
    const [ins, outs] = [x.dims[1] / groups, w.dims[0] / groups];
    if (groups >= Math.max(ins, outs)) {
      wholeGroups(x.axes[1], outer, [ins, outs], groups, step);
      coupling.fixAll(inner, `${where} has groups, which go as a whole`);
    } else {
      if (ins === 1) coupling.fixAll(x.axes[1], `${where} needs an input for each of its groups`);
      else {
        evenly(x.axes[1], groups, step);
        coupling.joinAll(x.axes[1]?.subarray(0, ins), inner, why);
      }
      evenly(outer, groups, step);
    }
  }
  return [[x.axes[0], outer, ...outputs[0].slice(2).map(() => undefined)]];
};

/** The same channels go from every group. */
function evenly(slots: Slots | undefined, groups: number, { coupling, where }: Step): void {
  if (!slots) return;
  const size = slots.length / groups;
  const why = `${where} has the same channels in all groups`;
  for (let i = size; i < slots.length; i++) coupling.join(slots[i], slots[i % size], why);
}

/** All inputs and outputs of a group go together, and the count of groups falls. */
function wholeGroups(
  inputs: Slots | undefined,
  outputs: Slots | undefined,
  [ins, outs]: readonly [number, number],
  groups: number,
  { coupling, where, repair }: Step,
): void {
  const why = `${where} reads channels that stay whole`;
  if (!inputs || !outputs) return coupling.fixAll(inputs ?? outputs, why);
  together(inputs, ins, coupling, why);
  together(outputs, outs, coupling, why);
  for (let g = 0; g < groups; g++) coupling.join(inputs[g * ins], outputs[g * outs], why);
  repair((kept) => ({ attributes: { group: kept.count(inputs) / ins } }));
}

/** W: inputs x outputs / groups x kernel. */
const convTranspose: Rule = (step) => {
  const { node, input, coupling, outputs, where } = step;
  const [x, w, bias] = [input(0), input(1), input(2)];
  if (!x || !w) return step.stop();
  const groups = intOf(node, 'group', 1);
  const spatial = outputs[0].slice(2).map(() => undefined);
  coupling.joinAll(x.axes[1], w.axes[0], `${where} reads channels that stay whole`);
  const added = `${where} adds a bias that stays whole`;
  if (groups === 1) {
    if (bias) coupling.joinAll(w.axes[1], bias.axes[0], added);
    return [[x.axes[0], w.axes[1], ...spatial]];
  }
  coupling.fixAll(w.axes[1], `${where} has groups, which go as a whole`);
  const made = outputs[0][1] === 1 ? undefined : coupling.make(outputs[0][1]);
  wholeGroups(x.axes[1], made, [x.dims[1] / groups, outputs[0][1] / groups], groups, step);
  if (bias) coupling.joinAll(made, bias.axes[0], added);
  return [[x.axes[0], made, ...spatial]];
};

const matMul: Rule = (step) => {
  const { input, coupling, outputs, where } = step;
  const [a, b] = [input(0), input(1)];
  if (!a || !b) return step.stop();
  const inner = Math.max(0, b.dims.length - 2);
  coupling.joinAll(a.axes.at(-1), b.axes[inner], `${where} multiplies by what stays whole`);
  const tail: Axes = [
    ...(a.dims.length > 1 ? [a.axes.at(-2)] : []),
    ...(b.dims.length > 1 ? [b.axes.at(-1)] : []),
  ];
  const batch = outputs[0].slice(0, outputs[0].length - tail.length);
  const outer = [a, b].map(({ dims, axes }) => ({
    dims: dims.slice(0, -2),
    axes: axes.slice(0, -2),
  }));
  return [[...broadcast(outer, batch, coupling, `it meets what stays whole in ${where}`), ...tail]];
};

const gemm: Rule = (step) => {
  const { node, input, coupling, outputs, where } = step;
  const [a, b, c] = [input(0), input(1), input(2)];
  if (!a || !b) return step.stop();
  const [m, k] = intOf(node, 'transA', 0) ? [...a.axes].reverse() : a.axes;
  const [inner, n] = intOf(node, 'transB', 0) ? [...b.axes].reverse() : b.axes;
  coupling.joinAll(k, inner, `${where} multiplies by what stays whole`);
  const product = { dims: outputs[0], axes: [m, n] };
  const added = `${where} adds a bias that stays whole`;
  return [c ? broadcast([product, c], outputs[0], coupling, added) : product.axes];
};

/** A unit has a row in every gate, a column of the recurrent weights, and a place in every state. */
const recurrent: Rule = (step) => {
  const { node, input, coupling, outputs, where } = step;
  const [x, w, r, bias] = [input(0), input(1), input(2), input(3)];
  const units = r?.axes[2];
  if (!x || !w || !r || !units || intOf(node, 'layout', 0) !== 0) return step.stop();
  const hidden = units.length;
  const why = `${where} has a parameter or a state that stays whole`;
  coupling.joinAll(x.axes[2], w.axes[2], `${where} reads channels that stay whole`);
  const rows = (slots: Slots | undefined): void => {
    if (!slots) coupling.fixAll(units, why);
    else slots.forEach((slot, i) => coupling.join(units[i % hidden], slot, why));
  };
  rows(w.axes[1]);
  rows(r.axes[1]);
  if (bias) rows(bias.axes[1]);
  for (const state of [5, 6]) if (input(state)) rows(input(state)!.axes[2]);
  if (input(7)) rows(input(7)!.axes[1]);
  step.repair((kept) => ({ attributes: { hidden_size: kept.count(units) } }));
  return outputs.map((dims) => dims.map((_, i) => (i === dims.length - 1 ? units : undefined)));
};

/** Rows of a table, or what constant numbers pick. */
const gather: Rule = (step) => {
  const { node, input, coupling, where } = step;
  const [data, indices] = [input(0), input(1)];
  if (!data || !indices) return step.stop();
  const rank = data.dims.length;
  const axis = (intOf(node, 'axis', 0) + rank) % rank;
  const slots = data.axes[axis];
  const picked = slots && step.numbers(1)?.map((i) => (i < 0 ? i + data.dims[axis] : i));
  coupling.fixAll(
    indices.axes.find((a) => a),
    `${where} takes it as numbers`,
  );
  if (!slots || !picked || indices.dims.length > 1) {
    coupling.fixAll(slots, `${where} picks from it`);
    return [
      [
        ...data.axes.slice(0, axis),
        ...indices.dims.map(() => undefined),
        ...data.axes.slice(axis + 1),
      ],
    ];
  }
  const one = indices.dims.length === 0;
  const own = Int32Array.from(picked, (i) => slots[i]);
  if (one) coupling.fixAll(own, `${where} picks it alone`);
  step.repair((kept) => {
    const at = new Map([...kept.positions(slots)].map((position, i) => [position, i]));
    const values = picked.flatMap((i) => at.get(i) ?? []);
    return { inputs: { 1: { shape: one ? [] : [values.length], values } } };
  });
  const middle = one ? [] : [own.length === 1 ? undefined : own];
  if (own.length === 1 && !one) coupling.fixAll(own, `${where} picks it alone`);
  return [[...data.axes.slice(0, axis), ...middle, ...data.axes.slice(axis + 1)]];
};

export const productRules: Readonly<Record<string, Rule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MatMul: matMul,
  Gemm: gemm,
  ...{ LSTM: recurrent, GRU: recurrent, RNN: recurrent },
  Gather: gather,
};
