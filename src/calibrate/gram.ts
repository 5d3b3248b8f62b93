/**
 * Products of vectors with themselves, X^T X, computed by the runtime in float64: one small graph for
 * every layer, which takes rows of float32 values and gives the sums of their products. On one core ONNX
 * Runtime does 10 billion multiplications a second natively and 4 as WebAssembly; a loop in JavaScript
 * does 2.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from 'onnx-buf';
import { intAttribute, intsAttribute } from '../model/proto-attributes.ts';
import { makeNode, valueInfo } from '../train/graph.ts';

/** left [rows, blocks, m], right [rows, blocks, n] -> products [blocks, m, n] = left^T right */
export function gramModel(): Uint8Array<ArrayBuffer> {
  const wide = [intAttribute('to', TensorProto_DataType.DOUBLE)];
  const perm = (...axes: number[]) => [intsAttribute('perm', axes)];
  const input = (name: string, width: string) =>
    valueInfo({ name, type: TensorProto_DataType.FLOAT, shape: ['rows', 'blocks', width] });
  const message = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 13n }],
    graph: {
      name: 'gram',
      node: [
        makeNode('Cast', ['left'], ['wide left'], wide),
        makeNode('Cast', ['right'], ['wide right'], wide),
        makeNode('Transpose', ['wide left'], ['rows of left'], perm(1, 2, 0)),
        makeNode('Transpose', ['wide right'], ['columns of right'], perm(1, 0, 2)),
        makeNode('MatMul', ['rows of left', 'columns of right'], ['products']),
      ],
      input: [input('left', 'm'), input('right', 'n')],
      output: [{ name: 'products' }],
    },
  });
  return toBinary(ModelProtoSchema, message);
}
