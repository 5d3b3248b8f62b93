/**
 * Products of vectors with themselves, X^T X, computed by the runtime in float64: one small graph for
 * every layer, which takes rows of float32 values and gives their sums of products by block. On one core
 * ONNX Runtime does 10 billion multiplications a second natively and 4 as WebAssembly, a loop in
 * JavaScript that uses the symmetry as much as the latter (docs/decisions.md).
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from 'onnx-buf';
import { intAttribute, intsAttribute } from '../model/proto-attributes.ts';
import { makeNode, valueInfo } from '../train/graph.ts';

/** x [rows, blocks, block] -> products [blocks, block, block] */
export function gramModel(): Uint8Array<ArrayBuffer> {
  const double = TensorProto_DataType.DOUBLE;
  const perm = (...axes: number[]) => [intsAttribute('perm', axes)];
  const x = { name: 'x', type: TensorProto_DataType.FLOAT, shape: ['rows', 'blocks', 'block'] };
  const message = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 13n }],
    graph: {
      name: 'gram',
      node: [
        makeNode('Cast', ['x'], ['wide'], [intAttribute('to', double)]),
        makeNode('Transpose', ['wide'], ['left'], perm(1, 2, 0)),
        makeNode('Transpose', ['wide'], ['right'], perm(1, 0, 2)),
        makeNode('MatMul', ['left', 'right'], ['products']),
      ],
      input: [valueInfo(x)],
      output: [{ name: 'products' }],
    },
  });
  return toBinary(ModelProtoSchema, message);
}
