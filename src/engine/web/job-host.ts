/**
 * Where the jobs of a client run in a browser: a worker with files in memory. Before a job begins, every
 * file that it names is read and given to the worker; what a job has written is written before its result is
 * passed on, and where that fails the job has failed.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { WorkerStart, WrittenFile } from '../../platform/web/host.ts';
import type { OpenHost } from '../job-host.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import { deathOf, plainError, type WorkerRole } from '../threads.ts';
import type { GivenFiles } from './worker.ts';

/** The files of the workspace, by the paths that jobs are given. */
export interface WorkspaceFiles {
  /** undefined: there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  write(path: string, bytes: Uint8Array): Promise<void>;
}

/** By which developer tools tell it from VS Code's own. */
export const workerName = 'deep-compression';

/** @param starting reads the scripts, once */
export function webHost(
  starting: () => Promise<Omit<WorkerStart, 'role'>>,
  workspace: WorkspaceFiles,
): OpenHost {
  return ({ message, died }) => {
    let worker: Worker | undefined;
    let ended = false;
    /** Everything that is to reach the worker, one after another. */
    let sending: Promise<void> = starting().then(
      (start) => {
        if (ended) return;
        worker = new Worker(start.script, { name: workerName });
        worker.onmessage = ({ data }: MessageEvent<FromWorker | WrittenFile>) => receive(data);
        worker.onerror = (event) => {
          event.preventDefault();
          died(deathOf(new Error(event.message || 'it does not start')));
        };
        const role: WorkerRole = { role: 'jobs' };
        worker.postMessage({ ...start, role } satisfies WorkerStart);
      },
      (error: unknown) => died(deathOf(error)),
    );
    let writing: Promise<unknown> = Promise.resolve();
    const receive = (data: FromWorker | WrittenFile): void => {
      if (data.type === 'written') {
        const { path, bytes } = data;
        writing = Promise.all([writing, workspace.write(path, bytes)]);
        writing.catch(() => {}); // told with the result
        return;
      }
      if (data.type !== 'result') {
        message(data);
        return;
      }
      const before = writing;
      writing = Promise.resolve();
      before.then(
        () => message(data),
        (error: unknown) =>
          message({ type: 'error', id: data.id, ...plainError(writeError(error)) }),
      );
    };
    return {
      post(asked: ToWorker) {
        sending = sending.then(async () => {
          if (asked.type === 'start') {
            const paths = [...pathsIn(asked.input)];
            const read = paths.map(async (path) => [path, await workspace.read(path)] as const);
            const given = await Promise.all(read);
            worker?.postMessage({ type: 'files', files: given } satisfies GivenFiles);
          }
          worker?.postMessage(asked);
        });
      },
      ref() {},
      unref() {},
      terminate() {
        ended = true;
        worker?.terminate();
        return Promise.resolve();
      },
    };
  };
}

function writeError(error: unknown): DeepCompressionError {
  const line = error instanceof Error ? error.message.split('\n')[0] : String(error);
  return new DeepCompressionError('io', `the file cannot be written: ${line}`);
}

/** Files that the input of a job names: what is to be read by its path, and what is to be written. */
export function pathsIn(input: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof input !== 'object' || input === null || ArrayBuffer.isView(input)) return found;
  for (const [key, value] of Object.entries(input))
    if ((key === 'path' || key === 'out') && typeof value === 'string') found.add(value);
    else pathsIn(value, found);
  return found;
}
