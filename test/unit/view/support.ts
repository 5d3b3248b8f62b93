/** Models for the view's tests: from values in memory, by hand-made files, and compressed ones. */
import { peLoadOf } from '../../../src/eie/pe-load.ts';
import { compressModel, type CompressionPlan } from '../../../src/compress/pipeline.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import { memorySource } from '../../../src/model/bytes.ts';
import { openOnnx, type OnnxModel } from '../../../src/model/onnx/open.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { ByteCache } from '../../../src/view/cache.ts';
import { fairTurns, type Asking } from '../../../src/view/pace.ts';
import type { ViewServices } from '../../../src/view/view-core.ts';
import { ViewModel } from '../../../src/view/view-model.ts';
import { inlineRunner } from '../compress/model.ts';
import * as make from '../../fixtures/onnx-writer.ts';

export const asking: Asking = { signal: new AbortController().signal, onFraction: () => {} };

export function services(budget = 64 << 20): ViewServices {
  const turns = fairTurns((run) => setImmediate(run));
  return { cache: new ByteCache(budget), turns, peLoad: peLoadOf };
}

export function openBytes(bytes: Uint8Array, path = 'model.onnx'): OnnxModel {
  return openOnnx(path, memorySource(path, bytes), () => {
    throw new Error('no external data here');
  });
}

let opened = 0;

/** A view of a plain model. */
export function viewOf(model: OnnxModel, shared = services()): ViewModel {
  return new ViewModel(
    `m${opened++}`,
    { path: model.path, format: 'onnx', bytes: 1000, otherBytes: 0, model, coded: [] },
    shared,
  );
}

export interface LayerInit {
  readonly name?: string;
  readonly op?: 'Gemm' | 'MatMul' | 'Conv' | 'ConvTranspose';
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly dtype?: make.WritableDType;
  readonly attributes?: Readonly<Record<string, make.AttributeValue>>;
}

/** A model of single layers side by side; tensor i is layer i. */
export function modelOf(layers: readonly LayerInit[]): OnnxModel {
  return openBytes(
    make.model(
      make.graph(
        layers.map((l, i) => {
          const op = l.op ?? 'Gemm';
          const kernel = { kernel_shape: l.shape.slice(2) };
          const usual =
            op === 'Gemm'
              ? { transB: 1 }
              : op.startsWith('Conv') && l.shape.length > 2
                ? kernel
                : {};
          const attributes: Record<string, make.AttributeValue> = { ...usual, ...l.attributes };
          return make.node(op, [`x${i}`, l.name ?? `w${i}`], [`y${i}`], attributes);
        }),
        {
          initializers: layers.map((l, i) => {
            const values = Array.from(l.values);
            const dtype = l.dtype ?? 'float32';
            return make.tensor(l.name ?? `w${i}`, l.shape, { values, dtype });
          }),
          inputs: layers.map((_, i) => make.value(`x${i}`, ['n', 'm'])),
        },
      ),
    ),
  );
}

/** Normal numbers, a share of them set to zero. */
export function sparseValues(count: number, sparsity: number, seed: number): Float32Array {
  const random = mulberry32(seed);
  return Float32Array.from({ length: count }, () => {
    const size = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return random() < sparsity ? 0 : 0.1 * size;
  });
}

/** The layers of a model as a .dcz would hold them, over a model with the restored values. */
export async function compressedView(
  model: OnnxModel,
  recipe: string | object,
  shared = services(),
): Promise<{ view: ViewModel; plan: CompressionPlan }> {
  const plan = await compressModel(
    model,
    parseRecipe(recipe),
    1,
    inlineRunner(model),
    undefined,
    () => {},
  );
  const coded = plan.tensors.map(({ coded, stats }) => ({
    coded,
    rmse: stats.rmse,
    stored: { values: 10, index: 20, codebook: 30, tables: 40, total: 100 },
  }));
  const view = new ViewModel(
    `c${opened++}`,
    { path: 'model.dcz', format: 'dcz', bytes: 500, otherBytes: 100, model, coded },
    shared,
  );
  return { view, plan };
}

/** Levels of a grid, -7 to 7 with 4 bits. */
export function gridRecipe(bits: number, coder: 'huffman' | 'arithmetic'): object {
  return { name: 'test', minimumWeights: 1, share: { method: 'grid', bits }, coder };
}

/** Half of the weights pruned, 15 shared values. */
export function recipeOf(
  coder: 'huffman' | 'arithmetic',
  indexBits: number | 'auto' = 'auto',
): object {
  return {
    name: 'test',
    minimumWeights: 1,
    prune: { method: 'sparsity', target: 0.5 },
    share: { method: 'kmeans', bits: 4 },
    index: { bits: indexBits },
    coder,
  };
}
