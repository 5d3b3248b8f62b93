/**
 * Operators that move, join, cut, repeat or pool: channels keep their order or are told apart by where they
 * lie. What a removal must change in them (sizes of parts, begins and ends) is recorded.
 */
import { whole, type Slots } from '../coupling.ts';
import { axisOf, intOf, intsOf, noAxes, type Rule, type Step } from '../rule.ts';
import { broadcast } from './elementwise.ts';
import { followShape } from './reshape.ts';

const transpose: Rule = (step) => {
  const value = step.input(0);
  if (!value) return step.stop();
  const perm = intsOf(step.node, 'perm') ?? value.dims.map((_, i) => value.dims.length - 1 - i);
  return [perm.map((axis) => value.axes[axis])];
};

const concat: Rule = (step) => {
  const { node, input, coupling, outputs, where } = step;
  const values = node.inputs.map((_, i) => input(i));
  if (!values.every((v) => v !== undefined)) return step.stop();
  const axis = axisOf(intOf(node, 'axis', 1), outputs[0].length);
  const joined = new Int32Array(outputs[0][axis]).fill(whole);
  let at = 0;
  for (const { dims, axes } of values) {
    const slots = axes[axis];
    if (slots) joined.set(slots, at);
    at += dims[axis];
  }
  // the axis itself is no meeting: its parts have other lengths, or are told apart here
  const others = values.map((v) => ({ ...v, dims: v.dims.map((d, i) => (i === axis ? 1 : d)) }));
  const dims = outputs[0].map((d, i) => (i === axis ? 1 : d));
  const axes = broadcast(others, dims, coupling, `it meets what stays whole in ${where}`);
  const some = values.some(({ axes: own }) => own[axis]);
  return [axes.map((slots, i) => (i === axis ? (some ? joined : undefined) : slots))];
};

const split: Rule = (step) => {
  const { node, input, opset, outputs } = step;
  const value = input(0);
  if (!value) return step.stop();
  const axis = axisOf(intOf(node, 'axis', 0), value.dims.length);
  const slots = value.axes[axis];
  let at = 0;
  const parts = outputs.map((dims) => slots?.slice(at, (at += dims[axis])));
  if (slots)
    step.repair((kept) => {
      const values = parts.map((part) => kept.count(part!));
      return opset < 13
        ? { attributes: { split: values } }
        : {
            attributes: { num_outputs: null },
            inputs: { 1: { shape: [values.length], values } },
          };
    });
  return parts.map((part) =>
    value.axes.map((own, i) =>
      i === axis ? (part && part.length > 1 ? part : keepWhole(part)) : own,
    ),
  );

  /** A part of one index stays: axes of length 1 carry nothing. */
  function keepWhole(part: Slots | undefined): undefined {
    step.coupling.fixAll(part, `${step.where} takes it alone`);
  }
};

const slice: Rule = (step) => {
  const { node, input, coupling, opset, outputs, where } = step;
  const value = input(0);
  if (!value) return step.stop();
  const rank = value.dims.length;
  const given = (index: number, name: string): readonly number[] | undefined =>
    opset < 10 ? intsOf(node, name) : step.numbers(index);
  const starts = given(1, 'starts');
  const ends = given(2, 'ends');
  const listed =
    (opset < 10 ? intsOf(node, 'axes') : node.inputs[3] ? step.numbers(3) : undefined) ??
    starts?.map((_, i) => i);
  const steps = opset < 10 || !node.inputs[4] ? starts?.map(() => 1) : step.numbers(4);
  if (!starts || !ends || !listed || !steps) {
    // an axis that comes out as long as it went in may be cut all the same
    for (const slots of value.axes) coupling.fixAll(slots, `${where} computes where it cuts`);
    return [noAxes(outputs[0])];
  }
  const axes: (Slots | undefined)[] = [...value.axes];
  const cuts: { entry: number; slots: Slots; from: number; to: number }[] = [];
  listed.forEach((a, entry) => {
    const axis = axisOf(a, rank);
    const slots = value.axes[axis];
    if (!slots) return;
    const length = value.dims[axis];
    const clamp = (n: number): number => Math.max(0, Math.min(length, n < 0 ? n + length : n));
    const [from, to] = [clamp(starts[entry]), clamp(ends[entry])];
    if (steps[entry] !== 1 || to - from < 2) {
      coupling.fixAll(slots, `${where} picks from it`);
      axes[axis] = undefined;
      return;
    }
    axes[axis] = slots.slice(from, to);
    cuts.push({ entry, slots, from, to });
  });
  if (cuts.length > 0)
    step.repair((kept) => {
      const [begins, stops] = [[...starts], [...ends]];
      for (const { entry, slots, from, to } of cuts) {
        begins[entry] = kept.count(slots.subarray(0, from));
        stops[entry] = kept.count(slots.subarray(0, to));
      }
      const list = (values: readonly number[]) => ({ shape: [values.length], values });
      return opset < 10
        ? { attributes: { starts: begins, ends: stops } }
        : { inputs: { 1: list(begins), 2: list(stops) } };
    });
  return [axes];
};

