/**
 * Threads that decode the blocks of an open .dcz for its views: started when a block is first asked for,
 * gone when none was for some seconds. Without them the views decode on their own thread.
 */
import { host } from '#host';
import type { BlockThreads, Codes } from '../view/coded-layer.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { SharedInput } from './input.ts';
import { startCrew, type Crew } from './pool.ts';

const mostThreads = 4;
const idle = 5000; // milliseconds

export class DecodeAhead implements BlockThreads {
  readonly width: number;
  readonly #input: SharedInput;
  readonly #workerFile: string;
  readonly #threads: number;
  #crew: Crew | undefined;
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(input: SharedInput, workerFile: string, threads: number) {
    this.#input = input;
    this.#workerFile = workerFile;
    this.#threads = threads;
    this.width = 2 * threads;
  }

  /** @throws DeepCompressionError `invalid-container`, `crashed`, or `cancelled` when it is closed */
  async decode(index: number, block: number): Promise<Codes> {
    if (this.#closed) throw new DeepCompressionError('cancelled', 'cancelled');
    clearTimeout(this.#timer);
    this.#crew ??= startCrew(this.#input, {
      threads: this.#threads,
      workerFile: this.#workerFile,
    });
    const crew = this.#crew;
    this.#underWay++;
    try {
      return (await crew.perform({ kind: 'codes', index, block })) as Codes;
    } catch (error) {
      // a thread that died is replaced
      const crashed = error instanceof DeepCompressionError && error.code === 'crashed';
      if (crashed && this.#crew === crew) this.#stop();
      throw error;
    } finally {
      if (--this.#underWay === 0) {
        this.#timer = setTimeout(() => this.#stop(), idle);
        this.#timer.unref();
      }
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stop();
  }

  #stop(): void {
    void this.#crew?.dispose();
    this.#crew = undefined;
  }
}

/** Threads for views of this input; undefined where none can be had or would help. */
export function decodeAhead(
  input: SharedInput,
  workerFile: string | undefined,
): DecodeAhead | undefined {
  const threads = Math.min(mostThreads, host.cores());
  return workerFile === undefined || threads < 2
    ? undefined
    : new DecodeAhead(input, workerFile, threads);
}
