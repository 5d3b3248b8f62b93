/**
 * What executes a graph. The training room knows only this interface; the engine implements it with
 * onnxruntime-web in the worker and with onnxruntime-node in a child process, the tests with both.
 * Tensors are plain data, so that they can cross to a process.
 */
import type { Update } from './update.ts';

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export interface HostTensor {
  /** ONNX Runtime's name of the element type: float32, int64, bool, … */
  readonly type: string;
  readonly dims: readonly number[];
  /** Row-major; bool as Uint8Array. */
  readonly data: TensorData;
}

export type Feeds = Readonly<Record<string, HostTensor>>;

export interface Session {
  /**
   * All outputs of the graph by name. Arrays of `feeds` are only read.
   * @param into where to put outputs of these names, instead of into new arrays
   */
  run(feeds: Feeds, into?: Readonly<Record<string, Float32Array>>): Promise<Outputs>;
  close(): Promise<void>;
}

export type Outputs = Record<string, HostTensor>;

export interface Runtime {
  /** @throws Error when the runtime refuses the model; the message is the runtime's. */
  open(model: Uint8Array<ArrayBuffer>): Promise<Session>;
  /** Absent where there is only the calling thread. */
  readonly helpers?: Helpers | undefined;
}

/**
 * Threads beside the calling one, which compute on other samples, or other elements, at the same time.
 * A graph's own operators are not divided among threads: of a training graph's, few gain by it.
 */
export interface Helpers {
  readonly size: number;
  /** A session on each: a run takes place on one that is free. */
  open(model: Uint8Array<ArrayBuffer>): Promise<Session>;
  /** A part of an optimizer's step, in place; all its arrays are in shared memory. */
  update(step: Update): Promise<void>;
}

/** Settled all of them before one's error is thrown: no thread is still at work then. */
export async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
