/**
 * The graph of a model as light objects: what later rooms need of it, without any tensor
 * payload. Tensors are named by their position in `Model.tensors`. Source: onnx.proto (IR 3 to 13).
 */

/** Type and shape of a graph input or output; `shape` is undefined when the rank is not given. */
export interface ValueInfo {
  readonly name: string;
  /** TensorProto.DataType code, 0 when unknown or not a tensor. */
  readonly elemType: number;
  /** A number, a symbolic name, or '' for an unknown dimension. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** An attribute; only the members of its kind are set. Long lists (over 65,536) are left out. */
export interface Attribute {
  readonly name: string;
  /** AttributeProto.AttributeType code, 0 when the file does not say. */
  type: number;
  f?: number;
  i?: number;
  s?: string;
  floats?: number[];
  ints?: number[];
  strings?: string[];
  /** Tensor ids: of `t`, of `tensors`, or of a Constant's value held by the attribute itself. */
  tensors?: number[];
  /** Ids of the values and indices of `sparse_tensor` and `sparse_tensors`. */
  sparse?: SparseValues[];
  graphs?: ModelGraph[];
  /** Inside a function: the name of the function's attribute that this one stands for. */
  reference?: string;
}

export interface SparseValues {
  /** Id of the stored values, -1 when the file has none. */
  readonly values: number;
  /** Id of the indices, -1 when the file has none. */
  readonly indices: number;
  /** Shape of the dense tensor. */
  readonly shape: readonly number[];
}

export interface GraphNode {
  /** e.g. `graph.node[7]` */
  readonly path: string;
  readonly name: string;
  readonly opType: string;
  /** '' for the standard operators, also when the file says `ai.onnx`. */
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface ModelGraph {
  readonly path: string;
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  /** Formal inputs; before IR 4 initializers are listed here as well. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** value_info: types and shapes of inner values, as far as the file has them. */
  readonly values: readonly ValueInfo[];
  /** Tensor id by name. */
  readonly initializers: ReadonlyMap<string, number>;
  /** Sparse initializers by name (of their values). */
  readonly sparseInitializers: ReadonlyMap<string, SparseValues>;
}

export interface GraphFunction {
  readonly path: string;
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly GraphNode[];
}

/** Graphs held by a node's attributes (the branches of If, the bodies of Loop and Scan). */
export function subgraphsOf(node: GraphNode): ModelGraph[] {
  const graphs: ModelGraph[] = [];
  for (const attribute of node.attributes.values()) {
    // one by one: a file may hold more than a call takes arguments
    for (const graph of attribute.graphs ?? []) graphs.push(graph);
  }
  return graphs;
}
