/** The page's questions to the worker: each has a number, may be aborted, and gets one answer. */
import type { ViewName, Views } from '../../src/engine/protocol-view.ts';
import type {
  About,
  FromInspector,
  LayerSimulation,
  SimulateQuestion,
  ToInspector,
} from './messages.ts';

/** An abandoned question; nobody is told. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onFraction: ((fraction: number) => void) | undefined;
}

export type Ask = <K extends ViewName>(
  name: K,
  query: Views[K]['query'],
  signal?: AbortSignal,
  about?: About,
) => Promise<Views[K]['result']>;

/** A layer on EIE. */
export type Simulate = (
  what: Pick<SimulateQuestion, 'tensor' | 'name' | 'part' | 'machine'>,
  signal: AbortSignal,
  /** Tells how much is done, 0 to 1. */
  onFraction: (fraction: number) => void,
) => Promise<LayerSimulation>;

export class Asker {
  private next = 1;
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly post: (message: FromInspector) => void) {}

  readonly ask: Ask = (name, query, signal, about) =>
    this.question(signal, (id) => ({
      ...{ type: 'ask', id, name, query: query as Readonly<Record<string, unknown>> },
      ...(about && { about }),
    }));

  readonly simulate: Simulate = (what, signal, onFraction) =>
    this.question(signal, (id) => ({ type: 'simulate', id, ...what }), onFraction);

  private question<T>(
    signal: AbortSignal | undefined,
    message: (id: number) => FromInspector,
    onFraction?: (fraction: number) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Abandoned());
      const id = this.next++;
      this.waiting.set(id, {
        resolve: resolve as (result: never) => void,
        reject,
        onFraction,
      });
      signal?.addEventListener(
        'abort',
        () => {
          if (!this.waiting.delete(id)) return;
          this.post({ type: 'cancel', id });
          reject(new Abandoned());
        },
        { once: true },
      );
      this.post(message(id));
    });
  }

  receive(message: Extract<ToInspector, { type: 'progress' | 'answer' | 'failed' }>): void {
    const waiting = this.waiting.get(message.id);
    if (message.type === 'progress') return waiting?.onFraction?.(message.fraction);
    this.waiting.delete(message.id);
    if (message.type === 'answer') waiting?.resolve(message.result as never);
    else waiting?.reject(new Error(message.message));
  }

  /** Another content of the file: what was asked of the old one is not wanted any more. */
  abandon(): void {
    for (const [id, { reject }] of this.waiting) {
      this.post({ type: 'cancel', id });
      reject(new Abandoned());
    }
    this.waiting.clear();
  }
}
