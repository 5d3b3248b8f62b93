/**
 * What can be changed in a graph or in the body of a function: its nodes, initializers, inputs, outputs and
 * typed values. What is not changed stays as it lies in the file, unknown fields and order included.
 * Source: onnx.proto.
 */
import type { DType } from '../dtype.ts';
import { messageField, textField } from './edit-fields.ts';
import { openField, textOf, type Field, type Message } from './edit-message.ts';
import {
  attributeMessage,
  nodeMessage,
  tensorMessage,
  valueMessage,
  type Dimensions,
  type NewAttribute,
  type NewNode,
  type NewTensor,
} from './edit-parts.ts';
import { TensorEdit, ValueEdit } from './edit-tensor.ts';
import { attributePath } from './parse-graph.ts';

export class NodeEdit {
  readonly #message: Message;
  #bodies: readonly GraphEdit[] | undefined;

  /** @param path where it stood in the file; '' when it is new */
  constructor(
    readonly field: Field,
    readonly path: string,
  ) {
    this.#message = openField(field);
  }

  get opType(): string {
    return this.#message.text(4);
  }
  get name(): string {
    return this.#message.text(3);
  }
  /** '' for the standard operators, also when the file says `ai.onnx`. */
  get domain(): string {
    const domain = this.#message.text(7);
    return domain === 'ai.onnx' ? '' : domain;
  }
  get inputs(): string[] {
    return this.#message.texts(1);
  }
  get outputs(): string[] {
    return this.#message.texts(2);
  }

  set opType(value: string) {
    this.#message.replaceAll(4, [textField(4, value)]);
  }
  set domain(value: string) {
    this.#message.replaceAll(7, value === '' ? [] : [textField(7, value)]);
  }
  set inputs(names: readonly string[]) {
    this.#rename(1, names);
  }
  set outputs(names: readonly string[]) {
    this.#rename(2, names);
  }

  #rename(number: number, names: readonly string[]): void {
    const old = this.#message.all(number);
    const made = names.map((name, i) =>
      old[i] !== undefined && textOf(old[i]) === name ? old[i] : textField(number, name),
    );
    if (made.length === old.length && made.every((field, i) => field === old[i])) return;
    this.#message.replaceAll(number, made);
  }

  /** Sets or replaces an attribute; undefined removes it. */
  setAttribute(name: string, value: NewAttribute | undefined): void {
    const old = this.#attribute(name);
    this.#bodies = undefined;
    if (value === undefined) {
      if (old) this.#message.remove(old);
      return;
    }
    const made = messageField(5, attributeMessage(name, value));
    if (old) this.#message.replace(old, made);
    else this.#message.insert([made]);
  }

  /** The tensor that an attribute holds. */
  tensor(name: string): TensorEdit | undefined {
    const attribute = this.#attribute(name);
    const tensor = attribute && openField(attribute).last(5);
    return tensor && new TensorEdit(tensor);
  }

  #attribute(name: string): Field | undefined {
    return this.#message.all(5).find((field) => openField(field).text(1) === name);
  }

  /** Graphs held by attributes: the branches of If, the bodies of Loop and Scan. */
  get bodies(): readonly GraphEdit[] {
    return (this.#bodies ??= this.#message.all(5).flatMap((field) => {
      const attribute = openField(field);
      const path = attributePath(this.path, attribute.text(1), field.valueAt);
      const graph = (f: Field, at: string): GraphEdit => new GraphEdit(openField(f), path + at);
      return [
        ...attribute.all(6).map((f) => graph(f, '.g')),
        ...attribute.all(11).map((f, i) => graph(f, `.graphs[${i}]`)),
      ];
    }));
  }
}

/** Nodes in order: a graph's, or a function's. */
class NodeList {
  readonly nodes: NodeEdit[];
  readonly #number: number;

  constructor(
    protected readonly message: Message,
    readonly path: string,
    number: number,
  ) {
    this.#number = number;
    this.nodes = message.all(number).map((field, i) => new NodeEdit(field, `${path}.node[${i}]`));
  }

