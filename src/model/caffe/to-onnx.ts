/**
 * A network and its decoded weights as ONNX model bytes: attributes only where they differ from the default, a
 * node's output named like the node. The batch dimension is symbolic: Caffe's is a default, not a promise.
 */
import type { AttributeProto } from 'onnx-buf';
import {
  floatAttribute as float,
  intAttribute as int,
  intsAttribute as ints,
} from '../proto-attributes.ts';
import {
  float32Tensor,
  int64Tensor,
  modelBytes,
  type ProtoNode as Node,
  type ProtoTensor as Tensor,
} from '../proto-model.ts';
import type { DecodedLayer } from './han-file.ts';
import type { Layer, Network } from './network.ts';
import type { Operation } from './operation.ts';

/** `weights` has one entry for every layer of the network that has weights, by name. */
export function toOnnx(
  network: Network,
  weights: ReadonlyMap<string, DecodedLayer>,
): Uint8Array<ArrayBuffer> {
  const initializer: Tensor[] = [];
  const nodes: Node[] = [];
  for (const layer of network.layers) {
    const decoded = weights.get(layer.name);
    if (decoded) {
      initializer.push(float32Tensor(`${layer.name}.weight`, layer.weights!, decoded.weights));
      initializer.push(float32Tensor(`${layer.name}.bias`, [layer.weights![0]!], decoded.bias));
    }
    for (const node of nodesOf(layer, initializer)) nodes.push(node);
  }
  const inner = network.inputs.map(({ name, shape }) => ({ name, shape: shape.slice(1) }));
  const outer = network.outputs.map(({ name, shape }) => ({ name, shape: shape.slice(1) }));
  return modelBytes(network.name, nodes, initializer, inner, outer);
}

function nodesOf(layer: Layer, initializer: Tensor[]): Node[] {
  const { name, operation, inputs, output } = layer;
  const node = (
    opType: string,
    input: readonly string[],
    attribute: AttributeProto[] = [],
  ): Node => ({
    name,
    opType,
    input: [...input],
    output: [output],
    attribute,
  });
  switch (operation.type) {
    case 'convolution':
      return [
        node(
          'Conv',
          [...inputs, `${name}.weight`, `${name}.bias`],
          [
            ints('kernel_shape', operation.kernel),
            ...unless('strides', operation.strides, 1),
            ...unless('pads', [...operation.pads, ...operation.pads], 0),
            ...unless('dilations', operation.dilations, 1),
            ...(operation.group === 1 ? [] : [int('group', operation.group)]),
          ],
        ),
      ];
    case 'innerProduct': {
      const flat = `${name}.flat`;
      return [
        { name: flat, opType: 'Flatten', input: [...inputs], output: [flat] },
        node('Gemm', [flat, `${name}.weight`, `${name}.bias`], [int('transB', 1)]),
      ];
    }
    case 'relu':
      return operation.slope === 0
        ? [node('Relu', inputs)]
        : [node('LeakyRelu', inputs, [float('alpha', operation.slope)])];
    case 'pool':
      return poolNodes(layer, operation, initializer);
    case 'globalPool':
      return [node(operation.kind === 'MAX' ? 'GlobalMaxPool' : 'GlobalAveragePool', inputs)];
    case 'concat':
      return [node('Concat', inputs, [int('axis', operation.axis)])];
    case 'softmax':
      return [node('Softmax', inputs, [int('axis', operation.axis)])];
    case 'lrn':
      return [
        node('LRN', inputs, [
          int('size', operation.size),
          float('alpha', operation.alpha),
          float('beta', operation.beta),
          float('bias', operation.bias),
        ]),
      ];
  }
}

/**
 * Padding and overhang of pooling (pooling.ts). A maximum sees neither. An average counts padding
 * and not overhang; where a window meets both, the padding is made real zeros first.
 */
function poolNodes(
  layer: Layer,
  pool: Extract<Operation, { type: 'pool' }>,
  initializer: Tensor[],
): Node[] {
  const { name, inputs, output } = layer;
  const [bh = 0, bw = 0, eh = 0, ew = 0] = pool.pads;
  const [oh = 0, ow = 0] = pool.overhang;
  const common = [ints('kernel_shape', pool.kernel), ...unless('strides', pool.strides, 1)];
  const node = (opType: string, input: readonly string[], more: AttributeProto[]): Node => ({
    name,
    opType,
    input: [...input],
    output: [output],
    attribute: [...common, ...more],
  });
  const padded = pool.pads.some((pad) => pad > 0);
  const overhangs = pool.overhang.some((cells) => cells > 0);
  const all = unless('pads', [bh, bw, eh + oh, ew + ow], 0);
  if (pool.kind === 'MAX') return [node('MaxPool', inputs, all)];
  if (!padded) return [node('AveragePool', inputs, all)];
  if (!overhangs) return [node('AveragePool', inputs, [...all, int('count_include_pad', 1)])];
  const amounts = `${name}.pads`;
  const zeros = `${name}.padded`;
  initializer.push(int64Tensor(amounts, [0, 0, bh, bw, 0, 0, eh, ew]));
  return [
    { name: zeros, opType: 'Pad', input: [...inputs, amounts], output: [zeros] },
    node('AveragePool', [zeros], unless('pads', [0, 0, oh, ow], 0)),
  ];
}

const unless = (name: string, values: readonly number[], standard: number): AttributeProto[] =>
  values.every((value) => value === standard) ? [] : [ints(name, values)];
