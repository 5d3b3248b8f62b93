/** presets: the built-in recipes by name, with the sentence that says what each does. */
import { presets } from '../../recipe/recipe.ts';
import type { PresetsInput, PresetsResult } from '../protocol-model.ts';
import { defineJob } from './define.ts';

export const presetsJob = defineJob<PresetsInput, PresetsResult>({
  input: {},
  run: () =>
    Promise.resolve({
      presets: presets.map(({ name, description, goal, train }) => ({
        name,
        description,
        calibrates: goal !== undefined,
        trains: train !== undefined,
        labelled: train !== undefined && train.loss !== 'distillation',
      })),
    }),
});
