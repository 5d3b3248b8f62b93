/**
 * The structural editor against onnx-buf: the same random changes made to the decoded messages give the
 * same model, and what was not changed is the same bytes.
 */
import { create, fromBinary, toBinary, type Message } from '@bufbuild/protobuf';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import test from 'node:test';
import * as onnx from 'onnx-buf';
import { memorySink, memorySource } from '../../../src/model/bytes.ts';
import { ModelEdit } from '../../../src/model/onnx/edit.ts';
import type { GraphEdit } from '../../../src/model/onnx/edit-graph.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import {
  graph,
  layerModel,
  model,
  node,
  tensor,
  value,
  type GraphInit,
} from '../../fixtures/onnx-writer.ts';
import { open, tensorOf, valuesOf } from './support.ts';

type Random = () => number;
const pick = (random: Random, count: number): number => Math.floor(random() * count);

/** A field that no schema has, as a newer or a foreign writer would leave it. */
function marked<T extends Message>(message: T, random: Random): T {
  if (random() < 0.4) {
    const data = Uint8Array.of(3, pick(random, 256), 7, 7);
    message.$unknown = [{ no: 900 + pick(random, 90), wireType: 2, data }];
  }
  return message;
}

function randomGraph(random: Random, depth: number): onnx.GraphProto {
  const name = (): string => `v${pick(random, 12)}`;
  const nodes = Array.from({ length: 1 + pick(random, 5) }, (_, i) => {
    const body = depth > 0 && random() < 0.4;
    const made = node(body ? 'If' : 'Sum', [name(), '', name()], [`d${depth}o${i}`], {
      alpha: { float: random() },
      pads: [1, -1, 2 ** 40],
      ...(body && { then_branch: { graph: randomGraph(random, depth - 1) as GraphInit } }),
    });
    return marked(create(onnx.NodeProtoSchema, made), random);
  });
  const initializer = Array.from({ length: pick(random, 4) }, (_, i) => {
    const form = random() < 0.5 ? 'raw' : 'data';
    return marked(create(onnx.TensorProtoSchema, tensor(`v${i}`, [2, 1 + i], { form })), random);
  });
  const made = graph(nodes, {
    initializers: initializer,
    inputs: initializer.map(({ name: n }) => value(n, [2, 'n'])),
    outputs: [value('d0o0', ['batch', 3])],
  });
  const message = create(onnx.GraphProtoSchema, made);
  message.valueInfo = [marked(create(onnx.ValueInfoProtoSchema, value('v1', [4, 'n', 4])), random)];
  return marked(message, random);
}

function randomModel(random: Random): Uint8Array<ArrayBuffer> {
  const bytes = model(randomGraph(random, 2) as GraphInit, {
    functions: [
      create(onnx.FunctionProtoSchema, {
        ...{ name: 'f', domain: 'local', input: ['a'], output: ['b'] },
        node: [create(onnx.NodeProtoSchema, node('Neg', ['a'], ['b']))],
      }),
    ],
  });
  const message = marked(fromBinary(onnx.ModelProtoSchema, bytes), random);
  return toBinary(onnx.ModelProtoSchema, message);
}

const made = (): { dtype: 'uint8'; shape: number[]; data: Uint8Array<ArrayBuffer> } => ({
  ...{ dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 255) },
});
const madeProto = (name: string): onnx.TensorProto =>
  create(onnx.TensorProtoSchema, { name, dims: [3n], dataType: 2, rawData: made().data });

