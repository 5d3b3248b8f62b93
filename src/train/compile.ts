/**
 * The trainer is a graph-to-graph compiler: from an ONNX forward graph to an ONNX training graph in
 * which the trainable tensors are inputs, and the loss and their gradients are outputs. The reverse
 * pass is ordinary ONNX operators, so ONNX Runtime executes everything and no numeric kernel is
 * ours. Input shapes are fixed at compile time, the batch included.
 */
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { DeepCompressionError } from '../model/errors.ts';
import { Emitter } from './emitter.ts';
import { cloneGraph, decodeGraph, encodeGraph, floatValues, freshName, shapeOf } from './graph.ts';
import type { Graph, GraphValue } from './graph.ts';
import { inlineFunctions } from './inline-functions.ts';
import { appendLoss, scoresOf } from './loss.ts';
import type { LossSpec } from './loss.ts';
import { lowerGraph } from './lower/lowering.ts';
import type { LowerOptions } from './lower/lowering.ts';
import { probe } from './probe.ts';
import { removeUnused } from './remove-unused.ts';
import { appendReversePass } from './reverse.ts';
import type { ReverseOptions } from './reverse.ts';
import type { Runtime } from './runtime.ts';
import { upgradeGraph, wantedOpset } from './upgrade.ts';

export interface CompileOptions extends LowerOptions, ReverseOptions {
  /** Initializers (or outputs of Constant nodes) to train, by value name; float32 only. */
  readonly trainable: readonly string[];
  /** Samples of one step: replaces the first dimension of every input that leaves it open. */
  readonly batch: number;
  /** Full shapes of inputs that leave more open than the batch. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
  readonly loss: LossSpec;
  /** The output that the loss reads; the first when absent. */
  readonly output?: string;
}

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Initial values, a fresh array. */
  readonly values: Float32Array;
  /** Output that holds the gradient. */
  readonly gradient: string;
}

export interface TrainingGraph {
  /** Feed inputs, parameters, states, masks and what the loss reads; fetch all outputs. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** The same forward computation as in use: inputs (batch open), parameters, states -> prediction. */
  readonly evaluation: Uint8Array<ArrayBuffer>;
  /** The user's inputs, with fixed shapes. */
  readonly inputs: readonly GraphValue[];
  readonly parameters: readonly Parameter[];
  /** Running statistics: fed like parameters, replaced by the output `next` after a step. */
  readonly states: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly values: Float32Array;
    readonly next: string;
  }[];
  /** Dropout masks to draw for every step: 0 with probability `ratio`, else 1 / (1 - ratio). */
  readonly masks: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly ratio: number;
  }[];
  /** Scalar output. */
  readonly loss: string;
  /** Output with the class scores (before softmax), or the model's output for regression. */
  readonly prediction: string;
  readonly predictionShape: readonly number[];
  /** Input for class numbers (int64), when the loss uses labels. */
  readonly labels: string | undefined;
  /** Input for the target or the teacher's prediction (float32), when the loss uses one. */
  readonly target: string | undefined;
  /** Trainable tensors that do not reach the loss, or only through operators without a rule. */
  readonly untrained: readonly string[];
  /** Operators without a rule at which the reverse pass stopped. */
  readonly stoppedAt: readonly string[];
}

/**
 * @param bytes a whole ONNX model, its tensors inside
 * @throws DeepCompressionError `unsupported` naming the operator without a rule, `invalid-input`
 * for names and shapes that do not fit, `invalid-model` when the model does not run.
 */
