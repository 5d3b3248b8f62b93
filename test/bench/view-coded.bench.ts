/**
 * The inspector on a compressed layer: 4096 x 4096 seeded normal weights, nine tenths pruned, 31
 * shared values, by either coder. The first look decodes every block once; what follows should not.
 * Wall-clock time on one thread.
 */
import { compressModel } from '../../src/compress/pipeline.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { runTask } from '../../src/compress/tasks.ts';
import type { Model } from '../../src/model/model.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { ByteCache } from '../../src/view/cache.ts';
import { fairTurns } from '../../src/view/pace.ts';
import { ViewModel } from '../../src/view/view-model.ts';

const side = 4096;
const random = mulberry32(1);
const values = Float32Array.from(
  { length: side * side },
  () => 0.02 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
);
const readValues = (start: number, target: Float32Array | Float64Array): void =>
  target.set(values.subarray(start, start + target.length));
const model: Model = {
  ...{ path: 'bench.onnx', format: 'onnx', version: '', producer: '', files: [] },
  notes: [],
  tensors: [
    {
      ...{ id: 0, name: 'w', path: 'w', dtype: 'float32', shape: [side, side] },
      ...{ parameters: side * side, storage: 'raw_data', bytes: 4 * side * side, role: 'weight' },
      geometry: { kind: 'fc', rows: side, cols: side, matrices: 1, transposed: false },
      ...{ op: 'Gemm', sparse: false, file: 0 },
    },
  ],
  reader: { readValues: (_, start, target) => readValues(start, target), readBytes: () => {} },
  writer: { whyNotReplaceable: () => undefined, layout: () => [] },
};
const source = { weights: values.length, dtype: 'float32', readValues } as const;
const asking = { signal: new AbortController().signal, onFraction: () => {} };

for (const coder of ['huffman', 'arithmetic'] as const) {
  const recipe = parseRecipe({
    name: 'bench',
    prune: { method: 'sparsity', target: 0.9 },
    share: { method: 'kmeans', bits: 5 },
    coder,
  });
  const runner = {
    run: async (_: number, task: Parameters<typeof runTask>[1]) => runTask(source, task),
  };
  const plan = await compressModel(model, recipe, 1, runner, undefined, () => {});
  const coded = plan.tensors.map(({ coded, stats }) => ({
    ...{ coded, rmse: stats.rmse },
    stored: { values: 0, index: 0, codebook: 0, tables: 0, total: 0 },
  }));
  const cache = new ByteCache(384 << 20);
  const view = new ViewModel(
    coder,
    { path: 'bench.dcz', format: 'dcz', bytes: 0, otherBytes: 0, model, coded },
    { cache, turns: fairTurns((run) => setImmediate(run)) },
  );
  console.log(`\n${coder}: ${values.length} weights`);
  const time = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    const from = performance.now();
    await run();
    console.log(`${name.padEnd(44)} ${(performance.now() - from).toFixed(1).padStart(9)} ms`);
  };
  const tile = (level: number, x: number) =>
    view.tile({ layer: 0 }, 'matrix', { level, x, y: x, size: 256 }, ['density', 'mean'], asking);
  await time('a stretch of the stream', () => view.stream(0, { position: 9e6 }, 64, asking));
  await time('a tile of single weights, blocks decoded', () => tile(0, 5));
  await time('codebook: every block decoded', () => view.codebook(0, undefined, asking));
  await time('code tree of the values', () => view.huffman(0, 'values', asking));
  await time('the whole layer', () => tile(4, 0));
  await time('a tile of single weights', () => tile(0, 9));
  console.log(`${(cache.bytes / 1e6).toFixed(1)} MB kept`);
}
