/**
 * Tensors under training, and what ties their values together. A parameter is dense (with or without
 * a mask of pruned connections), shares values (Deep Compression, section 3.3), is ternary or hashed. Its `variables` are
 * what an optimizer changes; `spread` writes the values that the graph is fed. Everything that
 * has to survive an interruption is in `structure` and `variables`: plain data.
 */
import { centroidGradient, spreadCentroids } from '../centroids.ts';
import type { Trained } from '../optimizer.ts';
import type { Gradient } from '../update.ts';
import { hashedGradient, spreadHashed, type Hashed } from './hashed.ts';
import { spreadTernary, ternaryGradients, type Ternary } from './ternary.ts';

export type Structure =
  | { readonly kind: 'dense'; readonly mask?: Uint8Array | undefined }
  /** Code 0 is the pruned zero. */
  | { readonly kind: 'shared'; readonly codes: Uint8Array; readonly codebook: Float32Array }
  | Ternary
  | Hashed;

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** What the graph is fed; changed in place. */
  readonly values: Float32Array;
  /** Weights are regularised and pruned; biases and normalisation are not. */
  readonly isWeight: boolean;
  structure: Structure;
}

/** Arrays that an optimizer changes, in a fixed order. */
export function variablesOf({ values, structure }: Parameter): readonly Float32Array[] {
  switch (structure.kind) {
    case 'dense':
      return [values];
    case 'shared':
      return [structure.codebook];
    case 'ternary':
      return [structure.latent, structure.scales];
    case 'hashed':
      return [structure.values];
  }
}

export function trainedOf(parameter: Parameter, frozen: boolean): Trained[] {
  const { structure, isWeight, values } = parameter;
  if (structure.kind === 'dense')
    return [{ values, mask: structure.mask, regularised: isWeight, frozen }];
  if (structure.kind === 'ternary')
    return [
      { values: structure.latent, mask: structure.mask, regularised: isWeight, frozen },
      { values: structure.scales, regularised: false, frozen },
    ];
  if (structure.kind === 'hashed')
    return [{ values: structure.values, regularised: isWeight, frozen }];
  return [{ values: structure.codebook, regularised: false, frozen }];
}

/** Gradients of the variables from the gradient of the values; linear in it, so part by part. */
export function variableGradients(parameter: Parameter, gradient: Gradient): Gradient[] {
  const { structure } = parameter;
  if (structure.kind === 'dense') return [gradient];
  if (structure.kind === 'shared') {
    const { codes, codebook } = structure;
    return [gradient.map((part) => centroidGradient(part, codes, codebook.length))];
  }
  if (structure.kind === 'hashed') return [gradient.map((part) => hashedGradient(structure, part))];
  const parts = gradient.map((part) => ternaryGradients(structure, part));
  return [parts.map(([latent]) => latent), parts.map(([, scales]) => scales)];
}

/** Writes the values that follow from the variables; of dense tensors they are the variables. */
export function spread({ structure, values }: Parameter): void {
  if (structure.kind === 'shared') spreadCentroids(structure.codebook, structure.codes, values);
  else if (structure.kind === 'ternary') spreadTernary(structure, values);
  else if (structure.kind === 'hashed') spreadHashed(structure, values);
}

/** Copies of all variables, to come back to. */
export function snapshot(parameters: readonly Parameter[]): Float32Array[] {
  return parameters.flatMap((p) => variablesOf(p).map((v) => v.slice()));
}

export function restore(parameters: readonly Parameter[], kept: readonly Float32Array[]): void {
  let i = 0;
  for (const parameter of parameters) {
    for (const variable of variablesOf(parameter)) variable.set(kept[i++]!);
    spread(parameter);
  }
}

/** Share of zeros among the weights (biases left out). */
export function sparsityOf(parameters: readonly Parameter[]): number {
  let zeros = 0;
  let all = 0;
  for (const { values, isWeight } of parameters) {
    if (!isWeight) continue;
    all += values.length;
    for (let i = 0; i < values.length; i++) if (values[i] === 0) zeros++;
  }
  return all > 0 ? zeros / all : 0;
}

/**
 * A weight tensor that comes with zeros was pruned: its zeros stay. One that is all zeros was not
 * trained yet.
 */
export function initialStructure(values: Float32Array, isWeight: boolean): Structure {
  if (!isWeight) return { kind: 'dense' };
  const mask = new Uint8Array(values.length);
  let kept = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) kept += mask[i] = 1;
  return { kind: 'dense', mask: kept > 0 && kept < values.length ? mask : undefined };
}
