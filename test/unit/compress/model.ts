/** A model in memory whose tensors hold the given values, and a runner that does tasks at once. */
import type { CompressibleDType } from '../../../src/model/dtype.ts';
import type { LayerKind, Model, Role, Tensor } from '../../../src/model/model.ts';
import { runTask, type TaskRunner, type WeightSource } from '../../../src/compress/tasks.ts';

export interface FakeTensor {
  readonly name?: string;
  readonly dtype?: CompressibleDType;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly role?: Role;
  readonly kind?: LayerKind;
  readonly op?: string;
  readonly fixed?: string;
}

export function fakeModel(layers: readonly FakeTensor[]): Model {
  const tensors = layers.map((layer, id): Tensor => {
    const [rows = 1, ...rest] = layer.shape;
    return {
      id,
      name: layer.name ?? `layer${id}`,
      path: `graph.initializer[${id}]`,
      dtype: layer.dtype ?? 'float32',
      shape: layer.shape,
      parameters: layer.values.length,
      storage: 'raw_data',
      bytes: 4 * layer.values.length,
      role: layer.role ?? 'weight',
      op: layer.op ?? (layer.kind === 'conv' ? 'Conv' : 'Gemm'),
      geometry: {
        kind: layer.kind ?? 'fc',
        rows,
        cols: rest.reduce((a, b) => a * b, 1),
        matrices: 1,
        transposed: false,
      },
      sparse: false,
      file: 0,
    };
  });
  return {
    path: 'fake.onnx',
    format: 'onnx',
    version: '',
    producer: '',
    files: [],
    tensors,
    notes: [],
    reader: {
      readBytes: () => {
        throw new Error('no bytes are here');
      },
      readValues: (tensor, start, target) => {
        for (let i = 0; i < target.length; i++) target[i] = layers[tensor.id].values[start + i];
      },
    },
    writer: {
      whyNotReplaceable: (tensor) => layers[tensor.id].fixed,
      layout: () => [],
    },
  };
}

export function sourceOf(model: Model, id: number): WeightSource {
  const tensor = model.tensors[id];
  return {
    weights: tensor.parameters,
    dtype: tensor.dtype as CompressibleDType,
    readValues: (start, target) => model.reader.readValues(tensor, start, target),
  };
}

/** Runs tasks one after another, in a later turn, plain data passing in and out as between threads. */
export function inlineRunner(model: Model): TaskRunner {
  return {
    run: async (id, task) => {
      await Promise.resolve();
      return structuredClone(runTask(sourceOf(model, id), structuredClone(task)));
    },
  };
}

/** Normally distributed numbers from a seed. */
export function gaussian(n: number, seed: number, std = 0.05): Float32Array {
  let s = seed | 0;
  const uniform = (): number => {
    s = (Math.imul(s, 1664525) + 1013904223) | 0;
    return ((s >>> 8) + 0.5) / 2 ** 24;
  };
  return Float32Array.from(
    { length: n },
    () => std * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
