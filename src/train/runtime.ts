/**
 * What executes a graph. The training room knows only this interface; the engine implements it with
 * onnxruntime-web in the worker and with onnxruntime-node in a child process, the tests with both.
 * Tensors are plain data, so that they can cross to a process.
 */
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
  /** All outputs of the graph by name. Arrays of `feeds` are only read. */
  run(feeds: Feeds): Promise<Record<string, HostTensor>>;
  close(): Promise<void>;
}

export interface Runtime {
  /** @throws Error when the runtime refuses the model; the message is the runtime's. */
  open(model: Uint8Array<ArrayBuffer>): Promise<Session>;
}
