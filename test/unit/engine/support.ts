/** The bundled command line and worker as users get them, and small models made on the spot. */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
} from 'onnx-buf';
import { buildEngine as build } from '../../../scripts/lib/engine.mjs';
import { mulberry32 } from '../../../src/model/random.ts';

/** A folder for one test file, removed when its tests are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'deepc-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface BuiltEngine {
  readonly cli: string;
  readonly worker: string;
}

/** Makes cli.js and worker.js below `folder`, as scripts/build.mjs does for dist/. */
export async function buildEngine(folder: string): Promise<BuiltEngine> {
  const outdir = join(folder, 'built');
  await build(outdir);
  return { cli: join(outdir, 'cli.js'), worker: join(outdir, 'worker.js') };
}

type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
type NodeInit = MessageInitShape<typeof NodeProtoSchema>;

/** `values` Gaussian float32 of deviation 0.1, as a tensor of raw data. */
export function gaussianTensor(name: string, shape: readonly number[], seed: number): TensorInit {
  const random = mulberry32(seed);
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++)
    values[i] = 0.1 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return {
    name,
    dims: shape.map(BigInt),
    dataType: 1,
    rawData: new Uint8Array(values.buffer),
  };
}

export interface SmallModel {
  readonly seed?: number;
  /** Hidden units of the two fully connected layers: 32 x hidden and hidden x 10. */
  readonly hidden?: number;
}

/** A convolution, then two fully connected layers, over an 8 x 8 image: opens in ONNX Runtime. */
export function smallModel({ seed = 1, hidden = 64 }: SmallModel = {}): Uint8Array<ArrayBuffer> {
  const initializer = [
    gaussianTensor('conv.weight', [8, 1, 5, 5], seed),
    gaussianTensor('conv.bias', [8], seed + 1),
    gaussianTensor('fc1.weight', [8 * 4 * 4, hidden], seed + 2),
    gaussianTensor('fc1.bias', [hidden], seed + 3),
    gaussianTensor('fc2.weight', [hidden, 10], seed + 4),
  ];
  const node: NodeInit[] = [
    nodeOf('Conv', ['image', 'conv.weight', 'conv.bias'], 'c'),
    nodeOf('Relu', ['c'], 'r'),
    {
      ...nodeOf('Flatten', ['r'], 'f'),
      attribute: [{ name: 'axis', type: AttributeProto_AttributeType.INT, i: 1n }],
    },
    nodeOf('Gemm', ['f', 'fc1.weight', 'fc1.bias'], 'g'),
    nodeOf('Relu', ['g'], 'h'),
    nodeOf('MatMul', ['h', 'fc2.weight'], 'scores'),
  ];
  const value = (name: string, shape: readonly number[]) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: 1,
          shape: {
            dim: shape.map((d) => ({ value: { case: 'dimValue' as const, value: BigInt(d) } })),
          },
        },
      },
    },
  });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    opsetImport: [{ version: 17n }],
    graph: {
      name: 'small',
      node,
      initializer,
      input: [value('image', [1, 1, 8, 8])],
      output: [value('scores', [1, 10])],
    },
  });
  return new Uint8Array(toBinary(ModelProtoSchema, model));
}

function nodeOf(opType: string, input: string[], output: string) {
  return { opType, name: `${opType}_${output}`, input, output: [output] } satisfies NodeInit;
}
