/**
 * What a fidelity means for a user, in one word. Limits: a model whose answers do not matter one by one
 * (features, embeddings) is judged by how far its outputs moved.
 */
import { likelyLoss, type Fidelity } from './compare.ts';

/** What the outputs were compared on: a user's samples, or inputs that were made up. */
export type Basis = 'samples' | 'made-up inputs';

/** `kept`: works as before, as far as was seen; `changed`: check it; `destroyed`: probably unusable. */
export type Verdict = 'kept' | 'changed' | 'destroyed';

/** Shares of answers lost from which on a model has changed, and is destroyed. */
const lost = { changed: 0.01, destroyed: 0.2 };
/**
 * The same of ||y - y'|| / ||y||, where answers cannot be counted or mean nothing. On made-up inputs four
 * pre-trained networks moved by 2 to 10 % where they still did their task, by 32 % and more where they did not.
 */
const moved = { changed: 0.15, destroyed: 0.3 };

/** What a verdict goes by, as shares. */
export interface Judged {
  readonly kind: Fidelity['kind'];
  readonly loss: number;
  readonly relativeError: number;
}

/** Answers on made-up inputs mean nothing: there only the movement of the outputs counts. */
export function verdictOf(fidelity: Fidelity, basis: Basis): Verdict {
  return verdictBy({ ...fidelity, loss: likelyLoss(fidelity) }, basis);
}

export function verdictBy({ kind, loss, relativeError }: Judged, basis: Basis): Verdict {
  const counts = basis === 'samples' && kind !== 'values';
  const amount = counts ? loss : relativeError;
  const { changed, destroyed } = counts ? lost : moved;
  if (!(amount < destroyed)) return 'destroyed';
  return amount > changed ? 'changed' : 'kept';
}
