/**
 * Operators that are rewritten as simpler ones before the reverse pass, instead of having a rule:
 * their gradients then follow from the rules of what they are made of. A lowering keeps the names
 * of the node's outputs.
 */
import type { NodeProto } from 'onnx-buf';
import { Emitter } from '../emitter.ts';
import { freshName } from '../graph.ts';
import type { Graph } from '../graph.ts';
import type { Facts } from '../probe.ts';
import type { LowerContext, Lowered } from './context.ts';
import { lowerBatchNormalization } from './batch-normalization.ts';
import { lowerInstanceNormalization, lowerLayerNormalization } from './layer-normalization.ts';
import { lowerGru, lowerLstm, lowerRnn } from './recurrent.ts';

export interface LowerOptions {
  /** `batch`: normalise by the batch's own statistics and keep running ones, as in training. */
  readonly batchNorm: 'frozen' | 'batch';
  /** Whether Dropout drops (by masks that the trainer feeds) or passes its input on. */
  readonly dropout: boolean;
}

export function lowerGraph(graph: Graph, facts: Facts, options: LowerOptions): Lowered {
  const lowered: Lowered = { states: [], masks: [], changed: false };
  const nodes: NodeProto[] = [];
  const emit = new Emitter(graph, nodes, 'lower_');
  for (const node of graph.nodes) {
    const lower = loweringOf(node, options, graph);
    if (lower) {
      lower({ node, emit, facts, lowered });
      lowered.changed = true;
    } else nodes.push(node);
  }
  graph.nodes = nodes;
  return lowered;
}

function loweringOf(
  node: NodeProto,
  options: LowerOptions,
  graph: Graph,
): ((context: LowerContext) => void) | undefined {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  switch (node.opType) {
    case 'BatchNormalization':
      return options.batchNorm === 'batch' ? lowerBatchNormalization : undefined;
    case 'Dropout':
      return options.dropout ? (context) => dropByMask(context, graph) : passOn;
    case 'LayerNormalization':
      return lowerLayerNormalization;
    case 'InstanceNormalization':
      return lowerInstanceNormalization;
    case 'LSTM':
      return lowerLstm;
    case 'GRU':
      return lowerGru;
    case 'RNN':
      return lowerRnn;
    default:
      return undefined;
  }
}

function passOn({ node, emit }: LowerContext): void {
  emit.into([node.output[0]!], 'Identity', [node.input[0]!]);
  if (node.output[1]) {
    const always = emit.op('Equal', [node.input[0]!, node.input[0]!]);
    emit.into([node.output[1]], 'Identity', [always]);
  }
}

/** The masks come from outside, so that a seed gives the same run on every runtime. */
function dropByMask(context: LowerContext, graph: Graph): void {
  const { node, emit, facts, lowered } = context;
  const ratio = node.input[1] ? (facts.get(node.input[1])?.values?.[0] ?? 0.5) : 0.5;
  if (ratio <= 0 || ratio >= 1) return passOn(context);
  const shape = facts.get(node.input[0]!)!.shape;
  const name = freshName(graph, `${node.output[0]}_mask`);
  graph.inputs.push({ name, type: 1, shape });
  lowered.masks.push({ name, shape, ratio });
  emit.into([node.output[0]!], 'Mul', [node.input[0]!, name]);
  if (node.output[1]) emit.into([node.output[1]], 'Greater', [name, emit.scalar(0)]);
}
