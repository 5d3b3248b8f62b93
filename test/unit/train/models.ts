/** Small models for tests of the compiler. */
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import type { NodeProto, TensorProto } from 'onnx-buf';
import { floatTensor, makeNode } from '../../../src/train/graph.ts';
import type { GraphValue } from '../../../src/train/graph.ts';

export const node = makeNode;

export interface ModelSpec {
  readonly nodes: readonly NodeProto[];
  readonly initializers: Readonly<Record<string, TensorProto>>;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly string[];
  readonly opset?: number;
}

export function model({
  nodes,
  initializers,
  inputs,
  outputs,
  opset = 17,
}: ModelSpec): Uint8Array<ArrayBuffer> {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      graph: {
        name: 'g',
        node: [...nodes],
        initializer: Object.entries(initializers).map(([name, tensor]) => ({ ...tensor, name })),
        input: inputs.map(({ name, type, shape }) => ({
          name,
          type: {
            value: {
              case: 'tensorType' as const,
              value: {
                elemType: type,
                shape: {
                  dim: shape.map((size) => ({
                    value:
                      typeof size === 'number'
                        ? { case: 'dimValue' as const, value: BigInt(size) }
                        : { case: 'dimParam' as const, value: size ?? '' },
                  })),
                },
              },
            },
          },
        })),
        output: outputs.map((name) => ({ name })),
      },
    }),
  );
}

/** Normal numbers times `scale`, by Box and Muller. */
export function normal(dims: readonly number[], scale: number, random: () => number): TensorProto {
  const count = dims.reduce((a, b) => a * b, 1);
  const values = Float32Array.from(
    { length: count },
    () => scale * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
  return floatTensor(dims, values);
}

export const zeros = (dims: readonly number[]): TensorProto =>
  floatTensor(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)));
