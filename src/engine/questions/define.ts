/**
 * How a question of the inspector is declared: once, with the check of what it takes and its answer. Its
 * name is its place in the list of all (all.ts), from which types, validation and dispatch follow.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Asking } from '../../view/pace.ts';
import type { ViewModel } from '../../view/view-model.ts';
import type { Check } from '../shape.ts';

/** The models a question is about, and how its computation is followed and stopped. */
export interface Asked {
  readonly model: ViewModel;
  /** The second model. @throws DeepCompressionError `invalid-input` where none was named */
  readonly other: () => ViewModel;
  /** @param layer that is computed; `from` to `to`: which part of the whole it is, 0 to 1 */
  readonly asking: (layer?: number, from?: number, to?: number) => Asking;
}

export interface Question<Query, Result> {
  readonly query: (value: unknown) => boolean;
  readonly answer: (query: Query, asked: Asked) => Result | Promise<Result>;
}

export function defineQuestion<Query extends object, Result>(
  question: Question<Query, Result> & { readonly query: Check<Query> },
): Question<Query, Result> {
  return question;
}

/**
 * One after another. Returns what the content of a file caused, with the layer; everything else ends it.
 * @throws whatever `work` throws that no file caused
 */
export async function eachOf<T extends { readonly layer: number }>(
  items: readonly T[],
  work: (item: T, from: number, to: number) => Promise<void>,
): Promise<{ layer: number; why: string }[]> {
  const failed: { layer: number; why: string }[] = [];
  for (const [i, item] of items.entries()) {
    try {
      await work(item, i / items.length, (i + 1) / items.length);
    } catch (error) {
      if (!(error instanceof DeepCompressionError)) throw error;
      // of the run or of the disk, not of the layer: a file that changes meanwhile gives no half answer
      if (error.code === 'cancelled' || error.code === 'io') throw error;
      failed.push({ layer: item.layer, why: error.message });
    }
  }
  return failed;
}
