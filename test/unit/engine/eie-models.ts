/** Small models with every kind of layer that EIE can run, and .npy/.npz files for them. */
import { create, toBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, ModelProtoSchema } from 'onnx-buf';
import { zipSync } from 'fflate';
import { mulberry32 } from '../../../src/model/random.ts';
import { gaussianTensor } from './support.ts';

const ints = (name: string, values: readonly number[]) => ({
  name,
  type: AttributeProto_AttributeType.INTS,
  ints: values.map(BigInt),
});
const int = (name: string, value: number) => ({
  name,
  type: AttributeProto_AttributeType.INT,
  i: BigInt(value),
});
const value = (name: string, shape: readonly (number | string)[]) => ({
  name,
  type: {
    value: {
      case: 'tensorType' as const,
      value: {
        elemType: 1,
        shape: {
          dim: shape.map((d) => ({
            value:
              typeof d === 'number'
                ? { case: 'dimValue' as const, value: BigInt(d) }
                : { case: 'dimParam' as const, value: d },
          })),
        },
      },
    },
  },
});

interface NodeInit {
  readonly opType: string;
  readonly input: string[];
  readonly output: string[];
  readonly attribute?: object[];
}

/**
 * image [1,6,12,11] -> strided, padded, dilated Conv (2 groups) -> Relu -> depthwise Conv (64
 * groups, SAME_UPPER) -> ConvTranspose -> Flatten -> Gemm transB -> Relu -> MatMul; and sequence
 * [T,1,20] -> LSTM of 24. `height`: the image's, a name for an open one.
 */
export function layersModel(height: number | string = 12): Uint8Array<ArrayBuffer> {
  const node: NodeInit[] = [
    {
      opType: 'Conv',
      input: ['image', 'conv.w', 'conv.b'],
      output: ['c'],
      attribute: [
        ints('kernel_shape', [3, 3]),
        ints('strides', [2, 1]),
        ints('pads', [1, 2, 0, 1]),
        ints('dilations', [1, 2]),
        int('group', 2),
      ],
    },
    { opType: 'Relu', input: ['c'], output: ['r'] },
    {
      opType: 'Conv',
      input: ['r', 'depthwise.w'],
      output: ['d'],
      attribute: [
        ints('kernel_shape', [3, 3]),
        {
          name: 'auto_pad',
          type: AttributeProto_AttributeType.STRING,
          s: new TextEncoder().encode('SAME_UPPER'),
        },
        int('group', 64),
      ],
    },
    {
      opType: 'ConvTranspose',
      input: ['d', 'up.w'],
      output: ['u'],
      attribute: [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])],
    },
    { opType: 'GlobalAveragePool', input: ['u'], output: ['p'] },
    { opType: 'Flatten', input: ['p'], output: ['f'], attribute: [int('axis', 1)] },
    {
      opType: 'Gemm',
      input: ['f', 'gemm.w', 'gemm.b'],
      output: ['g'],
      attribute: [int('transB', 1)],
    },
    { opType: 'Relu', input: ['g'], output: ['h'] },
    { opType: 'MatMul', input: ['h', 'matmul.w'], output: ['scores'] },
    {
      opType: 'LSTM',
      input: ['sequence', 'lstm.w', 'lstm.r'],
      output: ['y'],
      attribute: [int('hidden_size', 24)],
    },
  ];
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    opsetImport: [{ version: 17n }],
    graph: {
      name: 'layers',
      node: node.map((n) => ({ name: n.output[0], ...n })),
      initializer: [
        gaussianTensor('conv.w', [64, 3, 3, 3], 1),
        gaussianTensor('conv.b', [64], 2),
        gaussianTensor('depthwise.w', [64, 1, 3, 3], 3),
        gaussianTensor('up.w', [64, 20, 2, 2], 4),
        gaussianTensor('gemm.w', [40, 20], 5),
        gaussianTensor('gemm.b', [40], 6),
        gaussianTensor('matmul.w', [40, 30], 7),
        gaussianTensor('lstm.w', [1, 96, 20], 8),
        gaussianTensor('lstm.r', [1, 96, 24], 9),
      ],
      input: [value('image', [1, 6, height, 11]), value('sequence', ['steps', 1, 20])],
      output: [value('scores', [1, 30]), value('y', ['steps', 1, 1, 24])],
    },
  } as never);
  return new Uint8Array(toBinary(ModelProtoSchema, model));
}

/** Version 1 .npy of float32. */
export function npy(shape: readonly number[], data: Float32Array): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = new TextEncoder().encode(`${text.padEnd(117)}\n`);
  const bytes = new Uint8Array(10 + header.length + 4 * data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(header, 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, 4 * data.length), 10 + header.length);
  return bytes;
}

export function npz(arrays: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return zipSync(
    Object.fromEntries(Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, bytes])),
  );
}

/** `count` values, a share of them zero, the others of both signs. */
export function noise(count: number, seed: number, zeros = 0): Float32Array {
  const random = mulberry32(seed);
  return Float32Array.from({ length: count }, () => (random() < zeros ? 0 : 2 * random() - 1));
}