/** Padded indices stay whole, those between them are what they were. */
const pad: Rule = (step) => {
  const { node, input, coupling, opset, outputs, where } = step;
  const value = input(0);
  if (!value) return step.stop();
  const pads = opset < 11 ? intsOf(node, 'pads') : step.numbers(1);
  const mode = node.attributes.get('mode')?.s ?? 'constant';
  const rank = value.dims.length;
  return [
    value.axes.map((slots, axis) => {
      if (!slots) return undefined;
      const before = pads?.length === 2 * rank && !node.inputs[3] ? pads[axis] : undefined;
      const same = outputs[0][axis] === slots.length;
      if (
        before === undefined ||
        before < 0 ||
        pads![rank + axis] < 0 ||
        (!same && mode !== 'constant')
      ) {
        coupling.fixAll(slots, `${where} adds to it`);
        return undefined;
      }
      const padded = new Int32Array(outputs[0][axis]).fill(whole);
      padded.set(slots, before);
      return padded;
    }),
  ];
};

/** Sides change, channels do not. */
const pooling: Rule = (step) => {
  const value = step.input(0);
  if (!value) return step.stop();
  return step.outputs.map((dims, i) =>
    i === 0 ? dims.map((_, axis) => (axis < 2 ? value.axes[axis] : undefined)) : noAxes(dims),
  );
};

const resize: Rule = (step) => {
  const { input, coupling, opset, outputs, where } = step;
  const value = input(0);
  if (!value || intsOf(step.node, 'axes')) return step.stop();
  const axes = value.axes.map((slots, axis) => {
    if (slots?.length === outputs[0][axis]) return slots;
    coupling.fixAll(slots, `${where} resizes it`);
    return undefined;
  });
  if (opset >= 11 && step.node.inputs[3]) followShape(step, 3, axes);
  return [axes];
};

/** One value for all indices of an axis. */
const reduce: Rule = (step) => {
  const { node, input, coupling, outputs, where } = step;
  const value = input(0);
  if (!value) return step.stop();
  const rank = value.dims.length;
  const listed = intsOf(node, 'axes') ?? (node.inputs[1] ? step.numbers(1) : undefined);
  if (node.inputs[1] && listed === undefined) return step.stop('the axes are computed');
  const none = (listed?.length ?? 0) === 0;
  if (none && intOf(node, 'noop_with_empty_axes', 0)) return [value.axes];
  const gone = new Set(none ? value.dims.map((_, i) => i) : listed!.map((a) => axisOf(a, rank)));
  for (const axis of gone) {
    if (node.opType === 'ReduceMean') coupling.markAll(value.axes[axis], where);
    else coupling.fixAll(value.axes[axis], `${where} needs all of it`);
  }
  const keep = intOf(node, 'keepdims', 1) !== 0;
  const axes = value.axes.flatMap((slots, i) =>
    gone.has(i) ? (keep ? [undefined] : []) : [slots],
  );
  return [outputs[0].length === axes.length ? axes : noAxes(outputs[0])];
};

const arg: Rule = (step) => {
  const { node, input, coupling, where } = step;
  const value = input(0);
  if (!value) return step.stop();
  const axis = axisOf(intOf(node, 'axis', 0), value.dims.length);
  coupling.fixAll(value.axes[axis], `${where} needs all of it`);
  const keep = intOf(node, 'keepdims', 1) !== 0;
  return [value.axes.flatMap((slots, i) => (i === axis ? (keep ? [undefined] : []) : [slots]))];
};

/** Repeated along axes whose stated length is not its own. */
const expand: Rule = (step) => {
  const { input, coupling, outputs, where } = step;
  const value = input(0);
  if (!value) return step.stop();
  const axes = broadcast([value], outputs[0], coupling, where);
  followShape(
    step,
    1,
    axes.map((slots, i) => (isOne(step.lengths(1), i, axes.length) ? undefined : slots)),
  );
  return [axes];
};

function isOne(stated: ReturnType<Step['lengths']>, axis: number, rank: number): boolean {
  const length = stated?.[axis - rank + stated.length];
  return length !== undefined && 'number' in length && length.number === 1;
}

/** Blocks of channels become sides: those of one block go together. */
const depthToSpace: Rule = (step) => {
  const { node, input, coupling, outputs } = step;
  const value = input(0);
  const slots = value?.axes[1];
  if (!value || !slots) return [noAxes(outputs[0])];
  const channels = outputs[0][1];
  const size = slots.length / channels;
  const inColumns = node.attributes.get('mode')?.s === 'CRD';
  const made = new Int32Array(channels);
  for (let c = 0; c < channels; c++) {
    const at = (block: number): number => (inColumns ? c * size + block : block * channels + c);
    made[c] = slots[at(0)];
    for (let block = 1; block < size; block++) coupling.join(slots[at(block)], made[c], step.where);
  }
  if (channels === 1) coupling.fixAll(slots, `${step.where} needs all of it`);
  return [[value.axes[0], channels > 1 ? made : undefined, undefined, undefined]];
};

const named = (names: string, rule: Rule): Record<string, Rule> =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

export const layoutRules: Readonly<Record<string, Rule>> = {
  ...{ Transpose: transpose, Concat: concat, Split: split, Slice: slice, Pad: pad },
  ...named('Resize Upsample', resize),
  ...named('MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool', pooling),
  ...named(
    'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp',
    reduce,
  ),
  ...named('ArgMax ArgMin', arg),
  ...{ Expand: expand, DepthToSpace: depthToSpace },
};
