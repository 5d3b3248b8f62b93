/**
 * A model that also gives out inner values. In the main graph they become outputs by appending a
 * second `graph` field to the file, which protocol buffers merge with the first: no byte of the model
 * is rewritten. Values inside the bodies of If, Loop, Scan and functions are handed outwards: as outputs
 * of If, whose other branch gives none of them (an empty tensor); as scan outputs of Loop and Scan, one an
 * iteration; as further outputs of functions and their calls. Sources: ONNX IR, Operators (If, Loop, Scan).
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { FunctionProto, GraphProto, ModelProto, NodeProto, ValueInfoProto } from 'onnx-buf';
import { DeepCompressionError } from '../model/errors.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import {
  subgraphsOf,
  type GraphFunction,
  type ModelGraph,
  type GraphNode,
} from '../model/graph.ts';
import { intAttribute } from '../model/proto-attributes.ts';
import { makeNode } from '../train/graph.ts';
import { memorySource } from '../model/bytes.ts';
import { withOutputs } from '../model/onnx/with-outputs.ts';
import type { Place } from './uses.ts';

/** A value that is wanted: of a place by name, or ('') the first output of a node that names none. */
export interface Wanted {
  readonly place: Place;
  readonly node: GraphNode;
  readonly value: string;
}

export interface Extended {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * For each wanted value the model's output that shows it, and how many leading axes Loop and Scan put
   * before its own; undefined for an input of the model, which is fed.
   */
  readonly outputs: readonly { readonly name: string; readonly stacked: number }[];
}

/**
 * @param bytes of the whole model, its external data inside where bodies have wanted values
 * @throws DeepCompressionError `invalid-model` when the bytes are no model
 */
export function extendModel(
  model: OnnxModel,
  bytes: Uint8Array<ArrayBuffer>,
  wanted: readonly Wanted[],
): Extended {
  const { inputs, outputs, initializers } = model.graph;
  const shown = new Set(outputs.map((o) => o.name));
  const fed = new Set(inputs.map((i) => i.name).filter((name) => !initializers.has(name)));
  const inMain = (name: string): { name: string; stacked: number } => ({ name, stacked: 0 });
  if (wanted.every(({ place, value }) => !place.inside && value !== '')) {
    const names = new Set(wanted.map((w) => w.value));
    const shows = [...names].filter((name) => !shown.has(name) && !fed.has(name));
    const whole = withOutputs(memorySource(model.path, bytes), shows);
    return { bytes: whole, outputs: wanted.map(({ value }) => inMain(value)) };
  }
  const extension = new Extension(model, bytes);
  const found = wanted.map(({ place, node, value }) => {
    if (!place.inside && fed.has(value)) return inMain(value);
    return extension.show(place, value === '' ? extension.firstOutput(node) : value);
  });
  return { bytes: extension.encode(), outputs: found };
}

type Body = GraphProto | FunctionProto;
interface Shown {
  readonly name: string;
  readonly stacked: number;
}

class Extension {
  readonly #proto: ModelProto;
  /** Messages by the light objects that stand for them. */
  readonly #nodes = new Map<GraphNode, NodeProto>();
  readonly #bodies = new Map<ModelGraph | GraphFunction, Body>();
  /** What was made of a name already, by the message it was made in. */
  readonly #made = new Map<Body | NodeProto, Map<string, string>>();
  /** Scan of opset 8 stacks over a batch and the iterations. */
  readonly #scanAxes: number;
  #names = 0;

