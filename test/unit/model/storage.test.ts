/** Every storage form of every type: indexed, read in any piece, and replaced. */
import { fromBinary } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import test from 'node:test';
import { ModelProtoSchema, type TensorProto } from 'onnx-buf';
import { isCodable } from '../../../src/model/coded-as.ts';
import { bitsOf } from '../../../src/model/dtype.ts';
import type { Model } from '../../../src/model/model.ts';
import {
  constant,
  externalTensor,
  graph,
  model,
  node,
  ramp,
  tensor,
  type Form,
  type WritableDType,
} from '../../fixtures/onnx-writer.ts';
import {
  bytesField,
  concat,
  fixedField,
  float32Bytes,
  intField,
  modelBytes,
  textField,
  varint,
} from '../../fixtures/wire-writer.ts';
import { open, rewritten, saying, tensorOf, valuesOf } from './support.ts';

const forms: readonly Form[] = ['raw', 'data', 'unpacked', 'chunks'];
const floats: readonly WritableDType[] = ['float32', 'float64', 'float16', 'bfloat16'];
const tensors = (bytes: Uint8Array): TensorProto[] =>
  fromBinary(ModelProtoSchema, bytes).graph?.initializer ?? [];

for (const dtype of floats) {
  for (const form of forms) {
    test(`${dtype} as ${form} is read in every piece`, () => {
      const values = ramp(37);
      const opened = open(model(graph([], { initializers: [tensor('w', [37], { dtype, form })] })));
      const w = tensorOf(opened, 'w');
      for (let start = 0; start <= 37; start++) {
        for (const length of [0, 1, 5, 37 - start]) {
          if (start + length > 37) continue;
          for (const target of [new Float32Array(length), new Float64Array(length)]) {
            opened.reader.readValues(w, start, target);
            assert.deepEqual([...target], values.slice(start, start + length));
          }
        }
      }
    });

    test(`${dtype} as ${form} is replaced, and onnx-buf reads the new values`, () => {
      const before = [tensor('a', [3]), tensor('w', [37], { dtype, form }), tensor('z', [2])];
      const bytes = model(graph([node('Relu', ['x'], ['y'])], { initializers: before }));
      const opened = open(bytes);
      const values = Float64Array.from(ramp(37, 1));
      const [after] = rewritten(opened, new Map([[1, values]]));
      const again = open(after);
      assert.deepEqual(valuesOf(again, 'w'), [...values]);
      assert.deepEqual(valuesOf(again, 'a'), ramp(3));
      assert.deepEqual(valuesOf(again, 'z'), ramp(2));
      const [, w] = tensors(after);
      assert.equal(w.name, 'w');
      const stored = [w.rawData.length > 0, w.floatData.length > 0, w.doubleData.length > 0];
      const typed = form === 'data' && (dtype === 'float32' || dtype === 'float64');
      assert.deepEqual(stored, [
        !typed,
        typed && dtype === 'float32',
        typed && dtype === 'float64',
      ]);
      assert.equal(w.int32Data.length, 0);
      if (form === 'raw' || typed) assert.equal(after.length, bytes.length);
    });
  }
}

test('a replaced payload leaves every other byte as it was', () => {
  const bytes = model(
    graph([], { initializers: [tensor('a', [3]), tensor('w', [8]), tensor('z', [2])] }),
  );
  const opened = open(bytes);
  const [after] = rewritten(opened, new Map([[1, new Float32Array(8).fill(9)]]));
  const [segments] = opened.writer.layout(new Set([1]));
  const [head, hole, tail] = segments;
  assert.equal(segments.length, 3);
  assert.ok(head.kind === 'copy' && hole.kind === 'hole' && tail.kind === 'copy');
  assert.equal(hole.length, 32);
  assert.deepEqual(after.subarray(0, head.length), bytes.subarray(0, head.length));
  assert.deepEqual(after.subarray(tail.offset), bytes.subarray(tail.offset));
});

test('an unedited layout is one copy a file', () => {
  const bytes = model(
    graph([], { initializers: [externalTensor('w', [2], { location: 'w.bin' })] }),
  );
  const opened = open(bytes, { 'w.bin': new Uint8Array(8) });
  assert.deepEqual(opened.writer.layout(new Set()), [
    [{ kind: 'copy', offset: 0, length: bytes.length }],
    [{ kind: 'copy', offset: 0, length: 8 }],
  ]);
});

