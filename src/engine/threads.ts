/**
 * The messages between a job and the threads that work for it, and how an error crosses a thread
 * boundary: as code, line and stack, because structured cloning drops the class.
 */
import { DeepCompressionError, type ErrorCode } from '../model/errors.ts';
import type { SimulatorWork } from './simulate/bench.ts';
import type { SimulatorTypes } from './simulate/simulator.ts';
import type { LevelWork } from './goal/level-bench.ts';
import type { SharedInput } from './input.ts';
import type { Progress } from './protocol.ts';
import type { ExecutorChoice } from './runtime/executor.ts';
import type { TrainWork } from './runtime/train-bench.ts';
import type { Work } from './workbench.ts';

/** `workerData` of dist/worker.js: a server of jobs, or one thread of a job's crew. */
export type WorkerRole =
  | { readonly role: 'jobs' }
  | { readonly role: 'tasks'; readonly input: SharedInput }
  | {
      readonly role: 'simulator';
      readonly simulator: string;
      readonly ortFolder: string | undefined;
    }
  | { readonly role: 'levels' }
  | { readonly role: 'train'; readonly choice: ExecutorChoice };

/** First argument of dist/worker.js as a process of its own, as JSON. */
export interface ProcessRole {
  readonly role: 'process';
  /** Folder of the package onnxruntime-node. */
  readonly native: string;
}

export interface ToThread {
  readonly id: number;
  readonly work: Work | SimulatorWork<SimulatorTypes> | TrainWork | LevelWork;
}

export type FromThread =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly error: PlainError };

export interface PlainError {
  /** '' for a defect of ours. */
  readonly code: ErrorCode | '';
  readonly message: string;
  readonly stack: string;
}

export function plainError(error: unknown): PlainError {
  if (error instanceof DeepCompressionError)
    return { code: error.code, message: error.message, stack: error.stack ?? '' };
  if (
    error instanceof RangeError &&
    /allocation failed|Invalid typed array length/.test(error.message)
  )
    return { code: 'crashed', message: 'out of memory', stack: error.stack ?? '' };
  if (error instanceof Error) return { code: '', message: error.message, stack: error.stack ?? '' };
  return { code: '', message: String(error), stack: '' };
}

/** The error again, with the stack of where it was thrown. */
export function revivedError(plain: PlainError): Error {
  const error =
    plain.code === ''
      ? new Error(plain.message)
      : new DeepCompressionError(plain.code, plain.message);
  if (plain.stack !== '') error.stack = plain.stack;
  return error;
}

/** What the death of a thread means, in one line. */
export function deathOf(error: unknown): DeepCompressionError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_WORKER_OUT_OF_MEMORY')
    return new DeepCompressionError('crashed', 'a worker thread ran out of memory', {
      cause: error,
    });
  const why = error instanceof Error ? error.message.split('\n')[0] : `exit code ${String(error)}`;
  return new DeepCompressionError('crashed', `a worker thread stopped unexpectedly (${why})`, {
    cause: error,
  });
}

/**
 * The buffers of a result that can be moved instead of copied: those that a typed array fills
 * whole. A view into something larger is copied, as its buffer may be shared.
 */
export function transferables(value: unknown, found: ArrayBuffer[] = [], depth = 0): ArrayBuffer[] {
  if (depth > 4 || typeof value !== 'object' || value === null) return found;
  if (ArrayBuffer.isView(value)) {
    const { buffer } = value;
    if (
      buffer instanceof ArrayBuffer &&
      buffer.byteLength === value.byteLength &&
      value.byteLength > 0 &&
      !found.includes(buffer)
    )
      found.push(buffer);
  } else if (Array.isArray(value)) {
    for (const item of value) transferables(item, found, depth + 1);
  } else {
    for (const item of Object.values(value)) transferables(item, found, depth + 1);
  }
  return found;
}
