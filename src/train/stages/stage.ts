/**
 * What a stage of a retraining is: its options beside those of training, which all stages have, and how
 * it changes its layers before what is left is trained. One file a stage; all.ts lists them.
 */
import {
  choice,
  choices,
  group,
  listOf,
  number,
  type Field,
  type Fields,
  type JsonSchema,
  type ValuesOf,
} from '../../shared/fields.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { ChannelGroup } from '../methods/channels.ts';
import type { LayerPair } from '../methods/dead-units.ts';
import type { Network } from '../methods/network.ts';
import type { Reconstruction } from '../methods/reconstruct.ts';
import type { Layer } from '../methods/structure.ts';

export const layerKinds = { conv: '', fc: '', recurrent: '', other: '' } as const;
const globs: JsonSchema = { type: 'string', minLength: 1, maxLength: 512 };

/** The option that says with which epoch a stage ends. */
export function keeping(initial: 'best' | 'last'): Field<'best' | 'last'> {
  return choice(
    { best: 'The epoch that is best on the held-out samples', last: 'The last epoch' },
    { about: 'With which epoch to go on.', initial },
  );
}

/** Options of all stages: how what is left is trained. */
const trainingFields = {
  epochs: number({
    about: 'Passes over the samples, the last maybe in part; when pruning, after each step.',
    initial: 3,
    least: 0,
    most: 10000,
  }),
  optimizer: choice(
    {
      adam: 'Adam (Kingma and Ba, 2015)',
      sgd: 'Stochastic gradient descent with momentum',
    },
    { about: 'How weights follow gradients.', initial: 'adam' },
  ),
  momentum: number({ about: 'For optimizer sgd.', initial: 0.9, least: 0, below: 1 }),
  rate: number({
    about:
      'Learning rate at the beginning. A tenth to a hundredth of what the model was trained with.',
    initial: 0.001,
    above: 0,
    most: 100,
  }),
  schedule: choice(
    {
      cosine: 'Half a cosine down to 0',
      constant:
        'The same throughout; when pruning, the optimizer goes on through the steps as well',
      steps: 'A tenth after half of the epochs, a hundredth after three quarters',
    },
    { about: 'How the learning rate changes over the epochs.', initial: 'cosine' },
  ),
  l1: number({ about: 'L1 regularisation of the weights.', initial: 0, least: 0 }),
  l2: number({ about: 'L2 regularisation of the weights (weight decay).', initial: 0, least: 0 }),
  clip: number({
    about: 'Largest norm of all gradients together, 0 for no limit.',
    initial: 0,
    least: 0,
  }),
  freeze: listOf<string>(globs, {
    about: 'Tensors that are not trained in this stage, by name.',
    initial: [],
    most: 4096,
  }),
  freezeKinds: choices(layerKinds, {
    about:
      'Kinds of layers that are not trained in this stage; the paper fixes convolutions while fully connected layers retrain, and the other way round.',
    initial: [],
  }),
  keep: keeping('best'),
};
export type TrainingOptions = ValuesOf<typeof trainingFields>;

/** The option of stages that change layers. */
export const onlyLayers = listOf<string>(globs, {
  about: 'Only these tensors, by name: * stands for any characters, ? for one.',
  initial: ['*'],
  least: 1,
  most: 4096,
});

/** What a stage changes, and with what. */
export interface StageWork {
  readonly network: Network;
  /** The layers that the stage names. */
  readonly layers: readonly Layer[];
  /** Layers that feed others, for the removal of dead units. */
  readonly pairs: readonly LayerPair[];
  /** Channels that can be removed from the graph; none unless a stage removes channels. */
  readonly channels: readonly ChannelGroup[];
  /** Names of the scales of BatchNormalization among the parameters. */
  readonly scales: ReadonlySet<string>;
  readonly validation: Uint32Array;
  /** Of the whole run. */
  readonly seed: number;
  /** Fits the layers one by one to the uncompressed network, as the options of training say. */
  readonly reconstruct: (layers: readonly Layer[], options: TrainingOptions) => Promise<unknown>;
  /** Called between steps: may throw `cancelled`. */
  readonly turn: Reconstruction['turn'];
}

/** The channels that a stage removes, or why it cannot. */
export function channelsOf({ channels }: StageWork): readonly ChannelGroup[] {
  if (channels.length > 0) return channels;
  throw noChannels('that can be removed; deepc groups says why');
}

export function noChannels(which: string): DeepCompressionError {
  return new DeepCompressionError('unsupported', `the model has no channel ${which}`);
}

export interface Stage<Options extends TrainingOptions> {
  /** The stage as it stands in a recipe. */
  readonly options: Field<Options>;
  /** In how many steps it is done, each followed by its epochs. */
  readonly steps: (options: Options) => number;
  /** Changes the layers before the epochs of a step, and says what is to be noted. */
  readonly begin: (options: Options, step: number, work: StageWork) => Promise<string | undefined>;
  /** What is done after every update of the variables, at the rate of that update. */
  readonly afterUpdate: (options: Options, work: StageWork) => ((rate: number) => void) | undefined;
  /** Changes the layers after the epochs of a step, and says what is to be noted. */
  readonly end: (options: Options, work: StageWork) => string | undefined;
  /** Whether channels that it makes zero are removed from the graph when all stages are done. */
  readonly removes: boolean;
  /** Whether its layers are later coded exactly as it left them. */
  readonly settles: boolean;
  /** Whether `begin` has trained for the stage's epochs, so that none follow. */
  readonly trainsItself: boolean;
}

type StageOptions<Kind extends string, Own extends Fields> = {
  readonly kind: Kind;
} & TrainingOptions &
  ValuesOf<Own>;

/** A stage from what is its own; what it leaves out is that of plain training. */
export function defineStage<const Kind extends string, Own extends Fields>({
  kind,
  about,
  fields,
  ...own
}: {
  readonly kind: Kind;
  readonly about: string;
  readonly fields: Own;
} & Partial<Omit<Stage<StageOptions<Kind, Own>>, 'options'>>): Stage<StageOptions<Kind, Own>> {
  const word = choice({ [kind]: about }, { about: 'What the stage does.', initial: kind });
  const options = group({ kind: word, ...trainingFields, ...fields }, about, ['kind']);
  return {
    options: options as Field<StageOptions<Kind, Own>>,
    steps: () => 1,
    begin: () => Promise.resolve(undefined),
    afterUpdate: () => undefined,
    end: () => undefined,
    removes: false,
    settles: false,
    trainsItself: false,
    ...own,
  };
}
