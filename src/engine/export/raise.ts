/**
 * A model raised to a later operator set, which some forms of export need: QuantizeLinear by channels,
 * blocks of int4. Names, metadata and values stay; documentation texts and unknown fields go, and Constant
 * nodes become initializers.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { decodeGraph, encodeGraph } from '../../train/graph.ts';
import { inlineFunctions } from '../../train/inline-functions.ts';
import { upgradeGraph, wantedOpset } from '../../train/upgrade.ts';

export interface Raised {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What was done, where something was. */
  readonly notes: readonly string[];
}

/** @throws DeepCompressionError `unsupported` for operators that have no later form */
export function raised(bytes: Uint8Array<ArrayBuffer>, least: number): Raised {
  const graph = decodeGraph(bytes);
  const { opset } = graph;
  if (opset >= least) return { bytes, notes: [] };
  const to = Math.max(least, wantedOpset);
  inlineFunctions(graph);
  if (graph.model.functions.length > 0)
    throw new DeepCompressionError(
      'unsupported',
      `this form needs operator set ${to}, and functions of operator set ${opset} cannot be raised to it`,
    );
  upgradeGraph(graph, undefined, to);
  const note = `the model was raised from operator set ${opset} to ${to}, which this form needs`;
  return { bytes: encodeGraph(graph), notes: [note] };
}
