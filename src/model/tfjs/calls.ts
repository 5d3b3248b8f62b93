/**
 * The layers of a Keras model as a list of calls in the order of the file, with the values that flow between
 * them; models inside models are laid open. Source: the configs of Keras 2 and 3 as get_config writes them.
 * Limits: models nested up to 16 deep; values that code computes between layers are not in a config.
 */
import { DeepCompressionError } from '../errors.ts';
import { asArray, asObject, type JsonObject } from '../json.ts';

export interface LayerCall {
  readonly className: string;
  /** Of the layer: its weights bear it. */
  readonly layer: string;
  readonly config: JsonObject;
  readonly inputs: readonly string[];
  /** The value it gives. */
  readonly output: string;
}

export interface KerasModel {
  readonly name: string;
  readonly calls: readonly LayerCall[];
  /** Values that the model is given, with their shapes less the batch, and those it gives. */
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | null)[] }[];
  readonly outputs: readonly string[];
}

const deepest = 16;
/** More calls than any model has. */
const mostCalls = 1 << 16;

/** @throws DeepCompressionError `invalid-model`; `path`: of the file */
export function kerasModel(path: string, topology: JsonObject): KerasModel {
  const model = asObject(topology['model_config']) ?? topology;
  return new Unfolder(path).model(model);
}

type Input = KerasModel['inputs'][number];

class Unfolder {
  readonly #calls: LayerCall[] = [];
  readonly #inputs: Input[] = [];
  #steps = 1 << 20;

  constructor(private readonly path: string) {}

