/** What a lowering works with, and what it leaves for the trainer to know. */
import type { NodeProto } from 'onnx-buf';
import type { Emitter } from '../emitter.ts';
import type { Facts } from '../probe.ts';

export interface Lowered {
  /** Running statistics: the initializer's name and the value that replaces it after a step. */
  readonly states: { readonly name: string; readonly next: string }[];
  /** Inputs to be fed with 0 (probability `ratio`) or 1 / (1 - ratio). */
  readonly masks: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly ratio: number;
  }[];
  /** Whether anything was rewritten, so that shapes must be probed again. */
  changed: boolean;
}

/** What a lowering works with. */
export interface LowerContext {
  readonly node: NodeProto;
  readonly emit: Emitter;
  readonly facts: Facts;
  readonly lowered: Lowered;
}
