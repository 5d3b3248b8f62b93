/**
 * How samples of a data set get into a model: the input they fit, state that is fed back from one run to
 * the next, and whole numbers that the graph itself compares with a constant (a sampling rate). A model
 * with state takes the samples in their order, as stretches that begin with state zero.
 * Limits: state is recognised by its name: an output whose name begins with that
 * of an input of the same element type and rank.
 */
import type { NodeProto } from 'onnx-buf';
import type { Dataset, Normalisation } from '../../train/dataset/dataset.ts';
import { type Graph, type GraphValue } from '../../train/graph.ts';
import { bindSamples, type Samples } from '../../train/methods/samples.ts';
import type { HostTensor } from '../../train/runtime.ts';
import { zerosOf } from './values.ts';

/** Stretches into which the samples of a model with state are cut, and their least length. */
const mostStretches = 64;
const leastStretch = 32;

/** Stretches that lie together are of one recording: so many of them are taken to say something new. */
const mostUnlike = 16;

export interface StatePair {
  readonly input: GraphValue;
  readonly output: string;
}

export interface Feeding {
  readonly samples: Samples;
  readonly states: readonly StatePair[];
  /** Inputs that are the same in every run. */
  readonly constants: Readonly<Record<string, HostTensor>>;
  /** What is split into parts and never torn apart: a sample, or a stretch of them. */
  readonly groups: number;
  /** Samples of a group: consecutive numbers. */
  samplesOf(group: number): { readonly from: number; readonly to: number };
  /** Samples with the same number are alike: together they say as much as one. */
  alikeOf(sample: number): number;
}

/** Inputs by how they are fed. */
interface Fed {
  readonly states: readonly StatePair[];
  readonly constants: Readonly<Record<string, HostTensor>>;
  readonly sampled: readonly GraphValue[];
}

function fedInputs(graph: Graph): Fed {
  const states = statePairs(graph);
  const others = graph.inputs.filter(({ name }) => !states.some((s) => s.input.name === name));
  const constants: Record<string, HostTensor> = {};
  const sampled: GraphValue[] = [];
  for (const input of others) {
    const constant = others.length > 1 ? comparedWith(graph, input) : undefined;
    if (constant) constants[input.name] = constant;
    else sampled.push(input);
  }
  return { states, constants, sampled };
}

/** Feeds that do not come from samples: states before the first of `rows` sequences, and constants. */
export function ownFeeds(graph: Graph, rows: number): Readonly<Record<string, HostTensor>> {
  const { states, constants } = fedInputs(graph);
  const zeros = states.map((s): [string, HostTensor] => [s.input.name, initialState(s, rows)]);
  return { ...constants, ...Object.fromEntries(zeros) };
}

/** The inputs that samples are for. */
export function sampledInputs(graph: Graph): readonly GraphValue[] {
  return fedInputs(graph).sampled;
}

/** @throws DeepCompressionError `invalid-input` or `unsupported`: which input cannot be fed, and why */
export function feedingOf(graph: Graph, data: Dataset, normalisation: Normalisation): Feeding {
  const { states, constants, sampled } = fedInputs(graph);
  const samples = bindSamples(sampled, data, normalisation);
  const length = states.length
    ? Math.max(leastStretch, Math.ceil(data.samples / mostStretches))
    : 1;
  const alike = states.length ? Math.ceil(data.samples / length / mostUnlike) : 1;
  return {
    samples,
    states,
    constants,
    groups: Math.ceil(data.samples / length),
    samplesOf: (group) => ({
      from: group * length,
      to: Math.min(data.samples, (group + 1) * length),
    }),
    alikeOf: (sample) => Math.floor(sample / (length * alike)),
  };
}

/** Zeros for a state of `rows` sequences; dimensions that are not fixed are the sequences. */
export function initialState({ input }: StatePair, rows: number): HostTensor {
  return zerosOf(
    input.type,
    input.shape.map((d) => (typeof d === 'number' ? d : rows)),
  );
}

function statePairs(graph: Graph): StatePair[] {
  if (graph.inputs.length < 2) return [];
  return graph.inputs.flatMap((input) => {
    const output = graph.outputs.find(
      (o) =>
        o.name !== input.name &&
        o.name.startsWith(input.name) &&
        o.type === input.type &&
        o.shape.length === input.shape.length &&
        input.shape.length > 1,
    );
    return output ? [{ input, output: output.name }] : [];
  });
}

/** The constant that the graph compares a single whole number with. */
function comparedWith(graph: Graph, input: GraphValue): HostTensor | undefined {
  const count = input.shape.reduce<number>((a, d) => a * (typeof d === 'number' ? d : NaN), 1);
  if (count !== 1) return undefined;
  const node = graph.nodes.find(
    (n: NodeProto) => n.opType === 'Equal' && n.input.includes(input.name),
  );
  const other = node?.input.find((name) => name !== input.name);
  const tensor = other === undefined ? undefined : graph.initializers.get(other);
  if (!tensor) return undefined;
  const zero = zerosOf(input.type, input.shape as number[]);
  if (!(zero.data instanceof BigInt64Array || zero.data instanceof Int32Array)) return undefined;
  const bytes = tensor.rawData.slice();
  const value = tensor.int64Data[0] ?? tensor.int32Data[0];
  if (bytes.length === zero.data.byteLength) new Uint8Array(zero.data.buffer).set(bytes);
  else if (value === undefined) return undefined;
  else if (zero.data instanceof BigInt64Array) zero.data[0] = BigInt(value);
  else zero.data[0] = Number(value);
  return zero;
}
