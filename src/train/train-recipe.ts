/**
 * The part of a recipe that needs data: how a model is retrained before it is coded. Its layers are
 * pruned and shared as the rest of the recipe says; the stages (stages/all.ts) say when, and how it is
 * trained in between.
 */
import {
  choice,
  flag,
  group,
  integer,
  listOf,
  named,
  number,
  someOf,
  type ValueOf,
} from '../shared/fields.ts';
import { stageField } from './stages/all.ts';

const normalisation = group(
  {
    scale: number({ about: '1/255 for bytes to 0..1.', initial: 1 }),
    mean: listOf<number>(
      { type: 'number' },
      { about: 'One for all values, or one a channel.', initial: [0], least: 1, most: 4096 },
    ),
    deviation: listOf<number>(
      { type: 'number', exclusiveMinimum: 0 },
      { about: 'One for all values, or one a channel.', initial: [1], least: 1, most: 4096 },
    ),
  },
  'What the model expects: samples become (value x scale - mean) / deviation.',
);

const augment = group(
  {
    shift: number({
      about: 'Largest move along each axis, in pixels.',
      initial: 0,
      least: 0,
      most: 1024,
    }),
    rotate: number({ about: 'Largest turn, in degrees.', initial: 0, least: 0, most: 180 }),
    scale: number({
      about: "Largest change of each side's length, as a share of it.",
      initial: 0,
      least: 0,
      most: 0.9,
    }),
    shear: number({
      about: 'Largest slant: how far a row moves for each row it is from the middle.',
      initial: 0,
      least: 0,
      most: 10,
    }),
    mirror: flag({
      about: 'Whether left and right change places in half of the samples.',
      initial: false,
    }),
  },
  'Pictures are moved, turned, stretched, slanted and mirrored at random while training, so that no sample is seen twice.',
);

export const trainField = group(
  {
    batch: integer({
      about: 'Samples of a step. Models with a fixed batch use theirs.',
      initial: 64,
      least: 1,
      most: 65536,
    }),
    validation: number({
      about: 'Share of the samples that is not trained on but used to choose the best epoch.',
      initial: 0.1,
      least: 0,
      most: 0.5,
    }),
    loss: choice(
      {
        'cross-entropy': 'Softmax cross-entropy against the labels',
        mse: 'Mean squared error against targets',
        distillation:
          'Agreement with the uncompressed model (Hinton et al., 2015); samples without labels suffice',
      },
      { about: 'What training makes small.', initial: 'cross-entropy' },
    ),
    temperature: number({
      about: 'For loss distillation: how much both outputs are softened.',
      initial: 2,
      least: 0.1,
      most: 100,
    }),
    teacher: number({
      about:
        "For loss distillation: the uncompressed model's share of the loss; the rest goes to the labels.",
      initial: 0.5,
      least: 0,
      most: 1,
    }),
    batchNorm: choice(
      {
        frozen: 'Stored statistics, as in use',
        batch: "Each batch's own statistics, the stored ones following them",
      },
      { about: 'How BatchNormalization is trained.', initial: 'frozen' },
    ),
    dropout: flag({ about: 'Whether Dropout nodes drop while training.', initial: false }),
    normalisation,
    augment,
    stages: someOf(named('stage', stageField), 64, 'One after another.'),
  },
  'How the model is retrained on labelled samples before it is coded (deepc retrain): what is pruned and shared is said above, when it happens here.',
  ['stages'],
);
/** Every default filled in. Of distillation: `temperature` softens both outputs. */
export type TrainRecipe = ValueOf<typeof trainField>;