const f32 = (name: string, ...fields: Uint8Array[]): Uint8Array =>
  bytesField(5, [intField(1, 4), intField(2, 1), textField(8, name), ...fields]);

test('a float_data split into packed pieces and single elements is one list', () => {
  const mixed = f32(
    'w',
    bytesField(4, float32Bytes([1])),
    fixedField(4, 2, 4),
    intField(99, 7),
    fixedField(4, 3, 4),
    bytesField(4, new Uint8Array(0)),
    bytesField(4, float32Bytes([4])),
  );
  const opened = open(modelBytes(mixed));
  assert.deepEqual(valuesOf(opened, 'w'), [1, 2, 3, 4]);
  const [after] = rewritten(opened, new Map([[0, Float32Array.of(5, 6, 7, 8)]]));
  const [w] = tensors(after);
  assert.deepEqual([...new Float32Array(w.rawData.slice().buffer)], [5, 6, 7, 8]);
  assert.equal(w.floatData.length, 0);
  assert.deepEqual(
    w.$unknown?.map(({ no }) => no),
    [99],
  );
});

test('lengths are recomputed through every level, and padded ones keep their width', () => {
  const inner = (width: number): Uint8Array =>
    bytesField(
      1,
      [
        textField(4, 'If'),
        bytesField(
          5,
          [
            textField(1, 'then_branch'),
            bytesField(6, f32('w', ...[1, 2, 3, 4].map((v) => fixedField(4, v, 4))), width),
          ],
          width,
        ),
      ],
      width,
    );
  for (const width of [1, 5]) {
    const bytes = modelBytes(inner(width), bytesField(77, new Uint8Array(9).fill(3)));
    const opened = open(bytes);
    const [after] = rewritten(opened, new Map([[0, Float32Array.of(5, 6, 7, 8)]]));
    assert.deepEqual(valuesOf(open(after), 'w'), [5, 6, 7, 8]);
    assert.equal(after.length, bytes.length - 4 * 5 + 18);
    assert.equal(fromBinary(ModelProtoSchema, after).graph?.$unknown?.[0].no, 77);
  }
});

test('a message that shrinks below 128 bytes gets a shorter length', () => {
  const values = Array.from({ length: 26 }, (_, i) => i);
  const w = bytesField(5, [
    intField(1, 26),
    intField(2, 1),
    textField(8, 'w'),
    ...values.map((v) => fixedField(4, v, 4)),
  ]);
  assert.ok(w.length > 128 + 2);
  const opened = open(modelBytes(w));
  const [after] = rewritten(opened, new Map([[0, Float32Array.from(values)]]));
  assert.deepEqual(valuesOf(open(after), 'w'), values);
  assert.deepEqual([...new Float32Array(tensors(after)[0].rawData.slice().buffer)], values);
});

