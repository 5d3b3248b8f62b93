/** Progress of several trainings on stderr, with an estimate of the time that all of them still take. */
import type { Recipe } from '../../src/recipe/recipe.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { TrainingEvent } from '../../src/engine/protocol-accuracy.ts';
import type { Progress } from '../../src/engine/protocol.ts';
import { stepsOf } from '../../src/train/stages/all.ts';

/** Epochs of a recipe; one network's take longer than another's, which the pace so far cannot know. */
function epochsOf({ name, train }: Recipe): number {
  const each = name.startsWith('lenet-5') ? 8 : 1;
  return each * (train?.stages ?? []).reduce((sum, s) => sum + s.epochs * stepsOf(s), 0);
}

export class Timetable {
  readonly #all: number;
  readonly #start = performance.now();
  #done = 0;
  #shown = 0;

  constructor(recipes: readonly Recipe[]) {
    this.#all = recipes.reduce((sum, r) => sum + epochsOf(r), 0);
  }

  /** Does the work of one training and tells how far it is. */
  async during<T>(
    label: string,
    recipe: object,
    work: (
      onProgress: (progress: Progress) => void,
      onEvent: (event: TrainingEvent) => void,
    ) => Promise<T>,
  ): Promise<T> {
    const length = epochsOf(parseRecipe(recipe));
    let error = '';
    const onEvent = (event: TrainingEvent): void => {
      const top1 = event.kind === 'epoch' ? event.epoch.validation?.top1 : undefined;
      if (typeof top1 === 'number') error = `, held-out error ${percent(1 - top1)}`;
    };
    const result = await work(({ stage, fraction }) => {
      const now = performance.now();
      if (now - this.#shown < 20_000) return;
      this.#shown = now;
      const part = (this.#done + length * fraction) / this.#all;
      const minutes = ((now - this.#start) / 60_000) * (1 / part - 1);
      const left = part > 0.01 ? `, about ${Math.ceil(minutes)} min left` : '';
      process.stderr.write(`${Math.floor(part * 100)}% ${label}: ${stage}${error}${left}\n`);
    }, onEvent);
    this.#done += length;
    return result;
  }
}

export const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
