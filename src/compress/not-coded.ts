/**
 * The large tensors that a compression leaves alone, each with the reason: from the model and the recipe,
 * so that a report of the finished file says the same as the run that wrote it.
 */
import { isCodable } from '../model/coded-as.ts';
import { isQuantized, type DType } from '../model/dtype.ts';
import type { Model, Tensor } from '../model/model.ts';
import type { HashedLayout } from './hash/places.ts';
import { recipeForLayer, type CodingRecipe } from './recipe.ts';

export interface NotCoded {
  readonly name: string;
  /** Where it lies in the model: tells tensors of one name apart. */
  readonly path: string;
  readonly op: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** As stored in the model. */
  readonly bytes: number;
  /** What it is or has, and what would code it where something would. */
  readonly reason: string;
}

/** Tensors above this share of the model's files are named. */
const namedFrom = 0.01;

/**
 * @param coded ids of the tensors that are coded
 * @param left what the run found of tensors that it looked at, by id
 * @returns the largest first
 */
export function notCoded(
  model: Model,
  recipe: CodingRecipe | undefined,
  coded: ReadonlySet<number>,
  left: ReadonlyMap<number, string> = new Map(),
): NotCoded[] {
  const least = namedFrom * model.files.reduce((sum, f) => sum + f.source.size, 0);
  return model.tensors
    .filter((tensor) => tensor.bytes > least && !coded.has(tensor.id))
    .sort((a, b) => b.bytes - a.bytes)
    .map((tensor) => {
      const { name, path, op, shape, dtype, bytes } = tensor;
      const reason = left.get(tensor.id) ?? reasonOf(model, tensor, recipe);
      return { name, path, op, shape, dtype, bytes, reason };
    });
}

/** Of a hashed tensor: why it has no codes. */
export function hashedReason({ values, outputs, inputs }: HashedLayout): string {
  const count = (n: number): string => n.toLocaleString('en');
  return `hashed: ${count(values)} shared values stand for its ${count(outputs * inputs)} weights`;
}

function reasonOf(model: Model, tensor: Tensor, recipe: CodingRecipe | undefined): string {
  const { dtype, role, op, parameters } = tensor;
  if (!isCodable(dtype)) return `${dtype} values are kept as they are`;
  const obstacle = model.writer.whyNotReplaceable(tensor);
  if (obstacle !== undefined) return obstacle;
  if (op === '' && model.graph) return 'no operator uses it: the model could do without it';
  if (recipe === undefined) return 'the recipe does not code it';
  if (isQuantized(dtype))
    return recipeForLayer(recipe, tensor) === undefined
      ? 'the recipe says skip'
      : `it is quantized already (${dtype}), and its bytes would not become smaller`;
  if (!recipe.roles.includes(role))
    return role === 'embedding'
      ? 'the recipe leaves tables that are looked up alone: add embedding to its roles, or take the preset safe'
      : `the recipe leaves tensors of the role ${role} alone: add it to its roles`;
  if (parameters < recipe.minimumWeights)
    return `it has fewer than the ${recipe.minimumWeights} weights from which the recipe codes`;
  if (recipeForLayer(recipe, tensor) === undefined) return 'the recipe says skip';
  return 'it would not become smaller, or has values that the recipe cannot keep';
}

/** A line for each tensor that was looked at and left alone, but for those that are `named`. */
export function leftNotes(
  model: Model,
  left: ReadonlyMap<number, string>,
  named: readonly NotCoded[] = [],
): string[] {
  const paths = new Set(named.map(({ path }) => path));
  return [...left]
    .filter(([id]) => !paths.has(model.tensors[id].path))
    .map(([id, reason]) => `${model.tensors[id].name} stays as it is: ${reason}`);
}
