/**
 * The stages of a retraining, each declared in a file of its own: what recipes may name, check and fill
 * in, and what a run does, follows from this list.
 */
import type { Field } from '../../shared/fields.ts';
import { groupLassoStage } from './group-lasso.ts';
import { hashStage } from './hash.ts';
import { pruneStage } from './prune.ts';
import { reconstructStage } from './reconstruct.ts';
import { shareStage } from './share.ts';
import { slimmingStage } from './slimming.ts';
import type { Stage, StageWork } from './stage.ts';
import { ternaryStage } from './ternary.ts';
import { trainStage } from './train.ts';

const declared = {
  train: trainStage,
  prune: pruneStage,
  share: shareStage,
  ternary: ternaryStage,
  hash: hashStage,
  'group-lasso': groupLassoStage,
  slimming: slimmingStage,
  reconstruct: reconstructStage,
};

export type StageKind = keyof typeof declared;
type Options = {
  [K in StageKind]: (typeof declared)[K] extends Stage<infer O> ? O : never;
};
/** One stage of a recipe, by its `kind`, every default filled in. */
export type StageRecipe<K extends StageKind = StageKind> = {
  [P in K]: { readonly kind: P } & Options[P];
}[K];

export const stageKinds = Object.keys(declared);

const stages: { readonly [K in StageKind]: Stage<StageRecipe<K>> } = declared;

/** What a recipe may say of a stage: the options of its kind, and no others. */
export const stageField: Field<StageRecipe> = {
  schema: (definitions) => ({
    type: 'object',
    discriminator: { propertyName: 'kind' },
    oneOf: Object.values(stages).map(({ options }) => options.schema(definitions)),
  }),
  complete: (given) => stages[(given as StageRecipe).kind].options.complete(given),
};

export function stepsOf<K extends StageKind>(stage: StageRecipe<K>): number {
  return stages[stage.kind].steps(stage);
}

/** Names of the layers that a stage changes, by glob. */
export function layersOf(stage: StageRecipe): readonly string[] {
  return 'layers' in stage ? stage.layers : [];
}

export function settles({ kind }: StageRecipe): boolean {
  return stages[kind].settles;
}

export function trainsItself({ kind }: StageRecipe): boolean {
  return stages[kind].trainsItself;
}

export function removesChannels({ kind }: StageRecipe): boolean {
  return stages[kind].removes;
}

export function afterUpdate<K extends StageKind>(
  stage: StageRecipe<K>,
  work: StageWork,
): ((rate: number) => void) | undefined {
  return stages[stage.kind].afterUpdate(stage, work);
}

export function endStep<K extends StageKind>(
  stage: StageRecipe<K>,
  work: StageWork,
): string | undefined {
  return stages[stage.kind].end(stage, work);
}

export function beginStep<K extends StageKind>(
  stage: StageRecipe<K>,
  step: number,
  work: StageWork,
): Promise<string | undefined> {
  return stages[stage.kind].begin(stage, step, work);
}
