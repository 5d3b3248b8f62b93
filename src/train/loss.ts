/**
 * Losses, appended to a graph with their gradient in closed form. All are means over the batch (and
 * over positions, where the output has some), so a learning rate means the same at any batch size.
 */
import { intAttribute } from '../model/proto-attributes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { Emitter } from './emitter.ts';
import { freshName, floatTensor, intOf } from './graph.ts';
import type { Graph, GraphValue } from './graph.ts';
import { positiveAxis } from './gradients/rule.ts';
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
  /**
   * Inputs that the trainer feeds: `labels` (int64, one a position: samples, times places where the
   * output has some) and `target` or `teacher` (float32, of the prediction's shape).
   */
  readonly labels: string | undefined;
  readonly target: string | undefined;
}

export interface Scores {
  readonly value: string;
  /** Axis of the classes. */
  readonly axis: number;
}

/**
 * The value that scores classes, before softmax: a final Softmax or LogSoftmax is looked through,
 * because the loss has its own, and names the axis of the classes. Without one the classes lie on
 * axis 1, as convolutional networks have them.
 */
export function scoresOf(graph: Graph, facts: Facts, output: string): Scores {
  let value = output;
  for (let i = 0; i < 8; i++) {
    const node = graph.nodes.find((candidate) => candidate.output.includes(value));
    const rank = facts.get(value)?.shape.length ?? 0;
    if (node?.opType === 'Softmax' || node?.opType === 'LogSoftmax')
      return { value: node.input[0]!, axis: positiveAxis(intOf(node, 'axis', -1), rank) };
    if (node?.opType !== 'Identity') break;
    value = node.input[0]!;
  }
  return { value, axis: 1 };
}

/** @throws DeepCompressionError `unsupported` when the output does not fit the loss. */
export function appendLoss(emit: Emitter, facts: Facts, output: string, spec: LossSpec): Loss {
  const { graph } = emit;
  const found = spec.kind === 'mse' ? { value: output, axis: 1 } : scoresOf(graph, facts, output);
  const prediction = found.value;
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
  const classes = shape[found.axis]!;
  const positions = shape.reduce((a, b) => a * b, 1) / classes;
  // to rows of class scores: [positions, classes]
  const perm = [...shape.keys()].filter((i) => i !== found.axis).concat(found.axis);
  const inverse = [...perm.keys()].map((i) => perm.indexOf(i));
  const rows = (value: string): string =>
    emit.reshape(emit.transpose(value, perm), [positions, classes]);
  const back = (value: string): string =>
    emit.transpose(
      emit.reshape(
        value,
        perm.map((i) => shape[i]!),
      ),
      inverse,
    );
  const plain = shape.length === 2 && found.axis === 1;
  const scores = plain ? prediction : rows(prediction);
  const axis = [intAttribute('axis', 1)];
  const softened = (value: string, op: 'Softmax' | 'LogSoftmax', temperature: number): string =>
    emit.op(op, [emit.scale(value, 1 / temperature)], axis);
  const terms: { loss: string; gradient: string }[] = [];
  let labels: string | undefined;
  let target: string | undefined;

  const labelWeight = spec.kind === 'cross-entropy' ? 1 : 1 - spec.weight;
  if (labelWeight > 0) {
    labels = input('labels', 7, [positions]);
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
    const teacher = plain ? target : rows(target);
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
  const gradient = plain ? total : back(total);
  return { loss, prediction, gradient, labels, target };
}