  /** Adds a node before another one, or behind the last. Runtimes want nodes behind what they read. */
  addNode(node: NewNode, before?: NodeEdit): NodeEdit {
    const field = messageField(this.#number, nodeMessage(node));
    const made = new NodeEdit(field, '');
    const at = before === undefined ? this.nodes.length : this.nodes.indexOf(before);
    if (at < 0) throw new Error('a node of another graph');
    const next = before?.field ?? this.message.after(this.nodes.at(-1)?.field);
    this.message.insert([field], next);
    this.nodes.splice(at, 0, made);
    return made;
  }

  removeNode(node: NodeEdit): void {
    const at = this.nodes.indexOf(node);
    if (at < 0) throw new Error('a node of another graph');
    this.nodes.splice(at, 1);
    this.message.remove(node.field);
  }

  /** Lets every reader of a value of this graph, those in bodies of its nodes included, read another. */
  reconnect(from: string, to: string): void {
    for (const node of this.nodes) {
      const { inputs } = node;
      if (inputs.includes(from)) node.inputs = inputs.map((name) => (name === from ? to : name));
      for (const body of node.bodies) if (!body.defines(from)) body.reconnect(from, to);
    }
  }
}

/** FunctionProto. */
export class FunctionEdit extends NodeList {
  constructor(message: Message, path: string) {
    super(message, path, 7);
  }
  get name(): string {
    return this.message.text(1);
  }
  get inputs(): string[] {
    return this.message.texts(4);
  }
  get outputs(): string[] {
    return this.message.texts(5);
  }
  set outputs(names: readonly string[]) {
    this.message.replaceAll(
      5,
      names.map((name) => textField(5, name)),
    );
  }
}

/** GraphProto. */
export class GraphEdit extends NodeList {
  constructor(message: Message, path: string) {
    super(message, path, 1);
  }

  get initializers(): TensorEdit[] {
    return this.message.all(5).map((field) => new TensorEdit(field));
  }
  get inputs(): ValueEdit[] {
    return this.message.all(11).map((field) => new ValueEdit(field));
  }
  get outputs(): ValueEdit[] {
    return this.message.all(12).map((field) => new ValueEdit(field));
  }
  /** Types and shapes of inner values, as far as the file has them. */
  get values(): ValueEdit[] {
    return this.message.all(13).map((field) => new ValueEdit(field));
  }

  initializer(name: string): TensorEdit | undefined {
    const found = this.message.all(5).find((field) => openField(field).text(8) === name);
    return found && new TensorEdit(found);
  }

  /** Adds an initializer, or gives the one of this name other values, and its formal input their shape. */
  setInitializer(name: string, tensor: NewTensor): void {
    const old = this.initializer(name);
    if (old === undefined) this.#add(5, tensorMessage(name, tensor));
    else old.replace(tensor);
    for (const value of [...this.inputs, ...this.values])
      if (value.name === name) value.setType(tensor.dtype, tensor.shape);
  }

  /** Removes an initializer with the formal input that stands for it (IR 3 lists them). */
  removeInitializer(name: string): void {
    const found = this.initializer(name);
    if (found === undefined) throw new Error(`there is no initializer ${name}`);
    this.message.remove(found.field);
    for (const value of [...this.inputs, ...this.values])
      if (value.name === name) this.message.remove(value.field);
  }

  /** Shows a value as the last output; without a type the runtime infers it. */
  addOutput(name: string, dtype?: DType, shape?: Dimensions): void {
    this.#add(12, valueMessage(name, dtype, shape));
  }
  addInput(name: string, dtype?: DType, shape?: Dimensions): void {
    this.#add(11, valueMessage(name, dtype, shape));
  }
  /** Removes an input, an output or the type of an inner value. */
  removeValue(value: ValueEdit): void {
    this.message.remove(value.field);
  }

  /** True when this graph makes the value itself: names of graphs around it are then hidden. */
  defines(name: string): boolean {
    return (
      this.inputs.some((value) => value.name === name) ||
      this.initializer(name) !== undefined ||
      this.nodes.some((node) => node.outputs.includes(name))
    );
  }

  #add(number: number, message: Message): void {
    this.message.insert(
      [messageField(number, message)],
      this.message.after(this.message.all(number).at(-1)),
    );
  }
}
