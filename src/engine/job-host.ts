/**
 * Where the jobs of a client run, as the client sees it: something that takes and sends messages, and
 * can be ended at once. node/job-host.ts has Node's threads and processes.
 */
import type { DeepCompressionError } from '../model/errors.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

export interface JobHost {
  post(message: ToWorker): void;
  /** Whether the program waits for it to end. */
  ref(): void;
  unref(): void;
  /** Ends it at once, whatever it does. */
  terminate(): Promise<unknown>;
}

export interface HostEvents {
  readonly message: (message: FromWorker) => void;
  /** It ended, and not because it was told to. */
  readonly died: (why: DeepCompressionError) => void;
}

export type OpenHost = (events: HostEvents) => JobHost;
