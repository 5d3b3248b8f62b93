/**
 * Multiply-accumulates of one run, as the dimensions of its values say. Counted are products with weights and
 * of values (Conv, ConvTranspose, Gemm, MatMul, LSTM, GRU, RNN) of the main graph.
 */
import type { OnnxModel } from '../model/onnx/open.ts';
import { tensorsByName, type Observed } from './follow.ts';
import { intOf } from './rule.ts';

export interface Work {
  readonly total: number;
  /** Of products with a tensor, by its id. */
  readonly byTensor: ReadonlyMap<number, number>;
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

export function workOf(model: OnnxModel, observed: Observed): Work {
  const { graph, tensors } = model;
  const known = tensorsByName(graph);
  const byTensor = new Map<number, number>();
  let total = 0;
  for (const node of graph.nodes) {
    const { opType, inputs, outputs, domain } = node;
    if (domain !== '') continue;
    const ids = inputs.map((name) => known.get(name));
    const dims = inputs.map((name, i) =>
      ids[i] === undefined ? observed.get(name) : tensors[ids[i]].shape,
    );
    const out = observed.get(outputs[0]);
    const [a, b, c] = dims;
    const add = (index: number, count: number): void => {
      total += count;
      const id = ids[index];
      if (id !== undefined) byTensor.set(id, (byTensor.get(id) ?? 0) + count);
    };
    if (!a || !b) continue;
    if (opType === 'Conv' && out) add(1, product(out) * product(b.slice(1)));
    else if (opType === 'ConvTranspose') add(1, product(a) * product(b.slice(1)));
    else if (opType === 'Gemm' && out)
      add(1, product(out) * (intOf(node, 'transA', 0) ? a[0] : a[1]));
    else if (opType === 'MatMul' && out) add(1, product(out) * a[a.length - 1]);
    else if (/^(LSTM|GRU|RNN)$/.test(opType) && c) {
      add(1, a[0] * a[1] * product(b));
      add(2, a[0] * a[1] * product(c));
    }
  }
  return { total, byTensor };
}
