/** How long tests wait for what has to happen: a limit that only a fault reaches. */
import { setTimeout as sleep } from 'node:timers/promises';
import { limit } from '../../../scripts/lib/pace.mjs';

/** Ms. */
export const patience = limit(20_000);

/** Waits until something becomes true; fails by saying what did not happen. */
export async function eventually(
  what: string,
  is: () => boolean | Promise<boolean>,
): Promise<void> {
  for (const end = Date.now() + patience; ;) {
    if (await is()) return;
    if (Date.now() > end) throw new Error(`did not happen: ${what}`);
    await sleep(50);
  }
}