test('integers and small types read as numbers from raw data and from int32_data', () => {
  const cases: [number, string, number, Uint8Array, number[]][] = [
    [2, 'uint8', 3, Uint8Array.of(0, 127, 255), [0, 127, 255]],
    [3, 'int8', 3, Uint8Array.of(0, 127, 255), [0, 127, -1]],
    [4, 'uint16', 2, Uint8Array.of(255, 255, 1, 0), [65535, 1]],
    [5, 'int16', 2, Uint8Array.of(255, 255, 1, 0), [-1, 1]],
    [9, 'bool', 2, Uint8Array.of(0, 1), [0, 1]],
    [17, 'float8e4m3fn', 2, Uint8Array.of(0x38, 0xb8), [1, -1]],
    [20, 'float8e5m2fnuz', 2, Uint8Array.of(0x40, 0xc0), [1, -1]],
    [21, 'uint4', 3, Uint8Array.of(0xf1, 0x07), [1, 15, 7]],
    [22, 'int4', 3, Uint8Array.of(0xf1, 0x08), [1, -1, -8]],
    [23, 'float4e2m1', 3, Uint8Array.of(0xf1, 0x07), [0.5, -6, 6]],
    [26, 'int2', 5, Uint8Array.of(0b11100100, 1), [0, 1, -2, -1, 1]],
  ];
  for (const [code, dtype, count, raw, values] of cases) {
    const wide = code === 4 || code === 5;
    const entries = wide ? [...new Uint16Array(raw.slice().buffer)] : [...raw];
    const head = [intField(1, count), intField(2, code), textField(8, 'w')];
    for (const payload of [
      bytesField(9, raw),
      bytesField(
        5,
        entries.map((v) => varint(v)),
      ),
      concat(...entries.map((v) => intField(5, v))),
    ]) {
      const opened = open(modelBytes(bytesField(5, [...head, payload])));
      assert.equal(opened.tensors[0].dtype, dtype);
      assert.deepEqual(valuesOf(opened, 'w'), values, dtype);
      for (let start = 0; start < count; start++) {
        const target = new Float32Array(count - start);
        opened.reader.readValues(opened.tensors[0], start, target);
        assert.deepEqual([...target], values.slice(start));
      }
      const [tensor] = opened.tensors;
      const why = opened.writer.whyNotReplaceable(tensor);
      if (!isCodable(tensor.dtype)) assert.match(why ?? '', /stay as they are/);
      else if (tensor.storage === 'int32_data' && !/^u?int/.test(dtype))
        assert.match(why ?? '', /in a form that cannot be replaced/);
      else {
        assert.equal(why, undefined);
        const bytes = new Uint8Array(raw.length - 1);
        opened.reader.readBytes(tensor, 1, bytes);
        const last = (8 * raw.length - count * bitsOf[tensor.dtype]) % 8;
        const expected = raw.slice(1);
        if (tensor.storage === 'int32_data') expected[raw.length - 2] &= 255 >> last;
        assert.deepEqual(bytes, expected, dtype);
      }
    }
  }
});

test('64-bit integers read to the nearest number, negative ones included', () => {
  const big = [-1n, -(2n ** 63n), 2n ** 53n, 2n ** 63n - 1n];
  const raw = new Uint8Array(BigInt64Array.from(big).buffer);
  const head = [intField(1, 4), intField(2, 7), textField(8, 'w')];
  for (const payload of [
    bytesField(9, raw),
    bytesField(
      7,
      big.map((v) => varint(v)),
    ),
  ]) {
    assert.deepEqual(
      valuesOf(open(modelBytes(bytesField(5, [...head, payload]))), 'w'),
      big.map(Number),
    );
  }
});

test('a long varint list is read at random and backwards', () => {
  const count = 200_000;
  const values = Array.from({ length: count }, (_, i) => (i * 37) % 70_000);
  const bytes = bytesField(5, [
    intField(1, count),
    intField(2, 7),
    textField(8, 'w'),
    bytesField(
      7,
      values.map((v) => varint(v)),
    ),
  ]);
  const opened = open(modelBytes(bytes));
  for (const start of [199_990, 0, 131_072, 65_535, 65_536, 7, 140_000]) {
    const target = new Float64Array(10);
    opened.reader.readValues(opened.tensors[0], start, target);
    assert.deepEqual([...target], values.slice(start, start + 10));
  }
});

test('a varint list with too few or too many entries is found out when it is read', () => {
  const list = (entries: number[]): Model =>
    open(
      modelBytes(
        bytesField(5, [
          intField(1, 3),
          intField(2, 7),
          textField(8, 'w'),
          bytesField(
            7,
            entries.map((v) => varint(v)),
          ),
        ]),
      ),
    );
  assert.throws(() => valuesOf(list([1000, 1000]), 'w'), saying('invalid-model', /only 2 stored/));
  assert.throws(() => valuesOf(list([1, 1, 1, 1]), 'w'), saying('invalid-model', /more stored/));
});

test("a Constant's own floats and integers are tensors, and floats can be replaced", () => {
  const nodes = [
    node('Constant', [], ['one'], { value_float: { float: 2.5 } }),
    node('Constant', [], ['many'], { value_floats: { floats: [1, 2, 3] } }),
    node('Constant', [], ['int'], { value_int: 7 }),
    node('Constant', [], ['ints'], { value_ints: [4, 5] }),
    node('NotConstant', [], ['no'], { value_floats: { floats: [1] } }),
  ];
  const opened = open(model(graph(nodes)));
  assert.deepEqual(
    opened.tensors.map((t) => [t.name, t.dtype, t.storage, t.shape, valuesOf(opened, t)]),
    [
      ['one', 'float32', 'attribute', [], [2.5]],
      ['many', 'float32', 'attribute', [3], [1, 2, 3]],
      ['int', 'int64', 'attribute', [], [7]],
      ['ints', 'int64', 'attribute', [2], [4, 5]],
    ],
  );
  const [after] = rewritten(
    opened,
    new Map([
      [0, Float32Array.of(8)],
      [1, Float32Array.of(7, 6, 5)],
    ]),
  );
  const again = open(after);
  assert.deepEqual(valuesOf(again, 'one'), [8]);
  assert.deepEqual(valuesOf(again, 'many'), [7, 6, 5]);
  const read = fromBinary(ModelProtoSchema, after).graph?.node.map((n) => n.attribute[0]);
  assert.equal(read?.[0].f, 8);
  assert.deepEqual(read?.[1].floats, [7, 6, 5]);
  assert.equal(read?.[3].ints.length, 2);
});

