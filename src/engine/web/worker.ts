/**
 * dist/web/worker.js, the one worker script of browsers: its first message says what it is (WorkerStart);
 * beside messages of jobs it takes files (`GivenFiles`), which jobs then find by their paths.
 */
import { files, start, type WorkerStart } from '../../platform/web/host.ts';
import { allJobs } from '../jobs/all.ts';
import { serveRole } from '../serve-role.ts';
import type { WorkerRole } from '../threads.ts';

/** Files that a job names: what they hold; undefined: nothing is there. */
export interface GivenFiles {
  readonly type: 'files';
  readonly files: readonly (readonly [path: string, bytes: Uint8Array | undefined])[];
}

const listeners: ((message: unknown) => void)[] = [];
let begun = false;

self.onmessage = ({ data }: MessageEvent<WorkerStart | GivenFiles>) => {
  if (!begun) {
    begun = true;
    const worker = data as WorkerStart;
    start(worker);
    serveRole(
      {
        on: (_, listener) => listeners.push(listener),
        postMessage: (message, moved = []) => self.postMessage(message, { transfer: moved }),
      },
      worker.role as WorkerRole,
      () => allJobs({ workerFile: worker.script }),
    );
    return;
  }
  if ('type' in data && data.type === 'files') {
    for (const [path, bytes] of data.files)
      if (bytes) files.put(path, bytes);
      else files.forget(path);
    return;
  }
  for (const listener of listeners) listener(data);
};
