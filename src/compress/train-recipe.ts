/**
 * The part of a recipe that needs data: how a model is retrained before it is coded. Its layers are
 * pruned and shared as the rest of the recipe says; the stages say when, and how it is trained in
 * between. media/recipe.schema.json is the definition.
 */
export interface TrainRecipe {
  /** Samples of a step. */
  readonly batch: number;
  /** Share of the samples that is held out to choose the best epoch, 0 to 0.5. */
  readonly validation: number;
  readonly normalisation: {
    readonly scale: number;
    readonly mean: readonly number[];
    readonly deviation: readonly number[];
  };
  readonly loss: 'cross-entropy' | 'mse' | 'distillation';
  /** Of distillation: softening of both outputs, and the teacher's share of the loss. */
  readonly temperature: number;
  readonly teacher: number;
  readonly batchNorm: 'frozen' | 'batch';
  readonly dropout: boolean;
  /** How pictures are changed at random while training; all zero for not at all. */
  readonly augment: {
    readonly shift: number;
    readonly rotate: number;
    readonly scale: number;
    readonly shear: number;
    readonly mirror: boolean;
  };
  readonly stages: readonly StageRecipe[];
}

export type StageKind = 'train' | 'prune' | 'share' | 'ternary' | 'reconstruct';

export interface StageRecipe {
  readonly kind: StageKind;
  /** Of training, after each step of pruning; the last maybe in part. */
  readonly epochs: number;
  readonly optimizer: 'adam' | 'sgd';
  readonly momentum: number;
  readonly rate: number;
  readonly schedule: 'cosine' | 'constant' | 'steps';
  readonly l1: number;
  readonly l2: number;
  /** Largest norm of all gradients together, 0 for no limit. */
  readonly clip: number;
  /** prune: how often it is pruned and retrained on the way to the recipe's target. */
  readonly steps: number;
  /** prune: equal steps, or large ones first (Zhu and Gupta 2017). */
  readonly path: 'linear' | 'gradual';
  /** prune: also remove units that nothing reaches, or that reach nothing. */
  readonly deadUnits: boolean;
  /** ternary: share of the largest weight up to which weights become zero. */
  readonly cut: number;
  /** Layers that this stage prunes or shares, by glob. */
  readonly layers: readonly string[];
  /** Tensors that this stage does not train, by glob. */
  readonly freeze: readonly string[];
  /** Kinds of layers that this stage does not train: the paper fixes CONV while FC retrains. */
  readonly freezeKinds: readonly ('conv' | 'fc' | 'recurrent' | 'other')[];
  /** Go on with the epoch that was best on the held-out samples, or with the last. */
  readonly keep: 'best' | 'last';
}

const stage: Omit<StageRecipe, 'kind'> = {
  epochs: 3,
  optimizer: 'adam',
  momentum: 0.9,
  rate: 0.001,
  schedule: 'cosine',
  l1: 0,
  l2: 0,
  clip: 0,
  steps: 1,
  path: 'gradual',
  deadUnits: true,
  cut: 0.05,
  layers: ['*'],
  freeze: [],
  freezeKinds: [],
  keep: 'best',
};

/** Every default filled in; `given` has passed the schema. */
export function completeTrainRecipe(given: Partial<TrainRecipe>): TrainRecipe {
  return {
    batch: 64,
    validation: 0.1,
    loss: 'cross-entropy',
    temperature: 2,
    teacher: 0.5,
    batchNorm: 'frozen',
    dropout: false,
    ...given,
    normalisation: { scale: 1, mean: [0], deviation: [1], ...given.normalisation },
    augment: { shift: 0, rotate: 0, scale: 0, shear: 0, mirror: false, ...given.augment },
    stages: (given.stages ?? []).map((s) => ({ ...stage, ...s })),
  };
}
