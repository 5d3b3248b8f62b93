/** For what a data set is read, which decides what of it is taken. */
import type { DataSplit } from '../../train/dataset/taken.ts';
import type { GraphValue } from '../../train/graph.ts';

/** For what samples are read: the parts of a file that suit it, the best first. */
export const forScoring: readonly DataSplit[] = ['test', 'validation', 'train'];
export const forTraining: readonly DataSplit[] = ['train'];
/** Test samples choose nothing, so a scan never takes them unasked. */
export const forChoosing: readonly DataSplit[] = ['validation', 'train'];

export interface Reading {
  /** The model's inputs: pictures take the shape of the first. */
  readonly inputs: readonly GraphValue[];
  readonly prefer: readonly DataSplit[];
  /** Called between pictures; may throw `cancelled`. */
  readonly turn: () => Promise<void>;
  readonly onRead?: (line: string) => void;
  /** Only so many pictures; all when absent. */
  readonly most?: number;
}
