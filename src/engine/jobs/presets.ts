/** presets: the built-in recipes by name, with the sentence that says what each does. */
import { presets } from '../../compress/recipe.ts';
import type { Job } from '../protocol.ts';

export const presetsJob: Job<'presets'> = () =>
  Promise.resolve({
    presets: presets.map(({ name, description, train }) => ({
      name,
      description,
      trains: train !== undefined,
    })),
  });
