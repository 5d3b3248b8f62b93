/** Trains what there is: pruned connections stay zero, shared values stay shared. */
import { defineStage } from './stage.ts';

export const trainStage = defineStage({
  kind: 'train',
  about: 'Train what there is: pruned connections stay zero, shared values stay shared',
  fields: {},
});
