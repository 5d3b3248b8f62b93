/**
 * The structural editor: takes a model file, changes its graph (edit-graph.ts), and writes it with
 * everything else byte for byte as it was. Payloads are ranges of the file, copied when the result is
 * written and never parsed; a model that nothing was changed in comes out identical.
 */
import { checkRange, type ByteSink, type ByteSource } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';
import { FunctionEdit, GraphEdit, type NodeEdit } from './edit-graph.ts';
import { intField, messageField, textField } from './edit-fields.ts';
import { Message, openField, readMessage, type Range } from './edit-message.ts';
import { copyBytes } from './rewrite.ts';

export class ModelEdit {
  readonly graph: GraphEdit;
  readonly functions: readonly FunctionEdit[];
  readonly #name: string;
  readonly #message: Message;
  #names: Set<string> | undefined;

  /** @param source a model file that openOnnx has opened, and so has checked */
  constructor(source: ByteSource) {
    this.#name = source.name;
    this.#message = readMessage(source);
    const graph = this.#message.all(7).at(-1);
    if (graph === undefined)
      throw new DeepCompressionError('invalid-model', `${source.name} holds no graph`);
    this.graph = new GraphEdit(openField(graph), 'graph');
    this.functions = this.#message
      .all(25)
      .map((field, i) => new FunctionEdit(openField(field), `functions[${i}]`));
  }

  get irVersion(): number {
    return this.#message.int(1);
  }
  set irVersion(version: number) {
    this.#message.replaceAll(1, [intField(1, version)]);
  }

  /** Version of an operator set by its domain, '' for the standard operators; 0: not imported. */
  opset(domain: string): number {
    return this.#opset(domain)?.int(2) ?? 0;
  }
  setOpset(domain: string, version: number): void {
    const known = this.#opset(domain);
    if (known) known.replaceAll(2, [intField(2, version)]);
    else {
      const made = new Message([textField(1, domain), intField(2, version)]);
      this.#message.insert(
        [messageField(8, made)],
        this.#message.after(this.#message.all(8).at(-1)),
      );
    }
  }
  #opset(domain: string): Message | undefined {
    const same = (name: string): boolean => (name === 'ai.onnx' ? '' : name) === domain;
    return this.#message
      .all(8)
      .map(openField)
      .findLast((m) => same(m.text(1)));
  }

  /** The graph of this path (`ModelGraph.path`), bodies included. */
  graphAt(path: string): GraphEdit {
    for (const graph of this.everyGraph()) if (graph.path === path) return graph;
    throw new Error(`there is no graph ${path}`);
  }

  /** The node of this path (`GraphNode.path`). */
  nodeAt(path: string): NodeEdit {
    for (const list of [...this.everyGraph(), ...this.functions])
      for (const node of list.nodes) if (node.path === path) return node;
    throw new Error(`there is no node ${path}`);
  }

  /** The main graph and all bodies, those in functions included, outer ones first. */
  *everyGraph(): Generator<GraphEdit> {
    const inside = function* (nodes: readonly NodeEdit[]): Generator<GraphEdit> {
      for (const node of nodes)
        for (const body of node.bodies) {
          yield body;
          yield* inside(body.nodes);
        }
    };
    yield this.graph;
    yield* inside(this.graph.nodes);
    for (const body of this.functions) yield* inside(body.nodes);
  }

  /** A value name that nothing in the model has yet, and that now is taken. */
  freshName(wanted: string): string {
    const names = (this.#names ??= this.#everyName());
    let name = wanted;
    for (let i = 1; names.has(name); i++) name = `${wanted}_${i}`;
    names.add(name);
    return name;
  }

  #everyName(): Set<string> {
    const names = new Set<string>();
    const add = (all: readonly string[]): void => all.forEach((name) => names.add(name));
    for (const graph of this.everyGraph()) {
      add([...graph.inputs, ...graph.outputs, ...graph.initializers].map((v) => v.name));
      for (const node of graph.nodes) add([...node.inputs, ...node.outputs]);
    }
    for (const body of this.functions) {
      add([...body.inputs, ...body.outputs]);
      for (const node of body.nodes) add([...node.inputs, ...node.outputs]);
    }
    return names;
  }

  /** The edited file as ranges of sources, one after another. */
  ranges(): Range[] {
    const ranges: Range[] = [];
    this.#message.write(ranges);
    return ranges;
  }

  /** Writes the edited file; external data stay where they are. */
  write(sink: ByteSink): void {
    for (const { source, start, end } of this.ranges()) copyBytes(source, start, end - start, sink);
  }

  /** The edited file as it is now, to be opened and read without being written first. */
  source(): ByteSource {
    const ranges = this.ranges();
    const starts: number[] = [];
    let size = 0;
    for (const { start, end } of ranges) {
      starts.push(size);
      size += end - start;
    }
    const source: ByteSource = {
      name: this.#name,
      size,
      readInto(target, offset) {
        checkRange(source, offset, target.length);
        let i = lastAtMost(starts, offset);
        for (let done = 0; done < target.length; i++) {
          const { source: from, start, end } = ranges[i];
          const skip = offset + done - starts[i];
          const count = Math.min(target.length - done, end - start - skip);
          from.readInto(target.subarray(done, done + count), start + skip);
          done += count;
        }
      },
    };
    return source;
  }
}

/** Where the last of the ascending `starts` that is not above `value` stands. */
function lastAtMost(starts: readonly number[], value: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
