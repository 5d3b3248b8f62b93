/**
 * Layer-wise reconstruction, for owners of a model who have inputs but no labels: one layer after
 * another, in the order of the graph, its kept weights (or shared values) and its bias are fitted so
 * that its output is that of the uncompressed network on the same samples. The layers before it are
 * compressed already, so each also makes up for their errors. Least squares by gradient descent; what
 * is pruned or shared stays so.
 */
import type { TrainingOptions } from '../stages/stage.ts';
import { compileTraining } from '../compile.ts';
import { cloneGraph, encodeGraph, floatTensor, type Graph } from '../graph.ts';
import { clipNorm, Optimizer } from '../optimizer.ts';
import { removeUnused } from '../remove-unused.ts';
import type { HostTensor, Runtime } from '../runtime.ts';
import { rateAt } from '../schedule.ts';
import { seedAt } from './network.ts';
import { spread, trainedOf, variableGradients, type Parameter } from './parameters.ts';
import { orderOf, rateOf } from './phase.ts';
import { inputShapes, type Samples } from './samples.ts';
import type { Layer } from './structure.ts';

/** A tensor with its present values. */
export type Held = Pick<Parameter, 'name' | 'shape' | 'values'>;

export interface Reconstruction {
  readonly runtime: Runtime;
  /** The uncompressed network. */
  readonly source: Graph;
  readonly samples: Samples;
  /** All that is trained, with the values the network has now. */
  readonly parameters: readonly Parameter[];
  /** Running statistics, as they are now. */
  readonly states: readonly Held[];
  readonly batch: number;
  readonly training: Uint32Array;
  readonly seed: number;
  readonly isFrozen: (name: string) => boolean;
  readonly turn: () => Promise<void>;
  readonly stopped: () => boolean;
  /** Part (0..1) of all layers, and the error of the layer at hand. */
  readonly onStep: (part: number, loss: number) => void;
}

/** Mean squared error of a layer's output over its first and its last epoch. */
export interface Reconstructed {
  readonly layer: string;
  readonly first: number;
  readonly last: number;
}

export async function reconstructLayers(
  layers: readonly Layer[],
  stage: TrainingOptions,
  work: Reconstruction,
): Promise<Reconstructed[]> {
  const wanted = new Set(layers.map(({ parameter }) => parameter.name));
  // in the order in which the graph computes them
  const jobs = work.source.nodes.flatMap((node) => {
    const weight = node.input.find((name) => wanted.has(name));
    const value = node.output[0];
    if (weight === undefined || value === undefined) return [];
    wanted.delete(weight);
    const bias = node.input.find(
      (name, i) => i === 2 && work.parameters.some((p) => p.name === name),
    );
    return [{ value, names: bias === undefined ? [weight] : [weight, bias] }];
  });
  const done: Reconstructed[] = [];
  for (const [i, { value, names }] of jobs.entries()) {
    const onStep = (part: number, loss: number): void =>
      work.onStep((i + part) / jobs.length, loss);
    const seed = seedAt(work.seed, i);
    const fitted = await fit(value, names, stage, { ...work, seed, onStep });
    if (fitted) done.push({ layer: names[0]!, ...fitted });
  }
  return done;
}

async function fit(
  value: string,
  names: readonly string[],
  stage: TrainingOptions,
  work: Reconstruction,
): Promise<{ readonly first: number; readonly last: number } | undefined> {
  const { runtime, samples, batch, parameters } = work;
  const compiled = await compileTraining(
    upTo(value, work.source, [...parameters, ...work.states]),
    {
      trainable: names,
      batch,
      inputShapes: inputShapes(samples, batch),
      loss: { kind: 'mse' },
      batchNorm: 'frozen',
      dropout: false,
      freezeUnsupported: true,
    },
    runtime,
  );
  const own = compiled.parameters.map(({ name }) => parameters.find((p) => p.name === name)!);
  const optimizer = new Optimizer(
    stage.optimizer === 'adam' ? { kind: 'adam' } : { kind: 'sgd', momentum: stage.momentum },
    { l1: stage.l1, l2: stage.l2 },
    own.flatMap((p) => trainedOf(p, work.isFrozen(p.name))),
  );
  const teacher = await runtime.open(upTo(value, work.source, []));
  try {
    const student = await runtime.open(compiled.model);
    try {
      const steps = Math.max(1, Math.floor(work.training.length / batch));
      let first = 0;
      let last = 0;
      for (let e = 0; e < stage.epochs && !work.stopped(); e++) {
        const order = orderOf(work.training, seedAt(work.seed, e), batch);
        last = 0;
        for (let s = 0; s < steps && !work.stopped(); s++) {
          await work.turn();
          const x = samples.batch(order, s * batch, (s + 1) * batch, batch);
          const wanted = (await teacher.run(x))[value]!;
          const feeds: Record<string, HostTensor> = { ...x, [compiled.target!]: wanted };
          for (const { name, shape, values } of own)
            feeds[name] = { type: 'float32', dims: shape, data: values };
          const outputs = await student.run(feeds);
          const loss = (outputs[compiled.loss]!.data as Float32Array)[0]!;
          if (!Number.isFinite(loss)) return undefined;
          const changes = own.flatMap((p, i) => {
            const { gradient } = compiled.parameters[i]!;
            return variableGradients(p, [outputs[gradient]!.data as Float32Array]);
          });
          if (stage.clip > 0) clipNorm(changes, stage.clip);
          const part = (e + s / steps) / stage.epochs;
          await optimizer.step(changes, rateAt(rateOf(stage), part));
          for (const p of own) spread(p);
          last += loss / steps;
          work.onStep(part, loss);
        }
        if (e === 0) first = last;
      }
      return { first, last };
    } finally {
      await student.close();
    }
  } finally {
    await teacher.close();
  }
}

/** The network as far as it computes `value`, with the given tensors' present values. */
function upTo(value: string, source: Graph, held: readonly Held[]): Uint8Array<ArrayBuffer> {
  const graph = cloneGraph(source);
  graph.outputs = [{ name: value, type: 0, shape: [] }];
  for (const { name, shape, values } of held)
    graph.initializers.set(name, floatTensor(shape, values));
  removeUnused(graph);
  return encodeGraph(graph);
}
