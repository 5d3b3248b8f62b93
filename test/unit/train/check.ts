/**
 * Gradient check of one operator: the reverse pass that the compiler appends, run by ONNX Runtime in
 * float32, against central differences of a float64 reference of the forward operator. The reference
 * itself is compared with ONNX Runtime's forward result first. The gradient checked is that of
 * sum(weight * output) with random weights, so every output cell counts differently.
 */
import assert from 'node:assert/strict';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import type { AttributeProto } from 'onnx-buf';
import { mulberry32 } from '../../../src/model/random.ts';
import {
  decodeGraph,
  encodeGraph,
  floatTensor,
  freshName,
  int64Tensor,
  makeNode,
} from '../../../src/train/graph.ts';
import { lowerGraph } from '../../../src/train/lower/lowering.ts';
import type { LowerOptions } from '../../../src/train/lower/lowering.ts';
import { probe } from '../../../src/train/probe.ts';
import { appendReversePass } from '../../../src/train/reverse.ts';
import type { HostTensor, Runtime } from '../../../src/train/runtime.ts';
import { nd, size } from './array.ts';
import type { Nd } from './array.ts';

export type Input =
  /** A float input whose gradient is checked; values in [low, high), at least 0.02 from `away`. */
  | {
      readonly shape: readonly number[];
      readonly low?: number;
      readonly high?: number;
      readonly away?: readonly number[];
      readonly distinct?: boolean;
    }
  | { readonly ints: readonly number[]; readonly shape?: readonly number[]; readonly fed?: boolean }
  | { readonly bools: readonly number[]; readonly shape: readonly number[] }
  | { readonly fixed: readonly number[]; readonly shape: readonly number[] }
  | 'absent';

export interface Case {
  readonly op: string;
  readonly domain?: string;
  readonly attributes?: readonly AttributeProto[];
  readonly inputs: readonly Input[];
  readonly outputs?: number;
  readonly opset?: number;
  /** All float inputs in order (fixed ones too), to all outputs. */
  readonly reference: (...inputs: Nd[]) => Nd | Nd[];
  readonly tolerance?: number;
  /** Lowered first, with these options. */
  readonly lower?: LowerOptions;
}

const fail = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Infinity;
  let error = 0;
  let scale = 1e-3;
  for (let i = 0; i < b.length; i++) {
    error = Math.max(error, Number.isFinite(a[i]!) ? Math.abs(a[i]! - b[i]!) : Infinity);
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return error / scale;
};

