/** What the jobs take and give that look at a model at many sizes, and at its layers one by one. */
import type { Verdict } from '../fidelity/verdict.ts';
import type { FileInput } from './protocol-model.ts';
import type { DataInput, NormalisationInput } from './protocol-train.ts';

/** Of search and impact. */
export interface SearchInput {
  readonly file: FileInput;
  /** Inputs; labels, where there are some, make accuracy the measure. */
  readonly data: DataInput;
  readonly normalisation?: NormalisationInput;
  /** With `share.method` grid; the preset calibrated when absent. Its layers that are skipped stay. */
  readonly recipe?: string | object;
  readonly seed: number;
  readonly threads: number;
}

export interface FrontInput extends SearchInput {
  /** Points of an earlier search of the same model, samples and recipe: they are not measured again. */
  readonly known?: readonly FrontPoint[];
  /** A part of the way outwards from the middle, in its direction; the whole when absent. */
  readonly steps?: readonly number[];
}

/** A size of the file, and what it costs. */
export interface FrontPoint {
  /** Cost of a bit that all layers share (docs/rate-distortion.md). */
  readonly slope: number;
  /** Of the whole file, estimated. */
  readonly bytes: number;
  readonly ratio: number;
  /** Share of accuracy, or of answers, that is expected to be lost, and its standard error. */
  readonly loss: number;
  readonly error: number;
  readonly disagreement: number;
  /** ||y - y'|| / ||y|| of the outputs. */
  readonly relativeError: number;
  readonly verdict: Verdict;
  /** Makes this point: deepc compress --recipe with the same samples. */
  readonly recipe: object;
}

export type FrontEvent = { readonly kind: 'point'; readonly point: FrontPoint };

export interface FrontResult {
  readonly model: { readonly path: string; readonly bytes: number; readonly sha256: string };
  /** Samples that measured; a compression with a point's recipe reports on others. */
  readonly samples: number;
  /** By ascending bytes. */
  readonly points: readonly FrontPoint[];
  readonly seconds: number;
  readonly notes: readonly string[];
}

/** What one layer costs and saves. */
export interface LayerImpact {
  readonly name: string;
  readonly path: string;
  readonly op: string;
  readonly weights: number;
  /** Bits a weight it is rounded to. */
  readonly bits: number;
  /** What is lost when it alone is compressed, and when all others are. */
  readonly alone: { readonly loss: number; readonly relativeError: number };
  readonly without: { readonly loss: number; readonly relativeError: number };
  /** Loss of all layers together less that without this one. */
  readonly regained: number;
  /** Bytes that leaving it adds to the file, about. */
  readonly bytes: number;
}

export interface ImpactResult {
  readonly model: { readonly path: string; readonly bytes: number };
  readonly samples: number;
  /** All layers together, at the size that keeps the recipe's goal. */
  readonly all: { readonly loss: number; readonly relativeError: number; readonly bytes: number };
  /** What leaving it regains most comes first. */
  readonly layers: readonly LayerImpact[];
  readonly seconds: number;
  readonly notes: readonly string[];
}
