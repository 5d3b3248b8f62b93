/**
 * LSTM, GRU and RNN unrolled in time (equations of ONNX's operator definitions; gate order iofc and
 * zrh). The input's share of all steps is one product; each step adds the recurrent share.
 * Limits: every sequence as long as the input, no `clip`, activations Sigmoid, Tanh and Relu.
 */
import { intAttribute } from '../../model/proto-attributes.ts';
import type { Emitter } from '../emitter.ts';
import { attributeOf, intOf, stringOf } from '../graph.ts';
import { noRuleFor } from '../gradients/rule.ts';
import type { LowerContext } from './context.ts';

/** One direction of a layer, everything as matrices. H = hidden size, G = gates. */
interface Direction {
  /** [G H, I], [G H, H], [2 G H] or absent, [3 H] or absent. */
  readonly w: string;
  readonly r: string;
  readonly b: string | undefined;
  readonly p: string | undefined;
  readonly h0: string;
  readonly c0: string;
  readonly activations: readonly string[];
}

/** Runs one direction over `steps` inputs [N, I]; gives the hidden state of each step, and the last cell. */
type Cell = (emit: Emitter, layer: Layer, direction: Direction) => { h: string[]; c?: string };

interface Layer {
  readonly context: LowerContext;
  readonly time: number;
  readonly batch: number;
  readonly hidden: number;
  /** Input share of every step in the direction's order, [N, G H], from weights and a bias. */
  project(direction: Direction, bias: string | undefined): string[];
}

export const lowerLstm = (context: LowerContext): void =>
  lowerRecurrent(context, 4, ['Sigmoid', 'Tanh', 'Tanh'], lstmCell);
export const lowerGru = (context: LowerContext): void =>
  lowerRecurrent(context, 3, ['Sigmoid', 'Tanh'], gruCell);
export const lowerRnn = (context: LowerContext): void =>
  lowerRecurrent(context, 1, ['Tanh'], rnnCell);

const gemm = (emit: Emitter, a: string, b: string, c?: string): string =>
  emit.op('Gemm', c === undefined ? [a, b] : [a, b, c], [intAttribute('transB', 1)]);

const lstmCell: Cell = (emit, layer, { r, b, p, h0, c0, activations, ...rest }) => {
  const { hidden, context } = layer;
  const [f = '', g = '', h = ''] = activations;
  const coupled = intOf(context.node, 'input_forget', 0) !== 0;
  const halves = b === undefined ? undefined : emit.split(b, [4 * hidden, 4 * hidden], 0);
  const steps = layer.project(
    { r, b, p, h0, c0, activations, ...rest },
    halves && emit.add(halves[0]!, halves[1]!),
  );
  const peep = p === undefined ? undefined : emit.split(p, [hidden, hidden, hidden], 0);
  const look = (gate: string, i: number, cell: string): string =>
    peep ? emit.add(gate, emit.mul(peep[i]!, cell)) : gate;
  const hs: string[] = [];
  let [state, cell] = [h0, c0];
  for (const step of steps) {
    const sizes = [hidden, hidden, hidden, hidden];
    const [i = '', o = '', forget = '', c = ''] = emit.split(gemm(emit, state, r, step), sizes, 1);
    const input = emit.op(f, [look(i, 0, cell)]);
    const keep = coupled ? emit.sub(emit.scalar(1), input) : emit.op(f, [look(forget, 2, cell)]);
    cell = emit.add(emit.mul(keep, cell), emit.mul(input, emit.op(g, [c])));
    state = emit.mul(emit.op(f, [look(o, 1, cell)]), emit.op(h, [cell]));
    hs.push(state);
  }
  return { h: hs, c: cell };
};

const gruCell: Cell = (emit, layer, direction) => {
  const { hidden, context } = layer;
  const { r, b, h0, activations } = direction;
  const [f = '', g = ''] = activations;
  const resetLast = intOf(context.node, 'linear_before_reset', 0) !== 0;
  const parts =
    b === undefined
      ? undefined
      : emit.split(
          b,
          [3, 2, 1].map((n) => n * hidden),
          0,
        );
  // the recurrent bias of the candidate is inside the reset when that comes last
  let bias: string | undefined;
  if (parts) {
    const candidate = resetLast ? emit.zeros([hidden]) : parts[2]!;
    bias = emit.add(parts[0]!, emit.concat([parts[1]!, candidate], 0));
  }
  const steps = layer.project(direction, bias);
  const [rGates = '', rCandidate = ''] = emit.split(r, [2 * hidden, hidden], 0);
  const hs: string[] = [];
  let state = h0;
  for (const step of steps) {
    const [xGates = '', xCandidate = ''] = emit.split(step, [2 * hidden, hidden], 1);
    const gates = emit.op(f, [gemm(emit, state, rGates, xGates)]);
    const [z = '', reset = ''] = emit.split(gates, [hidden, hidden], 1);
    const sum = resetLast
      ? emit.add(xCandidate, emit.mul(reset, gemm(emit, state, rCandidate, parts?.[2])))
      : gemm(emit, emit.mul(reset, state), rCandidate, xCandidate);
    const candidate = emit.op(g, [sum]);
    state = emit.add(candidate, emit.mul(z, emit.sub(state, candidate)));
    hs.push(state);
  }
  return { h: hs };
};

