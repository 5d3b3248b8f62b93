/**
 * What gives every weight of a tensor its code: a rule that any thread applies to the weights it
 * reads, or levels that were decided beforehand, weight by weight. Plain data either way.
 */
import { blockWeights } from '../coded.ts';
import { codeOf, nearestLevels, type Grid } from './grid.ts';
import { QuantizerTable, type Quantizer } from './quantizer.ts';

/** The nearest level of a grid. */
export interface NearestLevel {
  readonly kind: 'nearest level';
  readonly grid: Grid;
  /** Levels are at most this far from 0. */
  readonly largest: number;
}

/** Levels that are no function of the weight alone. */
export interface AssignedLevels {
  readonly kind: 'levels';
  /** Of all weights; in a task, of its block. */
  readonly levels: Int16Array;
  readonly largest: number;
}

export type Assignment =
  { readonly kind: 'values'; readonly quantizer: Quantizer } | NearestLevel | AssignedLevels;

/** What a task on `block` needs of `assignment`: of decided levels only its own. */
export function assignmentOfBlock(assignment: Assignment, block: number): Assignment {
  if (assignment.kind !== 'levels') return assignment;
  const start = block * blockWeights;
  return { ...assignment, levels: assignment.levels.slice(start, start + blockWeights) };
}

/** Fills `codes[0 .. n)`, given the weights of that block from flat index `start` on. */
export function assign(
  assignment: Assignment,
  values: Float32Array | Float64Array,
  n: number,
  start: number,
  codes: Uint16Array,
): void {
  if (assignment.kind === 'values')
    new QuantizerTable(assignment.quantizer, n).quantize(values, n, start, codes);
  else if (assignment.kind === 'nearest level')
    nearestLevels(assignment.grid, assignment.largest, values, n, start, codes);
  else {
    const { levels, largest } = assignment;
    for (let i = 0; i < n; i++) codes[i] = codeOf(levels[i], largest);
  }
}
