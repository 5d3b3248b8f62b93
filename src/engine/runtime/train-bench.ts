/** One helper's side of training: sessions by number, and parts of an optimizer's step. */
import type { Feeds, Session } from '../../train/runtime.ts';
import { update, type Update } from '../../train/update.ts';
import { executorOf, type Executor, type ExecutorChoice } from './executor.ts';

export type TrainWork =
  | { readonly kind: 'open'; readonly session: number; readonly model: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: 'run';
      readonly session: number;
      readonly feeds: Feeds;
      readonly into: Readonly<Record<string, Float32Array>> | undefined;
    }
  | { readonly kind: 'close'; readonly session: number }
  | { readonly kind: 'update'; readonly step: Update };

export class TrainBench {
  readonly #executor: Executor;
  readonly #sessions = new Map<number, Session>();

  constructor(choice: ExecutorChoice) {
    this.#executor = executorOf(choice);
  }

  async perform(work: TrainWork): Promise<unknown> {
    switch (work.kind) {
      case 'open':
        this.#sessions.set(work.session, await this.#executor.open(work.model));
        return;
      case 'run':
        return this.#sessions.get(work.session)!.run(work.feeds, work.into);
      case 'close':
        await this.#sessions.get(work.session)!.close();
        this.#sessions.delete(work.session);
        return;
      case 'update':
        update(work.step);
    }
  }
}
