/** What was read and what is scored in one line, as results tell it on the command line, pages and in messages. */
import { listed, takenText, type Taken } from '../train/dataset/taken.ts';
import type { ChosenOutput } from '../train/methods/output.ts';

/** `scored` is absent where nothing was. */
export function takenLine(taken: Taken, scored?: ChosenOutput): string {
  const chosen =
    scored && scored.among.length > 0 ? `; output ${scored.name} (of ${listed(scored.among)})` : '';
  return takenText(taken) + chosen;
}
