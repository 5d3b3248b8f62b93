/** A job's view of what its user asks while it runs: stop and keep the best, pause, go on. */
import type { JobControl, Steering } from './protocol.ts';

export class Steered implements JobControl {
  private stopping = false;
  private waiting: { readonly promise: Promise<void>; readonly resume: () => void } | undefined;

  steer(what: Steering): void {
    if (what === 'pause') this.waiting ??= gate();
    else {
      this.stopping ||= what === 'stop';
      this.waiting?.resume();
      this.waiting = undefined;
    }
  }

  stopped(): boolean {
    return this.stopping;
  }

  paused(): Promise<void> | undefined {
    return this.waiting?.promise;
  }
}

function gate(): { readonly promise: Promise<void>; readonly resume: () => void } {
  let resume = (): void => {};
  const promise = new Promise<void>((done) => (resume = done));
  return { promise, resume };
}