const rnnCell: Cell = (emit, layer, direction) => {
  const { hidden } = layer;
  const { r, b, h0, activations } = direction;
  const halves = b === undefined ? undefined : emit.split(b, [hidden, hidden], 0);
  const hs: string[] = [];
  let state = h0;
  for (const step of layer.project(direction, halves && emit.add(halves[0]!, halves[1]!))) {
    state = emit.op(activations[0]!, [gemm(emit, state, r, step)]);
    hs.push(state);
  }
  return { h: hs };
};

function lowerRecurrent(
  context: LowerContext,
  gates: number,
  standard: readonly string[],
  cell: Cell,
): void {
  const { node, emit, facts } = context;
  const [x = '', w = '', r = '', b = '', lengths = '', h0 = '', c0 = '', p = ''] = node.input;
  const batchFirst = intOf(node, 'layout', 0) !== 0;
  const shape = facts.get(x)!.shape;
  const [time = 0, batch = 0] = batchFirst ? [shape[1], shape[0]] : shape;
  const features = shape[2]!;
  const [directions = 1, , hidden = 0] = facts.get(r)!.shape;
  if (attributeOf(node, 'clip')) throw noRuleFor(node, 'with clip');
  if (lengths !== '' && facts.get(lengths)?.values?.every((n) => n === time) !== true)
    throw noRuleFor(node, 'with sequences of different lengths');
  const activations = activationsOf(context, directions, standard);
  const kind = stringOf(node, 'direction', 'forward');

  const timeFirst = batchFirst ? emit.transpose(x, [1, 0, 2]) : x;
  const flat = emit.reshape(timeFirst, [time * batch, features]);
  /** Part d of a tensor whose first axis is the direction, in the given shape. */
  const part = (name: string, d: number, to: readonly number[]): string =>
    emit.reshape(directions === 1 ? name : emit.slice(name, [d], [d + 1], [0]), to);
  const initial = (name: string, d: number): string => {
    if (name === '') return emit.zeros([batch, hidden]);
    const first = batchFirst ? emit.transpose(name, [1, 0, 2]) : name;
    return part(first, d, [batch, hidden]);
  };

  const results = Array.from({ length: directions }, (_, d) => {
    const backwards = kind === 'reverse' || d === 1;
    const layer: Layer = {
      context,
      time,
      batch,
      hidden,
      project(direction, bias) {
        const all = gemm(emit, flat, direction.w, bias);
        const steps = emit.split(all, new Array<number>(time).fill(batch), 0);
        return backwards ? steps.reverse() : steps;
      },
    };
    const { h, c } = cell(emit, layer, {
      w: part(w, d, [gates * hidden, features]),
      r: part(r, d, [gates * hidden, hidden]),
      b: b === '' ? undefined : part(b, d, [2 * gates * hidden]),
      p: p === '' ? undefined : part(p, d, [3 * hidden]),
      h0: initial(h0, d),
      c0: node.opType === 'LSTM' ? initial(c0, d) : '',
      activations: activations[d]!,
    });
    return { last: h.at(-1)!, c, inTime: backwards ? [...h].reverse() : h };
  });

  /** [D, N, H] from one state a direction. */
  const states = (list: readonly string[]): string => {
    const full = emit.concat(
      list.map((s) => emit.reshape(s, [1, batch, hidden])),
      0,
    );
    return batchFirst ? emit.transpose(full, [1, 0, 2]) : full;
  };
  const [y, yH, yC] = node.output;
  if (y) {
    const sides = results.map(({ inTime }) =>
      emit.concat(
        inTime.map((s) => emit.reshape(s, [1, 1, batch, hidden])),
        0,
      ),
    );
    const full = emit.concat(sides, 1);
    emit.into([y], 'Identity', [batchFirst ? emit.transpose(full, [2, 0, 1, 3]) : full]);
  }
  if (yH) emit.into([yH], 'Identity', [states(results.map(({ last }) => last))]);
  if (yC) emit.into([yC], 'Identity', [states(results.map(({ c }) => c!))]);
}

function activationsOf(
  { node }: LowerContext,
  directions: number,
  standard: readonly string[],
): readonly (readonly string[])[] {
  const names = attributeOf(node, 'activations')?.strings.map((s) => new TextDecoder().decode(s));
  const all = names?.length ? names : Array.from({ length: directions }, () => standard).flat();
  const known = new Map(['Sigmoid', 'Tanh', 'Relu'].map((name) => [name.toLowerCase(), name]));
  const list = all.map((name) => {
    const found = known.get(name.toLowerCase());
    if (found) return found;
    throw noRuleFor(node, `with activation ${name}`);
  });
  return Array.from({ length: directions }, (_, d) =>
    list.slice(d * standard.length, (d + 1) * standard.length),
  );
}
