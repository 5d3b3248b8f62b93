/**
 * Pieces done on this machine, so many at a time, each hand a process of its own: what ends one ends its
 * piece alone, and native code may be used. The rest waits here, in order.
 */
import { EngineClient } from '../client.ts';
import type { JobName, Jobs, Progress } from '../protocol.ts';
import { processHost } from './job-host.ts';

export interface HandOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export class Hands {
  private readonly free: EngineClient[];
  private readonly all: readonly EngineClient[];
  private readonly waiting: ((client: EngineClient) => void)[] = [];

  /** @param workerFile path of the bundled dist/worker.js */
  constructor(workerFile: string, count: number) {
    const open = processHost(workerFile, 'onnxruntime-node');
    this.all = Array.from({ length: count }, () => new EngineClient(open));
    this.free = [...this.all];
  }

  /** @throws DeepCompressionError what the job throws, `cancelled`, or `crashed` */
  async run<K extends JobName>(
    job: K,
    input: Jobs[K]['input'],
    options: HandOptions,
  ): Promise<Jobs[K]['result']> {
    const client =
      this.free.pop() ?? (await new Promise<EngineClient>((next) => this.waiting.push(next)));
    try {
      return await client.run(job, input, options);
    } finally {
      const next = this.waiting.shift();
      if (next) next(client);
      else this.free.push(client);
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.all.map((client) => client.dispose()));
  }
}
