/**
 * Raises a graph to opset 17, so that gradient rules see one form of each operator and may emit what
 * older opsets lack (ScatterND with addition), or to 21 for exports that need it. Rewrites the operators
 * whose form changed between opset 7 and 21 (Operators.md, changelog); the others mean the same. Newer
 * graphs stay as they are.
 */
import type { GraphProto, NodeProto } from 'onnx-buf';
import { DeepCompressionError } from '../model/errors.ts';
import { intAttribute, stringAttribute } from '../model/proto-attributes.ts';
import { Emitter } from './emitter.ts';
import { positiveAxis } from './gradients/rule.ts';
import type { Facts } from './probe.ts';
import { floatOf, intOf, intsOf, makeNode, stringOf } from './graph.ts';
import type { Graph } from './graph.ts';

const oldest = 7;
/** What gradient rules are written for. */
export const wantedOpset = 17;

/**
 * @param facts shapes in the graph as it is, where they are known: some forms are simpler with them
 * @param to graphs at this opset or later are left as they are; at most 21
 * @throws DeepCompressionError `unsupported` for opsets before 7, and for operators that have no later form.
 */
export function upgradeGraph(graph: Graph, facts?: Facts, to = wantedOpset): void {
  const from = graph.opset;
  if (from >= to) return;
  if (from < oldest)
    throw new DeepCompressionError(
      'unsupported',
      `opset ${from}: training and raising it need at least ${oldest}`,
    );
  graph.opset = to;
  graph.nodes = upgradeNodes(graph, graph.nodes, from, 0, facts);
}

function upgradeNodes(
  graph: Graph,
  nodes: readonly NodeProto[],
  from: number,
  depth: number,
  facts?: Facts,
): NodeProto[] {
  if (depth > 32) throw new DeepCompressionError('invalid-model', 'subgraphs nest too deep');
  const result: NodeProto[] = [];
  const emit = new Emitter(graph, result, 'upgrade_');
  const body = (sub: GraphProto): void => {
    sub.node = upgradeNodes(graph, sub.node, from, depth + 1);
  };
  for (const node of nodes) {
    for (const attribute of node.attribute) {
      if (attribute.g) body(attribute.g);
      attribute.graphs.forEach(body);
    }
    const standard = node.domain === '' || node.domain === 'ai.onnx';
    const replaced = (standard ? (changes[node.opType] ?? []) : [])
      .filter(({ until }) => from < until && until <= graph.opset)
      .some((change) => change.apply(node, emit, from, facts));
    if (!replaced) result.push(node);
  }
  return result;
}

interface Change {
  /** The opset that introduced today's form. */
  readonly until: number;
  /** Changes the node in place and gives false, or emits what replaces it and gives true. */
  apply(node: NodeProto, emit: Emitter, from: number, facts: Facts | undefined): boolean;
}

function drop(node: NodeProto, ...names: readonly string[]): void {
  node.attribute = node.attribute.filter(({ name }) => !names.includes(name));
}

/** An attribute of integers that became the input at `index`. */
const toInput = (name: string, index: number, until = 13): Change => ({
  until,
  apply(node, emit) {
    const values = intsOf(node, name);
    drop(node, name);
    if (values) node.input = [...node.input.slice(0, index), emit.ints(values)];
    return false;
  },
});

/**
 * Before 13, an axis split the shape in two, and everything behind it was one. That is the same as
 * today where nothing but ones lies behind it.
 */
const softmax: Change = {
  until: 13,
  apply(node, emit, _from, facts) {
    const axis = intOf(node, 'axis', 1);
    const [x = ''] = node.input;
    const shape = facts?.get(x)?.shape;
    if (shape?.slice(positiveAxis(axis, shape.length) + 1).every((size) => size === 1)) {
      drop(node, 'axis');
      node.attribute.push(intAttribute('axis', axis));
      return false;
    }
    const flat = emit.op('Flatten', [x], [intAttribute('axis', axis)]);
    const y = emit.op(node.opType, [flat], [intAttribute('axis', 1)]);
    emit.into(node.output, 'Reshape', [y, emit.op('Shape', [x])]);
    return true;
  },
};

