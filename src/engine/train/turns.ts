/** Lets the event loop turn during long computations, so that signals and messages get through. */
import { host } from '#host';
import { throwIfCancelled } from '../../model/errors.ts';

const every = 25;

/** A pause that is due at most every 25 ms, and then looks whether the job was cancelled. */
export function turns(signal: AbortSignal): () => Promise<void> {
  let last = performance.now();
  return async () => {
    throwIfCancelled(signal);
    if (performance.now() - last < every) return;
    await host.turn();
    last = performance.now();
    throwIfCancelled(signal);
  };
}