export async function compileTraining(
  bytes: Uint8Array,
  options: CompileOptions,
  runtime: Runtime,
): Promise<TrainingGraph> {
  const graph = decodeGraph(bytes);
  inlineFunctions(graph);
  checkTrainable(graph, options.trainable);
  const openInputs = graph.inputs;
  graph.inputs = graph.inputs.map((input) => fixedInput(input, options));
  if (graph.opset < wantedOpset) upgradeGraph(graph, await probe(graph, runtime));
  const open = { ...cloneGraph(graph), inputs: openInputs };
  const inputs = [...graph.inputs];
  const output = outputOf(graph, options.output);

  let facts = await probe(graph, runtime);
  const lowered = lowerGraph(graph, facts, options);
  if (lowered.changed) facts = await probe(graph, runtime);

  const loss = appendLoss(new Emitter(graph, graph.nodes, 'loss_'), facts, output, options.loss);
  const seeds = new Map([[loss.prediction, loss.gradient]]);
  const { gradients, stoppedAt } = appendReversePass(
    graph,
    facts,
    seeds,
    options.trainable,
    options,
  );
  if (gradients.size === 0)
    throw new DeepCompressionError(
      'unsupported',
      stoppedAt.length
        ? `nothing can be trained: ${stoppedAt.join(', ')} has no gradient rule`
        : `no trainable tensor reaches output ${output}`,
    );

  const promote = (name: string): { shape: number[]; values: Float32Array } => {
    const tensor = graph.initializers.get(name)!;
    graph.initializers.delete(name);
    graph.inputs.push({ name, type: DataType.FLOAT, shape: shapeOf(tensor) });
    return { shape: shapeOf(tensor), values: floatValues(tensor, name) };
  };
  const named = (wanted: string, value: string): string => {
    const name = freshName(graph, wanted);
    new Emitter(graph, graph.nodes, '').into([name], 'Identity', [value]);
    return name;
  };
  const parameters = [...gradients].map(([name, gradient]): Parameter => ({
    name,
    ...promote(name),
    gradient: named(`gradient/${name}`, gradient),
  }));
  const states = lowered.states.map(({ name, next }) => ({ name, next, ...promote(name) }));
  const lossName = named('loss', loss.loss);
  const prediction = named('prediction', loss.prediction);
  const outputs = [
    lossName,
    prediction,
    ...parameters.map((p) => p.gradient),
    ...states.map((s) => s.next),
  ];
  graph.outputs = outputs.map((name) => ({ name, type: 0, shape: [] }));
  removeUnused(graph);
  return {
    model: encodeGraph(graph),
    evaluation: evaluationModel(open, [...parameters, ...states], output, options.loss, facts),
    inputs,
    parameters,
    states,
    masks: lowered.masks,
    loss: lossName,
    prediction,
    predictionShape: facts.get(loss.prediction)!.shape,
    labels: loss.labels,
    target: loss.target,
    untrained: options.trainable.filter((name) => !gradients.has(name)),
    stoppedAt,
  };
}

/** The forward graph in use: batch left open, statistics as stored, no dropout. */
function evaluationModel(
  graph: Graph,
  promoted: readonly { readonly name: string; readonly shape: readonly number[] }[],
  output: string,
  loss: LossSpec,
  facts: Parameters<typeof scoresOf>[1],
): Uint8Array<ArrayBuffer> {
  const value = loss.kind === 'mse' ? output : scoresOf(graph, facts, output).value;
  const prediction = freshName(graph, 'prediction');
  new Emitter(graph, graph.nodes, '').into([prediction], 'Identity', [value]);
  for (const { name, shape } of promoted) {
    graph.initializers.delete(name);
    graph.inputs.push({ name, type: DataType.FLOAT, shape });
  }
  graph.outputs = [{ name: prediction, type: 0, shape: [] }];
  removeUnused(graph);
  return encodeGraph(graph);
}

function checkTrainable(graph: Graph, names: readonly string[]): void {
  for (const name of names) {
    const tensor = graph.initializers.get(name);
    if (!tensor)
      throw new DeepCompressionError('not-found', `the main graph has no tensor named ${name}`);
    if ((tensor.dataType as DataType) !== DataType.FLOAT)
      throw new DeepCompressionError(
        'unsupported',
        `tensor ${name} is not float32: it cannot be trained`,
      );
  }
  if (new Set(names).size !== names.length)
    throw new DeepCompressionError('invalid-input', 'a tensor is named twice among those to train');
}

function fixedInput(input: GraphValue, options: CompileOptions): GraphValue {
  const given = options.inputShapes?.[input.name];
  if (given) {
    const fits =
      input.rankless ||
      (given.length === input.shape.length &&
        input.shape.every((size, i) => typeof size !== 'number' || size === given[i]));
    if (fits) return { name: input.name, type: input.type, shape: given };
    throw new DeepCompressionError(
      'invalid-input',
      `input ${input.name} does not have shape ${given.join(' x ')}`,
    );
  }
  const shape = input.shape.map((size, i) =>
    i === 0 && typeof size !== 'number' ? options.batch : size,
  );
  if (shape.every((size) => typeof size === 'number')) return { ...input, shape };
  throw new DeepCompressionError(
    'invalid-input',
    `input ${input.name} leaves more open than its batch: give its shape`,
  );
}

function outputOf(graph: Graph, wanted: string | undefined): string {
  const names = graph.outputs.map(({ name }) => name);
  const name = wanted ?? names[0];
  if (name !== undefined && names.includes(name)) return name;
  throw new DeepCompressionError(
    'not-found',
    `the model has no output named ${wanted ?? '(none)'}`,
  );
}