test('unpacked floats of a Constant become one packed field', () => {
  const bytes = modelBytes(
    bytesField(1, [
      textField(2, 'c'),
      textField(4, 'Constant'),
      bytesField(5, [
        textField(1, 'value_floats'),
        fixedField(7, 1, 4),
        fixedField(7, 2, 4),
        intField(20, 6),
      ]),
    ]),
  );
  const opened = open(bytes);
  assert.deepEqual(valuesOf(opened, 'c'), [1, 2]);
  const [after] = rewritten(opened, new Map([[0, Float32Array.of(3, 4)]]));
  assert.deepEqual(fromBinary(ModelProtoSchema, after).graph?.node[0].attribute[0].floats, [3, 4]);
});

test('a sparse initializer is its stored values, named by them', () => {
  const sparse = [
    {
      values: tensor('s', [2]),
      indices: tensor('', [2], { dtype: 'int64', values: [1, 5] }),
      dims: [3n, 4n],
    },
  ];
  const opened = open(model(graph([node('MatMul', ['x', 's'], ['y'])], { sparse })));
  const s = tensorOf(opened, 's');
  assert.equal(s.sparse, true);
  assert.equal(s.parameters, 2);
  assert.equal(s.role, 'weight');
  assert.equal(s.geometry, undefined);
  assert.equal(s.path, 'graph.sparse_initializer[0].values');
  assert.deepEqual(opened.graph.sparseInitializers.get('s')?.shape, [3, 4]);
  assert.deepEqual(
    opened.tensors.map((t) => t.path.split('.').at(-1)),
    ['values', 'indices'],
  );
});

test('strings, complex numbers and empty tensors are named but hold nothing to compress', () => {
  const opened = open(
    modelBytes(
      bytesField(5, [
        intField(1, 2),
        intField(2, 8),
        textField(8, 'text'),
        textField(6, 'a'),
        textField(6, ''),
      ]),
      bytesField(5, [
        intField(1, 1),
        intField(2, 14),
        textField(8, 'c'),
        bytesField(4, float32Bytes([1, 2])),
      ]),
      bytesField(5, [intField(1, 0), intField(2, 1), textField(8, 'none')]),
    ),
  );
  assert.deepEqual(
    opened.tensors.map((t) => t.storage),
    ['string_data', 'float_data', 'empty'],
  );
  for (const t of opened.tensors) assert.ok(opened.writer.whyNotReplaceable(t));
  assert.throws(() => valuesOf(opened, 'text'), saying('unsupported', /string/));
  assert.throws(() => valuesOf(opened, 'c'), saying('unsupported', /complex64/));
  assert.deepEqual(valuesOf(opened, 'none'), []);
  assert.throws(
    () => opened.writer.layout(new Set([0])),
    saying('invalid-input', /text cannot be replaced/),
  );
});

test('values outside a tensor are never read', () => {
  const opened = open(model(graph([], { initializers: [tensor('w', [4])] })));
  const [w] = opened.tensors;
  for (const [start, length] of [
    [-1, 1],
    [4, 1],
    [0, 5],
    [1.5, 1],
    [NaN, 1],
  ]) {
    assert.throws(
      () => opened.reader.readValues(w, start, new Float32Array(length)),
      saying('invalid-input', /has 4/),
    );
  }
});

test('a Constant takes the name of its output when its tensor has none', () => {
  const opened = open(
    model(graph([constant(tensor('', [2]), 'out'), constant(tensor('own', [2]), 'out2')])),
  );
  assert.deepEqual(
    opened.tensors.map((t) => t.name),
    ['out', 'own'],
  );
});