/** Makes one random change to both; `ours` and `theirs` are the same graph. */
function change(ours: GraphEdit, theirs: onnx.GraphProto, random: Random): void {
  const i = pick(random, theirs.node.length);
  const [mine, their] = [ours.nodes[i], theirs.node[i]];
  switch (pick(random, 10)) {
    case 0: {
      mine.inputs = their.input = ['changed', ...their.input.slice(1)];
      return;
    }
    case 1:
      if (theirs.node.length < 2) return;
      ours.removeNode(mine);
      theirs.node.splice(i, 1);
      return;
    case 2: {
      const inputs = ['v1', '', 'p'];
      const attributes = { axis: { int: -3 }, to: { string: 'π' }, w: { floats: [1.5, -2] } };
      ours.addNode(
        { opType: 'New', domain: 'x.y', name: 'n', inputs, outputs: ['q'], attributes },
        mine,
      );
      const same = node('x.y:New', inputs, ['q'], { axis: -3, to: 'π', w: { floats: [1.5, -2] } });
      theirs.node.splice(i, 0, create(onnx.NodeProtoSchema, { ...same, name: 'n' }));
      return;
    }
    case 3:
      ours.addNode({ opType: 'End', inputs: [], outputs: ['e'] });
      theirs.node.push(create(onnx.NodeProtoSchema, { opType: 'End', output: ['e'] }));
      return;
    case 4: {
      mine.setAttribute('pads', { ints: [7, -9] });
      const [attribute] = node('', [], [], { pads: [7, -9] }).attribute as onnx.AttributeProto[];
      const at = their.attribute.findIndex((a) => a.name === 'pads');
      const proto = create(onnx.AttributeProtoSchema, attribute);
      if (at < 0) their.attribute.push(proto);
      else their.attribute[at] = proto;
      return;
    }
    case 5:
      mine.setAttribute('alpha', undefined);
      their.attribute = their.attribute.filter((a) => a.name !== 'alpha');
      return;
    case 6: {
      const name = `v${pick(random, 5)}`;
      ours.setInitializer(name, made());
      const old = theirs.initializer.find((t) => t.name === name);
      if (old)
        Object.assign(old, {
          ...madeProto(name),
          $unknown: old.$unknown,
          $typeName: old.$typeName,
          floatData: [],
        });
      else theirs.initializer.push(madeProto(name));
      for (const info of [...theirs.input, ...theirs.valueInfo])
        if (info.name === name)
          info.type = create(onnx.ValueInfoProtoSchema, typed('uint8', [3])).type!;
      return;
    }
    case 7: {
      const [first] = theirs.initializer;
      if (!first) return;
      ours.removeInitializer(first.name);
      theirs.initializer.shift();
      theirs.input = theirs.input.filter((v) => v.name !== first.name);
      theirs.valueInfo = theirs.valueInfo.filter((v) => v.name !== first.name);
      return;
    }
    case 8:
      ours.addOutput('shown');
      theirs.output.push(create(onnx.ValueInfoProtoSchema, { name: 'shown' }));
      return;
    default:
      ours.outputs[0].setType('float16', ['batch', 5]);
      theirs.output[0].type = create(
        onnx.ValueInfoProtoSchema,
        typed('float16', ['batch', 5]),
      ).type!;
  }
}

function typed(
  dtype: 'uint8' | 'float16',
  shape: readonly (number | string)[],
): ReturnType<typeof value> {
  const info = create(onnx.ValueInfoProtoSchema, value('', shape));
  if (info.type?.value.case === 'tensorType')
    info.type.value.value.elemType = dtype === 'uint8' ? 2 : 10;
  return info;
}

const edit = (bytes: Uint8Array): ModelEdit => new ModelEdit(memorySource('m.onnx', bytes));

function written(editor: ModelEdit): Uint8Array {
  const sink = memorySink();
  editor.write(sink);
  return sink.take();
}

/** Graphs of both, outer ones first. */
function graphsOf(theirs: onnx.GraphProto): onnx.GraphProto[] {
  const inner = theirs.node.flatMap((n) => n.attribute.flatMap((a) => (a.g ? graphsOf(a.g) : [])));
  return [theirs, ...inner];
}

test('random changes make the model that the same changes to decoded messages make', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = mulberry32(seed);
      const bytes = randomModel(random);
      const editor = edit(bytes);
      const theirs = fromBinary(onnx.ModelProtoSchema, bytes);
      for (let left = 1 + pick(random, 6); left > 0; left--) {
        const ours = [...editor.everyGraph()];
        const protos = graphsOf(theirs.graph!);
        assert.equal(ours.length, protos.length);
        const i = pick(random, ours.length);
        change(ours[i], protos[i], random);
      }
      const after = written(editor);
      const again = toBinary(onnx.ModelProtoSchema, fromBinary(onnx.ModelProtoSchema, after));
      assert.deepEqual(Buffer.from(again), Buffer.from(toBinary(onnx.ModelProtoSchema, theirs)));
      const source = editor.source();
      const read = new Uint8Array(source.size);
      for (let at = 0; at < read.length; at += 7)
        source.readInto(read.subarray(at, Math.min(at + 7, read.length)), at);
      assert.deepEqual(Buffer.from(read), Buffer.from(after));
    }),
    { numRuns: 400 },
  );
});

