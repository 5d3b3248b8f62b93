/** What a rule sees of the node it follows, and what it says: how channels pass through one operator. */
import type { GraphNode } from '../model/graph.ts';
import type { Coupling, Slots } from './coupling.ts';

/** Slots of every axis; undefined for an axis whose indices all stay, which those of length 1 always do. */
export type Axes = readonly (Slots | undefined)[];

export interface Value {
  /** As observed in a run. */
  readonly dims: readonly number[];
  readonly axes: Axes;
}

/** An element of a shape as far as it is known: a number, or the length of an axis (`slots` where channels lie). */
export type Length = { readonly number: number } | { readonly slots: Slots | undefined };

/** Which slots are left after a removal. */
export interface Kept {
  /** Positions that stay, ascending. */
  positions(slots: Slots): Int32Array;
  /** How many stay. */
  count(slots: Slots): number;
}

/** What a removal changes in a node beside its tensors. */
export interface Change {
  /** Attributes of whole numbers; null removes one. */
  readonly attributes?: Readonly<Record<string, number | readonly number[] | null>>;
  /** Constant inputs of whole numbers by their place, with their new values. */
  readonly inputs?: Readonly<
    Record<number, { readonly shape: readonly number[]; readonly values: readonly number[] }>
  >;
}

export interface Repair {
  readonly node: GraphNode;
  /** undefined: nothing changes. */
  readonly change: (kept: Kept) => Change | undefined;
}

export interface Step {
  readonly node: GraphNode;
  readonly opset: number;
  readonly coupling: Coupling;
  /** Operator and name, for reasons. */
  readonly where: string;
  /** undefined where the input is left out. */
  input(index: number): Value | undefined;
  /** Dimensions of every output, as observed. */
  readonly outputs: readonly (readonly number[])[];
  /** Whole numbers of a constant or computed shape; undefined where they are not known. */
  lengths(index: number): readonly Length[] | undefined;
  /** All of them, where they are constant. */
  numbers(index: number): readonly number[] | undefined;
  /** True where an output meets this operator before its elements are laid out along other axes. */
  meets(opType: string): boolean;
  /** Records what a removal has to change. */
  repair(change: Repair['change']): void;
  /** Keeps all inputs whole, and says why; the outputs then have no channels. */
  stop(why?: string): Axes[];
}

/** Axes of every output. */
export type Rule = (step: Step) => Axes[];

export function intOf(node: GraphNode, name: string, otherwise: number): number {
  return node.attributes.get(name)?.i ?? otherwise;
}

export function intsOf(node: GraphNode, name: string): readonly number[] | undefined {
  return node.attributes.get(name)?.ints;
}

/** An axis counted from the end where it is negative. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export const noAxes = (dims: readonly number[]): Axes => dims.map(() => undefined);
