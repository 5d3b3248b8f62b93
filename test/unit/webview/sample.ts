/** A report result for the page's tests: two layers with an index and a dense one. */
import type { CompressedLayer, ReportResult } from '../../../src/engine/protocol-model.ts';

export const layer = (values: Partial<CompressedLayer> & { name: string }): CompressedLayer => ({
  op: 'Conv',
  shape: [10, 10, 3, 3],
  weights: 900,
  nonzeros: 450,
  sparsity: 0.5,
  codebookSize: 257,
  valueBits: 8,
  indexBits: 4,
  coder: 'huffman',
  huffmanBits: { value: 6.5, index: 2.5 },
  entropyBits: { value: 6.4, index: 2.4 },
  bytes: { values: 366, index: 141, codebook: 100, tables: 20, total: 627 },
  entries: 450,
  fillers: 0,
  rmse: 0.001,
  paper: { prunedQuantized: 0.2, prunedQuantizedHuffman: 0.15 },
  ...values,
});

export const report: ReportResult = {
  input: { path: '/m/net.onnx', bytes: 20_000 },
  output: { path: '/m/net.dcz', bytes: 3000 },
  ratio: 20_000 / 3000,
  verified: true,
  recipe: 'deep-compression',
  layers: [
    layer({ name: 'conv10' }),
    layer({
      name: 'conv9',
      weights: 2700,
      nonzeros: 300,
      sparsity: 1 - 300 / 2700,
      entries: 350,
      fillers: 50,
      bytes: { values: 200, index: 150, codebook: 30, tables: 20, total: 400 },
      paper: { prunedQuantized: 0.1, prunedQuantizedHuffman: 0.05 },
    }),
    layer({
      name: 'fc',
      op: 'Gemm',
      shape: [100, 4],
      weights: 400,
      nonzeros: 400,
      sparsity: 0,
      indexBits: 0,
      entries: 400,
      huffmanBits: { value: 4, index: 0 },
      entropyBits: { value: 3.9, index: 0 },
      coder: 'arithmetic',
      bytes: { values: 190, index: 0, codebook: 64, tables: 0, total: 254 },
    }),
  ],
  otherBytes: 1719,
  notes: [],
};