test('a model that was looked through but not changed comes out identical', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const bytes = randomModel(mulberry32(seed));
      const editor = edit(bytes);
      for (const body of editor.everyGraph()) {
        for (const n of body.nodes) n.inputs = n.inputs;
        for (const v of [...body.inputs, ...body.values, ...body.outputs])
          v.setType(v.dtype, v.shape);
        assert.ok(body.initializers.every((t) => t.shape.length === 2));
      }
      assert.deepEqual(Buffer.from(written(editor)), Buffer.from(bytes));
    }),
    { numRuns: 100 },
  );
});

test('every node outside a change keeps its bytes and its place', () => {
  const bytes = layerModel('Conv');
  const editor = edit(bytes);
  editor.graph.addOutput('x');
  const after = Buffer.from(written(editor));
  const before = Buffer.from(bytes);
  // one field of 5 bytes at the end of the graph; the length before the graph keeps its width
  assert.equal(after.length, before.length + 5);
  const graphAt = before.indexOf(Buffer.from('Conv'));
  assert.deepEqual(
    after.subarray(graphAt, after.indexOf('y') + 1),
    before.subarray(graphAt, before.indexOf('y') + 1),
  );
});

test('payloads are not read until the result is written', () => {
  const large = tensor('w', [1000, 300]);
  const inner = memorySource(
    'm.onnx',
    model(graph([node('Sum', ['w'], ['y'])], { initializers: [large], outputs: [value('y', [])] })),
  );
  let read = 0;
  const source = {
    ...inner,
    readInto(target: Uint8Array, offset: number): void {
      read += target.length;
      inner.readInto(target, offset);
    },
  };
  const editor = new ModelEdit(source);
  editor.graph.addNode({ opType: 'Relu', inputs: ['y'], outputs: [editor.freshName('y')] });
  editor.graph.addOutput('y_1');
  editor.graph.initializer('w')!.shape = [300, 1000];
  const edited = editor.source();
  assert.equal(edited.size > inner.size, true);
  assert.ok(read < 8192, `${read} bytes of ${inner.size} were read`);
});

test('an edited model opens from its ranges, and reads new values and old ones', () => {
  const editor = edit(layerModel('Gemm'));
  const values = Float32Array.from({ length: 12 }, (_, i) => i / 4);
  editor.graph.setInitializer('w', {
    dtype: 'float32',
    shape: [6, 2],
    data: new Uint8Array(values.buffer),
  });
  const source = editor.source();
  const bytes = new Uint8Array(source.size);
  source.readInto(bytes, 0);
  const opened = open(bytes);
  assert.deepEqual(tensorOf(opened, 'w').shape, [6, 2]);
  assert.deepEqual(valuesOf(opened, 'w'), [...values]);
  assert.deepEqual(valuesOf(opened, 'b'), valuesOf(open(layerModel('Gemm')), 'b'));
});

test('readers in bodies follow a value that is reconnected, unless the body hides the name', () => {
  const body = (inner: GraphInit): Uint8Array =>
    model(
      graph(
        [node('Abs', ['x'], ['v']), node('If', ['c'], ['z'], { then_branch: { graph: inner } })],
        { inputs: [value('x', [1])] },
      ),
    );
  const reads = graph([node('Neg', ['v'], ['z'])], { outputs: [value('z', [1])] });
  const hides = graph([node('Exp', ['u'], ['v']), node('Neg', ['v'], ['z'])], {
    outputs: [value('z', [1])],
  });
  for (const [inner, expected] of [
    [reads, 'w'],
    [hides, 'v'],
  ] as const) {
    const editor = edit(body(inner));
    editor.graph.reconnect('v', 'w');
    assert.equal(editor.graph.nodes[1].bodies[0].nodes.at(-1)?.inputs[0], expected);
  }
});

test('nodes and graphs are found by the paths that the index gives them', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const bytes = randomModel(mulberry32(seed));
      const editor = edit(bytes);
      const index = open(bytes);
      const walk = (g: (typeof index)['graph']): void => {
        assert.equal(editor.graphAt(g.path).nodes.length, g.nodes.length);
        for (const n of g.nodes) {
          assert.deepEqual(editor.nodeAt(n.path).outputs, n.outputs);
          for (const a of n.attributes.values()) for (const sub of a.graphs ?? []) walk(sub);
        }
      };
      walk(index.graph);
      assert.equal(editor.nodeAt('functions[0].node[0]').opType, 'Neg');
    }),
    { numRuns: 60 },
  );
});
