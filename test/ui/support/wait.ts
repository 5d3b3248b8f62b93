import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something becomes true; fails after ten seconds by saying what did not happen. */
export async function eventually(
  what: string,
  is: () => boolean | Promise<boolean>,
): Promise<void> {
  for (const end = Date.now() + 10_000; ;) {
    if (await is()) return;
    if (Date.now() > end) throw new Error(`did not happen: ${what}`);
    await sleep(100);
  }
}
