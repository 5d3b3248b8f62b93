/**
 * The layers that int8-qdq computes in whole numbers: Conv, MatMul and Gemm of the main graph by a float32
 * weight, with the values between which QuantizeLinear stands. ONNX Runtime puts a kernel of whole numbers
 * in the place of DequantizeLinear, operator, QuantizeLinear where nothing else reads what is between them,
 * and takes Relu and Clip into it, so that a layer ends behind these.
 */
import type { GraphNode } from '../model/graph.ts';
import type { Model, Tensor } from '../model/model.ts';
import { graphScope } from '../model/onnx/scope.ts';

/** A layer, by names of values. */
export interface Product {
  readonly node: string;
  readonly weight: Tensor;
  /** The axis of the weight along which its outputs lie. */
  readonly axis: number;
  readonly input: string;
  /** What it gives, behind an activation that nothing but it reads; '' where that is an output of the model. */
  readonly output: string;
  /** Float32 with one value an output; undefined: it has no bias. */
  readonly bias: Tensor | undefined;
}

export interface Products {
  readonly products: readonly Product[];
  /** By the id of a weight: why the layer that reads it is none of them. */
  readonly why: ReadonlyMap<number, string>;
}

const activations = new Set(['Relu', 'Clip']);
const kinds = new Set(['Conv', 'MatMul', 'Gemm']);

export function productsOf({ graph, tensors }: Model): Products {
  if (!graph) return { products: [], why: new Map() };
  const readers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes)
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const { producers } = graphScope(graph);
  const given = (name: string): Tensor | undefined => {
    const producer = producers.get(name);
    return producer?.kind === 'tensor' ? tensors[producer.id] : undefined;
  };
  const products: Product[] = [];
  const why = new Map<number, string>();
  for (const node of graph.nodes) {
    const weight = given(node.inputs[1] ?? '');
    if (!weight || !kinds.has(node.opType) || node.domain !== '') continue;
    const axis = node.opType === 'Conv' ? 0 : outputAxis(node);
    const bias = given(node.inputs[2] ?? '');
    const reason = refusal(node, weight, bias, axis);
    if (reason !== '') {
      why.set(weight.id, reason);
      continue;
    }
    let [output] = node.outputs;
    const [next, ...others] = readers.get(output) ?? [];
    if (next && others.length === 0 && activations.has(next.opType) && !outputs.has(output))
      [output] = next.outputs;
    const shown = outputs.has(output) ? '' : output;
    const [input] = node.inputs;
    if (given(input)) {
      why.set(weight.id, 'its input is a constant');
      continue;
    }
    products.push({ node: node.path, weight, axis, input, output: shown, bias });
  }
  return { products, why };
}

function refusal(node: GraphNode, weight: Tensor, bias: Tensor | undefined, axis: number): string {
  if (weight.dtype !== 'float32') return `its values are ${weight.dtype}, not float32`;
  if (weight.sparse) return 'it is sparse';
  if (node.opType !== 'Conv' && weight.shape.length !== 2) return 'it is no matrix';
  const factor = (name: string): number => node.attributes.get(name)?.f ?? 1;
  if (node.opType === 'Gemm' && (factor('alpha') !== 1 || factor('beta') !== 1))
    return 'its Gemm multiplies by a factor too';
  if (node.opType === 'Gemm' && (node.attributes.get('transA')?.i ?? 0) !== 0)
    return 'its Gemm transposes its input';
  if ((node.inputs[2] ?? '') === '' || node.opType === 'MatMul') return '';
  const plain = bias?.dtype === 'float32' && !bias.sparse;
  return plain && bias.parameters === weight.shape[axis]
    ? ''
    : 'its bias is not one value an output';
}

function outputAxis(node: GraphNode): number {
  return node.opType === 'Gemm' && node.attributes.get('transB')?.i === 1 ? 0 : 1;
}
