/**
 * What was measured of a model with the user's samples, as its pages show it: how it answers, what single
 * layers cost, which sizes it can have. The host keeps it until the file changes.
 */
import type { Accuracy, SensitivityResult } from '../../src/engine/protocol-accuracy.ts';
import type { AgreementResult } from '../../src/engine/protocol-fidelity.ts';
import type { FrontPoint, ImpactResult } from '../../src/engine/protocol-search.ts';

export interface Measured {
  /** File name of the samples that are remembered for the model. */
  readonly samples?: string;
  readonly evaluation?: Evaluation;
  readonly impact?: ImpactResult;
  readonly sensitivity?: SensitivityResult;
  readonly front?: Front;
}

/** An evaluation of a file, and of its original where that is near. */
export interface Evaluation {
  /** File name of the samples. */
  readonly samples: string;
  /** What was read of them, in one line; '' where that was not told. */
  readonly taken: string;
  /** The original's first; empty where the samples have no labels. */
  readonly files: readonly { readonly name: string; readonly accuracy: Accuracy }[];
  /** With the original, where the samples have no labels. */
  readonly fidelity?: AgreementResult['fidelity'];
}

/** A front of sizes; `complete`: the search was not ended before. */
export interface Front {
  /** File name of the samples. */
  readonly on: string;
  readonly points: readonly FrontPoint[];
  readonly complete: boolean;
}

/** What a page may ask its host to measure, and on other samples. */
export const measurements = ['evaluate', 'impact', 'sensitivity', 'front', 'samples'] as const;
export type Measurement = (typeof measurements)[number];
