/** What the commands take that use a queue, and those that are about one. */
import { UsageError } from './usage.ts';

export const queueOptions = {
  queue: { type: 'string' },
  store: { type: 'string' },
  cache: { type: 'string' },
  'cache-size': { type: 'string' },
} as const;

export const queueTakes: readonly string[] = ['queue', 'store'];
export const workerTakes: readonly string[] = [...Object.keys(queueOptions), 'threads'];

export const queueUsage = `
  deepc batch "MODELS/**/*.onnx" --out DIR     many models by one recipe, here or over a queue
  deepc worker --queue URL [--threads N]       does pieces of the runs of other machines (docs/machines.md)
  deepc runs --queue URL                       the runs of a queue, and what failed where
  deepc attach RUN --queue URL [--out DIR]     takes the results of a run whose starter has ended
  deepc cancel RUN --queue URL                 ends a run on all machines`;

export const queueOptionsUsage = `
options of batch, sweep, search, sensitivity and retrain --seeds
  --queue URL     spread over the workers of a queue: postgres://USER@HOST/DATABASE; its password
                  from PGPASSWORD (worker, runs, attach and cancel take the URL from DEEPC_QUEUE too)
  --store DIR     a folder that all machines see, for files; default: the queue's database

options of worker
  --cache DIR     folder for what it has got (default: in the system's temporary folder)
  --cache-size N  gigabytes that it keeps there (default: 10)`;

export interface QueueArguments {
  readonly url: string;
  readonly store: string | undefined;
  /** '': the usual folder. */
  readonly cache: string;
  readonly cacheBytes: number;
}

type QueueValues = { readonly [K in keyof typeof queueOptions]?: string | undefined };

/** undefined: no queue is named. @throws UsageError */
export function queueArguments(values: QueueValues, needed: boolean): QueueArguments | undefined {
  const url = values.queue ?? (needed ? process.env['DEEPC_QUEUE'] : undefined);
  if (url === undefined) {
    if (needed) throw new UsageError('which queue? --queue postgres://USER@HOST/DATABASE');
    if (values.store !== undefined) throw new UsageError('--store is for --queue');
    return undefined;
  }
  const size = values['cache-size'] ?? '10';
  const gigabytes = /^\d{1,5}(\.\d+)?$/.test(size) ? Number(size) : NaN;
  if (!(gigabytes > 0)) throw new UsageError(`--cache-size needs gigabytes above 0, not '${size}'`);
  return { url, store: values.store, cache: values.cache ?? '', cacheBytes: gigabytes * 1e9 };
}
