/**
 * Losses, appended to a graph with their gradient in closed form. All are means over the batch (and
 * over positions, where the output has some), so a learning rate means the same at any batch size.
 */
import { intAttribute } from '../model/proto-attributes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { Emitter } from './emitter.ts';
import { freshName, floatTensor, intOf } from './graph.ts';
import type { Graph, GraphValue } from './graph.ts';
import type { Facts } from './probe.ts';

export type LossSpec =
  /** Softmax cross-entropy against class numbers. */
  | { readonly kind: 'cross-entropy' }
  /** Mean squared error against values of the output's shape. */
  | { readonly kind: 'mse' }
  /**
   * Distillation (Hinton 2015): Kullback-Leibler divergence from the teacher's softened outputs,
   * times temperature^2; the rest of the weight on the cross-entropy with labels. A weight of 1
   * needs no labels.
   */
  | { readonly kind: 'distillation'; readonly temperature: number; readonly weight: number };

export interface Loss {
  /** Scalar. */
  readonly loss: string;
  /** What the loss reads: class scores before softmax, or the output itself. */
  readonly prediction: string;
  /** d loss / d prediction. */
  readonly gradient: string;
  /** Inputs that the trainer feeds: `labels` (int64) and `target` or `teacher` (float32). */
  readonly labels: string | undefined;
  readonly target: string | undefined;
}

/**
 * The value that scores classes: a final Softmax or LogSoftmax over the class axis is looked
 * through, because the loss has its own.
 */
export function scoresOf(graph: Graph, facts: Facts, output: string): string {
  let value = output;
  for (let i = 0; i < 8; i++) {
    const node = graph.nodes.find((candidate) => candidate.output.includes(value));
    const passes =
      node?.opType === 'Identity' ||
      ((node?.opType === 'Softmax' || node?.opType === 'LogSoftmax') &&
        overClasses(node, facts, value));
    if (!node || !passes) return value;
    value = node.input[0]!;
  }
  return value;
}

function overClasses(node: Parameters<typeof intOf>[0], facts: Facts, value: string): boolean {
  const rank = facts.get(value)?.shape.length ?? 0;
  const axis = intOf(node, 'axis', -1);
  return (axis < 0 ? axis + rank : axis) === 1;
}

/** @throws DeepCompressionError `unsupported` when the output does not fit the loss. */
export function appendLoss(emit: Emitter, facts: Facts, output: string, spec: LossSpec): Loss {
  const { graph } = emit;
  const prediction = spec.kind === 'mse' ? output : scoresOf(graph, facts, output);
  const fact = facts.get(prediction);
  if (!fact || fact.type !== 'float32')
    throw new DeepCompressionError('unsupported', `output ${output} is not float32`);
  const { shape } = fact;
  const input = (wanted: string, type: number, dims: readonly number[]): string => {
    const value: GraphValue = { name: freshName(graph, wanted), type, shape: dims };
    graph.inputs.push(value);
    return value.name;
  };
  const sumAll = (value: string): string =>
    emit.op('ReduceSum', [value], [intAttribute('keepdims', 0)]);

  if (spec.kind === 'mse') {
    const count = shape.reduce((a, b) => a * b, 1);
    const target = input('target', 1, shape);
    const error = emit.sub(prediction, target);
    const loss = emit.scale(sumAll(emit.mul(error, error)), 1 / count);
    return { loss, prediction, gradient: emit.scale(error, 2 / count), labels: undefined, target };
  }
  if (shape.length < 2)
    throw new DeepCompressionError('unsupported', `output ${output} has no axis of classes`);
  const classes = shape[1]!;
  const positions = shape.reduce((a, b) => a * b, 1) / classes;
  // trailing axes of one position (N x C x 1 x 1) count as none
  const flat = positions === shape[0] ? [shape[0], classes] : shape;
  const scores = flat.length === shape.length ? prediction : emit.reshape(prediction, flat);
  const axis = [intAttribute('axis', 1)];
  const softened = (value: string, op: 'Softmax' | 'LogSoftmax', temperature: number): string =>
    emit.op(op, [emit.scale(value, 1 / temperature)], axis);
  const terms: { loss: string; gradient: string }[] = [];
  let labels: string | undefined;
  let target: string | undefined;

  const labelWeight = spec.kind === 'cross-entropy' ? 1 : 1 - spec.weight;
  if (labelWeight > 0) {
    labels = input(
      'labels',
      7,
      flat.filter((_, i) => i !== 1),
    );
    const onOff = freshName(graph, 'loss_off_on');
    graph.initializers.set(onOff, floatTensor([2], Float32Array.of(0, 1)));
    const wanted = emit.op('OneHot', [labels, emit.ints([classes]), onOff], axis);
    const logs = softened(scores, 'LogSoftmax', 1);
    const difference = emit.sub(softened(scores, 'Softmax', 1), wanted);
    terms.push({
      loss: emit.scale(sumAll(emit.mul(wanted, logs)), -labelWeight / positions),
      gradient: emit.scale(difference, labelWeight / positions),
    });
  }
  if (spec.kind === 'distillation' && spec.weight > 0) {
    const t = spec.temperature;
    target = input('teacher', 1, shape);
    const teacher = flat.length === shape.length ? target : emit.reshape(target, flat);
    const q = softened(teacher, 'Softmax', t);
    const logRatio = emit.sub(
      softened(teacher, 'LogSoftmax', t),
      softened(scores, 'LogSoftmax', t),
    );
    const difference = emit.sub(softened(scores, 'Softmax', t), q);
    terms.push({
      loss: emit.scale(sumAll(emit.mul(q, logRatio)), (spec.weight * t * t) / positions),
      gradient: emit.scale(difference, (spec.weight * t) / positions),
    });
  }
  const loss = terms.map((term) => term.loss).reduce((a, b) => emit.add(a, b));
  const total = terms.map((term) => term.gradient).reduce((a, b) => emit.add(a, b));
  const gradient = flat.length === shape.length ? total : emit.reshape(total, shape);
  return { loss, prediction, gradient, labels, target };
}