  model(model: JsonObject): KerasModel {
    const config = asObject(model['config']);
    const outputs = this.#unfold(model, '', undefined, 0);
    const name = config?.['name'];
    return {
      name: typeof name === 'string' ? name : '',
      ...{ calls: this.#calls, inputs: this.#inputs, outputs },
    };
  }

  /** Adds the calls of a model; `given`: what it is called with. Gives its outputs. */
  #unfold(
    model: JsonObject,
    prefix: string,
    given: readonly string[] | undefined,
    depth: number,
  ): string[] {
    if (depth > deepest) this.#fail(`its models are nested more than ${deepest} deep`);
    const config = asObject(model['config']);
    // of Keras before 2.2, a Sequential was a list
    const list = asArray(config?.['layers']) ?? asArray(model['config']);
    const layers = list?.map((entry) => asObject(entry) ?? this.#fail('a layer is no object'));
    if (!layers) return this.#fail('its topology has no layers');
    return model['class_name'] === 'Sequential'
      ? this.#sequential(layers, prefix, given, depth)
      : this.#functional(config ?? {}, layers, prefix, given, depth);
  }

  #sequential(
    layers: readonly JsonObject[],
    prefix: string,
    given: readonly string[] | undefined,
    depth: number,
  ): string[] {
    let values = given;
    for (const layer of layers) {
      if (values === undefined) {
        const name = `${prefix}${nameOf(layer)}`;
        const own = layer['class_name'] === 'InputLayer';
        this.#addInput(own ? name : `${name}_input`, innerShape(layer));
        values = [this.#inputs.at(-1)!.name];
        if (own) continue;
      } else if (layer['class_name'] === 'InputLayer') continue;
      values = this.#call(layer, prefix, values, 0, depth);
    }
    return [...(values ?? this.#fail('its topology has no layers'))];
  }

  #functional(
    config: JsonObject,
    layers: readonly JsonObject[],
    prefix: string,
    given: readonly string[] | undefined,
    depth: number,
  ): string[] {
    const values = new Map<string, readonly string[]>();
    const key = (name: string, node: number): string => `${node} ${name}`;
    const refs = (list: unknown): string[] =>
      tensorRefs(list).map(([name, node, index]) => {
        const value = values.get(key(name, node))?.[index];
        return value ?? this.#fail(`a layer takes what ${name} gives, which comes later or never`);
      });
    const inputNames = tensorRefs(config['input_layers']).map(([name]) => name);
    const highest = new Map<string, number>();
    for (const list of [...layers.map((layer) => layer['inbound_nodes']), config['output_layers']])
      for (const [name, node] of tensorRefs(list))
        highest.set(name, Math.max(node, highest.get(name) ?? 0));
    // Keras counts the making of a model as its node 0, tfjs does not
    const firstNode = (layer: JsonObject): number => {
      const calls = asArray(layer['inbound_nodes'])?.length ?? 0;
      return isModel(layer) && (highest.get(nameOf(layer)) ?? 0) >= Math.max(1, calls) ? 1 : 0;
    };
    // layers may be listed before what they take: each round calls those whose inputs are there
    let waiting = layers.flatMap((layer) => {
      const nodes = asArray(layer['inbound_nodes']) ?? [];
      const calls = nodes.length > 0 ? nodes : [undefined];
      return calls.map((node, i) => ({ layer, node, i }));
    });
    while (waiting.length > 0) {
      const later: typeof waiting = [];
      for (const call of waiting) {
        const { layer, node, i } = call;
        const name = nameOf(layer);
        if (layer['class_name'] === 'InputLayer') {
          const at = inputNames.indexOf(name);
          const value = given?.[Math.max(0, at)];
          if (value === undefined) this.#addInput(`${prefix}${name}`, innerShape(layer));
          values.set(key(name, 0), [value ?? `${prefix}${name}`]);
          continue;
        }
        const needed = tensorRefs(node);
        if (--this.#steps < 0) this.#fail('its layers are in an order that cannot be followed');
        if (!needed.every(([from, at]) => values.has(key(from, at)))) {
          later.push(call);
          continue;
        }
        const outputs = this.#call(layer, prefix, refs(node), i, depth);
        values.set(key(name, i + firstNode(layer)), outputs);
      }
      if (later.length === waiting.length)
        this.#fail(`layer ${nameOf(later[0]!.layer)} takes what no layer gives`);
      waiting = later;
    }
    return refs(config['output_layers']);
  }

  #call(
    layer: JsonObject,
    prefix: string,
    inputs: readonly string[],
    node: number,
    depth: number,
  ): string[] {
    const className = layer['class_name'];
    const config = asObject(layer['config']);
    if (typeof className !== 'string' || !config)
      return this.#fail('a layer has no class or config');
    const name = nameOf(layer);
    const output = `${prefix}${name}${node === 0 ? '' : `:${node}`}`;
    if (isModel(layer)) return this.#unfold(layer, `${output}/`, inputs, depth + 1);
    if (this.#calls.length >= mostCalls) this.#fail(`it has more than ${mostCalls} layers`);
    this.#calls.push({ className, layer: name, config, inputs, output });
    return [output];
  }

  #addInput(name: string, shape: Input['shape']): void {
    this.#inputs.push({ name, shape });
  }

  #fail(why: string): never {
    throw new DeepCompressionError('invalid-model', `${this.path}: ${why}`);
  }
}

function isModel(layer: JsonObject): boolean {
  const name = layer['class_name'];
  return name === 'Model' || name === 'Functional' || name === 'Sequential';
}

function nameOf(layer: JsonObject): string {
  const name = asObject(layer['config'])?.['name'] ?? layer['name'];
  return typeof name === 'string' ? name : '';
}

/** The shape that a layer states for what it is given, without the batch. */
function innerShape(layer: JsonObject): (number | null)[] {
  const config = asObject(layer['config']);
  const shape = asArray(config?.['batch_input_shape'] ?? config?.['batch_shape']) ?? [];
  return shape.slice(1).map((size) => (typeof size === 'number' ? size : null));
}

type Ref = readonly [layer: string, node: number, index: number];

/** Values of layers that an entry names: triples, in lists or in Keras 3's tensors, in their order. */
function tensorRefs(entry: unknown, depth = 0): Ref[] {
  if (depth > deepest) return [];
  const list = asArray(entry);
  if (list) {
    const [layer, node, index] = list;
    if (typeof layer === 'string' && typeof node === 'number' && typeof index === 'number')
      return [[layer, node, index]];
    return list.flatMap((item) => tensorRefs(item, depth + 1));
  }
  const history = asObject(asObject(entry)?.['config'])?.['keras_history'];
  if (history !== undefined) return tensorRefs(history, depth + 1);
  const args = asObject(entry)?.['args'];
  return args === undefined ? [] : tensorRefs(args, depth + 1);
}