const resizeAttributes = (mode: string): ReturnType<typeof stringAttribute>[] => [
  stringAttribute('mode', mode === 'bilinear' ? 'linear' : mode),
  stringAttribute('coordinate_transformation_mode', 'asymmetric'),
  stringAttribute('nearest_mode', 'floor'),
];

/** Without sizes, the number of parts became an attribute. */
const evenSplit: Change = {
  until: 18,
  apply(node) {
    if (node.input.length < 2 && node.attribute.every(({ name }) => name !== 'num_outputs'))
      node.attribute.push(intAttribute('num_outputs', node.output.length));
    return false;
  },
};

/** Reductions whose axes became an input with opset 18; ReduceSum was first. */
const reductions = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'];

/** What has a form that cannot be told from the node alone. */
const refused = (until: number): Change => ({
  until,
  apply({ opType }) {
    throw new DeepCompressionError(
      'unsupported',
      `${opType} changed with opset ${until}: a model of an older one cannot be raised to it`,
    );
  },
});

/** By operator, in the order of opsets. */
const changes: Readonly<Record<string, readonly Change[]>> = {
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, [toInput('axes', 1, 18)]])),
  DFT: [refused(20)],
  GridSample: [refused(20)],
  GroupNormalization: [refused(21)],
  Squeeze: [toInput('axes', 1)],
  Unsqueeze: [toInput('axes', 1)],
  ReduceSum: [toInput('axes', 1)],
  Split: [toInput('split', 1), evenSplit],
  Softmax: [softmax],
  LogSoftmax: [softmax],
  Clip: [
    {
      until: 11,
      apply(node, emit) {
        const limit = (name: string): string =>
          node.attribute.some((attribute) => attribute.name === name)
            ? emit.scalar(floatOf(node, name, 0))
            : '';
        node.input = [node.input[0]!, limit('min'), limit('max')];
        drop(node, 'min', 'max');
        return false;
      },
    },
  ],
  Pad: [
    {
      until: 11,
      apply(node, emit) {
        const pads = intsOf(node, 'pads') ?? [];
        node.input = [node.input[0]!, emit.ints(pads), emit.scalar(floatOf(node, 'value', 0))];
        drop(node, 'pads', 'value');
        return false;
      },
    },
  ],
  Slice: [
    {
      until: 10,
      apply(node, emit) {
        const starts = intsOf(node, 'starts') ?? [];
        const axes = intsOf(node, 'axes') ?? starts.map((_, i) => i);
        const ends = intsOf(node, 'ends') ?? [];
        node.input = [node.input[0]!, emit.ints(starts), emit.ints(ends), emit.ints(axes)];
        drop(node, 'starts', 'ends', 'axes');
        return false;
      },
    },
  ],
  TopK: [
    {
      until: 10,
      apply(node, emit) {
        node.input = [node.input[0]!, emit.ints([intOf(node, 'k', 1)])];
        drop(node, 'k');
        return false;
      },
    },
  ],
  Upsample: [
    {
      until: 11,
      apply(node, emit, from) {
        const scales = node.attribute.find(({ name }) => name === 'scales')?.floats ?? [];
        const given =
          from < 9 ? emit.floats([scales.length], Float32Array.from(scales)) : node.input[1]!;
        const mode = resizeAttributes(stringOf(node, 'mode', 'nearest'));
        emit.nodes.push(makeNode('Resize', [node.input[0]!, '', given], node.output, mode));
        return true;
      },
    },
  ],
  Resize: [
    {
      until: 11,
      apply(node, emit) {
        const mode = resizeAttributes(stringOf(node, 'mode', 'nearest'));
        emit.nodes.push(
          makeNode('Resize', [node.input[0]!, '', node.input[1]!], node.output, mode),
        );
        return true;
      },
    },
  ],
  Dropout: [
    {
      until: 12,
      apply(node, emit) {
        node.input = [node.input[0]!, emit.scalar(floatOf(node, 'ratio', 0.5))];
        drop(node, 'ratio');
        return false;
      },
    },
  ],
  BatchNormalization: [
    {
      until: 14,
      apply(node) {
        drop(node, 'spatial');
        node.output = node.output.slice(0, 1);
        return false;
      },
    },
  ],
  Scatter: [
    {
      until: 11,
      apply(node) {
        node.opType = 'ScatterElements';
        return false;
      },
    },
  ],
};
