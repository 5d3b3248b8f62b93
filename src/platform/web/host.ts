/**
 * A browser's worker as the engine's host (port.ts): files in memory, threads as workers of the same
 * script, ONNX Runtime from what the worker was given at its start.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { DeepCompressionError } from '../../model/errors.ts';
import type { Host, RuntimePlaces } from '../port.ts';
import { memoryFiles } from './memory-files.ts';
import { paths } from './paths.ts';

/** What every worker of ours is told first. */
export interface WorkerStart {
  readonly role: unknown;
  /** The worker's own script, for more of its kind. */
  readonly script: string;
  readonly runtime: RuntimePlaces;
}

/** A file that a job has written. */
export interface WrittenFile {
  readonly type: 'written';
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

let started: WorkerStart | undefined;

export const files = memoryFiles((path, bytes) =>
  self.postMessage({ type: 'written', path, bytes } satisfies WrittenFile),
);

/** Called once, before anything else is. */
export function start(worker: WorkerStart): void {
  started = worker;
}

const turns = new MessageChannel();
const waiting: (() => void)[] = [];
turns.port1.onmessage = () => waiting.shift()?.();

export const host: Host = {
  hasDisk: false,
  files,
  paths,
  cores: () => navigator.hardwareConcurrency,
  turn: () =>
    new Promise((next) => {
      waiting.push(next);
      turns.port2.postMessage(0);
    }),
  spawn(script, role, { message, end }) {
    const worker = new Worker(script);
    worker.onmessage = ({ data }: MessageEvent<unknown>) => message(data);
    worker.onerror = (event) => {
      event.preventDefault();
      end(new Error(event.message || 'a worker does not start'));
    };
    worker.postMessage({ ...started!, role } satisfies WorkerStart);
    return {
      post: (value) => worker.postMessage(value),
      terminate: () => {
        worker.terminate();
        return Promise.resolve();
      },
    };
  },
  sha256(parts) {
    const hash = sha256.create();
    for (const part of parts) hash.update(typeof part === 'string' ? utf8ToBytes(part) : part);
    return bytesToHex(hash.digest());
  },
  bundled: (name) => name,
  runtimePlaces: () => started!.runtime,
  loadNative(name) {
    throw new DeepCompressionError('unsupported', `${name} is native code: a browser has none`);
  },
  disableTelemetry() {},
};