  constructor(model: OnnxModel, bytes: Uint8Array) {
    try {
      this.#proto = fromBinary(ModelProtoSchema, bytes);
    } catch (cause) {
      throw new DeepCompressionError('invalid-model', 'not an ONNX model', { cause });
    }
    this.#scanAxes = (model.opsets['ai.onnx'] ?? 9) < 9 ? 2 : 1;
    if (this.#proto.graph) this.#pair(model.graph, this.#proto.graph);
    model.functions.forEach((body, i) => this.#pair(body, this.#proto.functions[i]!));
  }

  encode(): Uint8Array<ArrayBuffer> {
    return toBinary(ModelProtoSchema, this.#proto);
  }

  /** The name of a node's first output, which it gets here. */
  firstOutput(node: GraphNode): string {
    const proto = this.#nodes.get(node)!;
    if (proto.output.length === 0) proto.output.push('');
    return (proto.output[0] ||= this.#fresh());
  }

  /** Makes a value of a place an output of the model. */
  show(place: Place, value: string): Shown {
    if (!place.inside) {
      const { output } = this.#proto.graph!;
      if (!output.some(({ name }) => name === value))
        output.push(create(ValueInfoProtoSchema, { name: value }));
      return { name: value, stacked: 0 };
    }
    const body = this.#bodies.get(place.inside.body)!;
    // a copy as float: outputs of a body are its own values, and branches agree in their type
    const copy = this.#once(body, `copy ${value}`, () => {
      const name = this.#fresh();
      body.node.push(makeNode('Cast', [value], [name], [intAttribute('to', float)]));
      return name;
    });
    return this.#outwards(place, copy);
  }

  /** A value of a body as one of the place around it, and on to the main graph. */
  #outwards(place: Place, value: string): Shown {
    if (!place.inside) return this.show(place, value);
    const { parent, owner, body, called } = place.inside;
    const node = this.#nodes.get(owner)!;
    const own = this.#bodies.get(body)!;
    const outside = this.#once(node, `${body.path} ${value}`, () => {
      if (called) return this.#calledOutput(node, own as FunctionProto, value);
      return this.#bodyOutput(node, own as GraphProto, value);
    });
    const { name, stacked } = this.#outwards(parent, outside);
    const axes = called || owner.opType === 'If' ? 0 : owner.opType === 'Scan' ? this.#scanAxes : 1;
    return { name, stacked: stacked + axes };
  }

  #calledOutput(node: NodeProto, body: FunctionProto, value: string): string {
    this.#once(body, `output ${value}`, () => {
      body.output.push(value);
      return value;
    });
    return this.#outputAt(node, body.output.indexOf(value));
  }

  #bodyOutput(node: NodeProto, body: GraphProto, value: string): string {
    const before = body.output.length;
    for (const { g } of node.attribute) {
      if (!g) continue;
      let name = value;
      if (g !== body) {
        name = this.#fresh();
        const t = create(TensorProtoSchema, { dims: [0n], dataType: float });
        const attribute = { name: 'value', type: AttributeProto_AttributeType.TENSOR, t };
        g.node.push(makeNode('Constant', [], [name], [create(AttributeProtoSchema, attribute)]));
      }
      g.output.push(floatValue(name));
    }
    // attributes that have an entry for every scan output
    for (const { name, ints } of node.attribute)
      if (name === 'scan_output_axes' || name === 'scan_output_directions') ints.push(0n);
    return this.#outputAt(node, node.opType === 'Loop' ? before - 1 : before);
  }

  /** The name of a node's output; those before it that have none get one. */
  #outputAt(node: NodeProto, index: number): string {
    while (node.output.length <= index) node.output.push(this.#fresh());
    return (node.output[index] ||= this.#fresh());
  }

  #once(where: Body | NodeProto, key: string, make: () => string): string {
    let made = this.#made.get(where);
    if (!made) this.#made.set(where, (made = new Map()));
    let name = made.get(key);
    if (name === undefined) made.set(key, (name = make()));
    return name;
  }

  #fresh(): string {
    return `deepc.calibration.${this.#names++}`;
  }

  #pair(body: ModelGraph | GraphFunction, proto: Body): void {
    this.#bodies.set(body, proto);
    body.nodes.forEach((node, i) => {
      const message = proto.node[i]!;
      this.#nodes.set(node, message);
      const graphs = message.attribute.flatMap(({ g, graphs: list }) => (g ? [g, ...list] : list));
      subgraphsOf(node).forEach((graph, k) => this.#pair(graph, graphs[k]!));
    });
  }
}

const float = TensorProto_DataType.FLOAT;

function floatValue(name: string): ValueInfoProto {
  const tensorType = { case: 'tensorType' as const, value: { elemType: float } };
  return create(ValueInfoProtoSchema, { name, type: { value: tensorType } });
}
