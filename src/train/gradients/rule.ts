/**
 * What a gradient rule sees and gives. A rule gets the gradients of a node's outputs and emits the
 * gradients of its inputs as ordinary operators; it may also use the node's inputs and outputs.
 */
import type { NodeProto } from 'onnx-buf';
import { DeepCompressionError } from '../../model/errors.ts';
import type { Emitter } from '../emitter.ts';
import type { ValueFacts } from '../probe.ts';

export interface RuleContext {
  readonly node: NodeProto;
  readonly emit: Emitter;
  /** Gradient of the first output. */
  readonly dy: string;
  /** Gradient of every output; undefined where nothing depends on it. */
  readonly gradients: readonly (string | undefined)[];
  /** Whether the gradient of input i is wanted. */
  needs(i: number): boolean;
  /** Shape of a value of the forward graph. */
  shape(name: string): readonly number[];
  facts(name: string): ValueFacts;
  /** Elements of input i, which must not depend on the data. */
  constants(i: number): readonly number[];
}

/** Gradients by input; undefined where there is none (indices, shapes) or it is not wanted. */
export type GradientRule = (context: RuleContext) => readonly (string | undefined)[];

export type Rules = Readonly<Record<string, GradientRule>>;

export function noRuleFor(node: NodeProto, what: string): DeepCompressionError {
  return new DeepCompressionError(
    'unsupported',
    `${node.opType} ${node.name || node.output[0]}: no gradient ${what}`,
  );
}

/** The axis as a number from 0. */
export function positiveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
