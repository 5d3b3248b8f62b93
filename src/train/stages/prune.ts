/**
 * Prunes in steps and trains the survivors after each (Han et al. 2015, section 3). Quality and target of
 * the recipe are reached in the last step.
 */
import { choice, flag, integer } from '../../shared/fields.ts';
import { removeDeadUnits } from '../methods/dead-units.ts';
import { pruneLayers } from '../methods/structure.ts';
import { gradualSparsity } from '../schedule.ts';
import { defineStage, onlyLayers } from './stage.ts';

export const pruneStage = defineStage({
  kind: 'prune',
  about:
    'Prune as the recipe says, in steps, and train the survivors after each (Han et al., 2015)',
  fields: {
    layers: onlyLayers,
    steps: integer({
      about: "In how many steps the recipe's target is reached.",
      initial: 1,
      least: 1,
      most: 1000,
    }),
    path: choice(
      {
        gradual: 'Large steps first, small ones at the end (Zhu and Gupta, 2017)',
        linear: 'Equal steps',
      },
      { about: 'How large the steps are.', initial: 'gradual' },
    ),
    deadUnits: flag({
      about: 'Also remove neurons and filters that nothing reaches, or that reach nothing.',
      initial: true,
    }),
  },
  settles: true,
  steps: ({ steps }) => steps,
  async begin({ steps, path, deadUnits }, step, { layers, network, pairs }) {
    const part = (step + 1) / steps;
    await pruneLayers(layers, path === 'linear' ? part : gradualSparsity(0, 1, part));
    const byName = new Map(network.parameters.map((p) => [p.name, p]));
    if (deadUnits) removeDeadUnits(byName, pairs);
    return undefined;
  },
});