export async function checkGradient(
  runtimes: readonly Runtime[],
  test: Case,
  seed = 1,
): Promise<void> {
  const random = mulberry32(seed);
  const names = test.inputs.map((input, i) => (input === 'absent' ? '' : `x${i}`));
  const outputs = Array.from({ length: test.outputs ?? 1 }, (_, i) => `y${i}`);
  const node = makeNode(test.op, names, outputs, [...(test.attributes ?? [])]);
  node.domain = test.domain ?? '';
  node.name = 'node';
  const opsets = [{ domain: '', version: BigInt(test.opset ?? 17) }];
  if (test.domain) opsets.push({ domain: test.domain, version: 1n });
  const graph = decodeGraph(
    toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: 8n,
        opsetImport: opsets,
        graph: { node: [node], output: outputs.map((name) => ({ name })) },
      }),
    ),
  );
  const feeds: Record<string, HostTensor> = {};
  const values: Nd[] = [];
  const wanted: string[] = [];
  const wantedAt: number[] = [];
  test.inputs.forEach((input, i) => {
    const name = `x${i}`;
    if (input === 'absent') return;
    if ('ints' in input) {
      const dims = input.shape ?? [input.ints.length];
      if (input.fed) {
        graph.inputs.push({ name, type: 7, shape: dims });
        feeds[name] = { type: 'int64', dims, data: BigInt64Array.from(input.ints, BigInt) };
      } else graph.initializers.set(name, int64Tensor(dims, input.ints));
    } else if ('bools' in input) {
      graph.inputs.push({ name, type: 9, shape: input.shape });
      feeds[name] = { type: 'bool', dims: input.shape, data: Uint8Array.from(input.bools) };
    } else if ('fixed' in input) {
      graph.initializers.set(name, floatTensor(input.shape, Float32Array.from(input.fixed)));
      values.push(nd(input.shape, Float32Array.from(input.fixed)));
    } else {
      const data = randomValues(input, random);
      graph.inputs.push({ name, type: 1, shape: input.shape });
      feeds[name] = { type: 'float32', dims: input.shape, data };
      wanted.push(name);
      wantedAt.push(values.length);
      values.push(nd(input.shape, data));
    }
  });
  const forward = [test.reference(...values)].flat();
  const weights = forward.map((y) => Float32Array.from(y.data, () => random() * 2 - 1));
  const objective = (): number => {
    const ys = [test.reference(...values)].flat();
    return ys.reduce(
      (sum, y, k) => sum + y.data.reduce((s, v, i) => s + v * weights[k]![i]!, 0),
      0,
    );
  };
  const expected = wantedAt.map((at) => {
    const { data, shape } = values[at]!;
    const h = 1e-5;
    return nd(
      shape,
      data.map((value, i) => {
        data[i] = value + h;
        const up = objective();
        data[i] = value - h;
        const down = objective();
        data[i] = value;
        return (up - down) / (2 * h);
      }),
    );
  });

  for (const [r, runtime] of runtimes.entries()) {
    const one = decodeGraph(encodeGraph(graph));
    let facts = await probe(one, runtime);
    if (test.lower) {
      lowerGraph(one, facts, test.lower);
      assert.ok(!one.nodes.some((n) => n.opType === test.op), 'lowered');
      facts = await probe(one, runtime);
    }
    const seeds = new Map(
      outputs.map((name, k) => {
        const dy = freshName(one, `d${name}`);
        one.inputs.push({ name: dy, type: 1, shape: forward[k]!.shape });
        feeds[dy] = { type: 'float32', dims: forward[k]!.shape, data: weights[k]! };
        return [name, dy] as const;
      }),
    );
    const { gradients } = appendReversePass(one, facts, seeds, wanted, {
      freezeUnsupported: false,
    });
    one.outputs = [...outputs, ...gradients.values()].map((name) => ({ name, type: 0, shape: [] }));
    const session = await runtime.open(encodeGraph(one));
    const results = await session.run(feeds);
    await session.close();
    forward.forEach((y, k) => {
      assert.deepEqual([...results[outputs[k]!]!.dims], [...y.shape], `shape of output ${k}`);
      const error = fail(results[outputs[k]!]!.data as Float32Array, y.data);
      assert.ok(
        error < (test.tolerance ?? 1e-5),
        `runtime ${r}: the reference's output ${k} differs by ${error}`,
      );
    });
    wanted.forEach((name, k) => {
      const gradient = results[gradients.get(name)!]!;
      assert.deepEqual(
        [...gradient.dims],
        [...expected[k]!.shape],
        `shape of the gradient of ${name}`,
      );
      const error = fail(gradient.data as Float32Array, expected[k]!.data);
      assert.ok(
        error < (test.tolerance ?? 1e-5),
        `runtime ${r}: gradient of ${name} differs by ${error}`,
      );
    });
  }
}

function randomValues(
  input: Extract<Input, { shape: readonly number[]; ints?: never; bools?: never; fixed?: never }>,
  random: () => number,
): Float32Array {
  const { shape, low = -1, high = 1, away = [], distinct = false } = input;
  const n = size(shape);
  if (distinct) {
    // a shuffled ladder: no two closer than a step, so a maximum is never in doubt
    const ladder = Float32Array.from({ length: n }, (_, i) => low + ((high - low) * (i + 0.5)) / n);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [ladder[i], ladder[j]] = [ladder[j]!, ladder[i]!];
    }
    return ladder;
  }
  return Float32Array.from({ length: n }, () => {
    for (;;) {
      const value = low + random() * (high - low);
      if (away.every((kink) => Math.abs(value - kink) > 0.02)) return value;
    }
  });
}
