/** A recipe that trains twice as long: "Train Longer" of a model that lost too much. Pure. */

/** @param recipe complete, as a retraining gives it back; one that trains nothing stays as it is */
export function trainedLonger(recipe: object): object {
  const { train } = recipe as { readonly train?: { readonly stages?: readonly object[] } };
  if (!train?.stages) return recipe;
  const stages = train.stages.map((stage) =>
    'epochs' in stage && typeof stage.epochs === 'number'
      ? { ...stage, epochs: 2 * stage.epochs }
      : stage,
  );
  return { ...recipe, train: { ...train, stages } };
}
