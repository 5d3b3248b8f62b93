/**
 * Every command that writes files, for those of faults.ts: how it is called in a folder that
 * holds all inputs, what it makes, and which calls of the program that exercises.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mulberry32 } from '../../src/model/random.ts';
import { externalTensor, graph, model } from '../fixtures/onnx-writer.ts';
import { lenet300 } from '../fixtures/lenet.ts';
import { stripes } from '../fixtures/stripes.ts';
import { makeNet, randomLayer } from '../unit/caffe/make-net.ts';
import { gaussianTensor } from '../unit/engine/support.ts';

export interface Writer {
  readonly name: string;
  /** Files of the program that hold the calls. */
  readonly sources: readonly string[];
  /** The first file named is the input that is changed meanwhile. */
  readonly args: readonly string[];
  readonly outputs: readonly Output[];
  /** Files that it writes and deletes again. */
  readonly transient?: readonly string[];
  /** Keeps several files in step: tried as processes of its own too. */
  readonly processes?: true;
}

export interface Output {
  readonly path: string;
  /**
   * Before the run: `old`, a file of its kind that is replaced; `free`, nothing; undefined, `old`.
   */
  readonly before?: 'free';
  /** Whether a file is a whole one; undefined: it has the very bytes of any other run. */
  readonly isWhole?: (bytes: Buffer) => boolean;
}

/** Holds times, which differ from run to run. */
const isRecord = (bytes: Buffer): boolean =>
  (JSON.parse(bytes.toString()) as { format?: unknown }).format === 'deep-compression-training';

const compress = 'src/engine/jobs/compress-file.ts';
const decompress = 'src/engine/jobs/decompress.ts';
const record = 'src/engine/train/record.ts';
const checkpoints = 'src/engine/train/checkpoints.ts';
const exports = 'src/cli/viewer-exports.ts';
const tables = 'src/cli/eie-commands.ts';
const train = ['--data', 'd.csv', '--recipe', 'r.dcrecipe.json', '--threads', '1'];

export const writers: readonly Writer[] = [
  {
    name: 'compress',
    sources: [compress],
    args: ['compress', 'm.onnx', '--out', 'o.dcz', '--preset', 'eie', '--threads', '1'],
    outputs: [{ path: 'o.dcz' }],
  },
  {
    name: 'decompress',
    sources: [decompress],
    args: ['decompress', 'm.dcz', '--out', 'o.onnx', '--threads', '1'],
    outputs: [{ path: 'o.onnx' }],
  },
  {
    name: 'decompress with external data',
    sources: [decompress],
    args: ['decompress', 'e.dcz', '--out', 'to/o.onnx', '--threads', '1'],
    outputs: [
      { path: 'to/o.onnx' },
      { path: 'to/w/a.bin', before: 'free' },
      { path: 'to/b.bin', before: 'free' },
    ],
    processes: true,
  },
  {
    name: 'report as a page',
    sources: ['src/engine/jobs/page.ts'],
    args: ['report', 'm.dcz', '--out', 'o.html'],
    outputs: [{ path: 'o.html' }],
  },
  {
    name: 'import',
    sources: ['src/engine/jobs/import.ts'],
    args: ['import', 'han.net', '--prototxt', 'han.prototxt', '--out', 'o.onnx'],
    outputs: [{ path: 'o.onnx' }],
  },
  {
    name: 'retrain to a .dcz with record and checkpoint',
    sources: [compress, record, checkpoints],
    args: ['retrain', 'm.onnx', ...train, '--out', 'o.dcz'],
    outputs: [{ path: 'o.dcz' }, { path: 'o.training.json', isWhole: isRecord }],
    transient: ['o.dcz.checkpoint'],
    processes: true,
  },
  {
    name: 'retrain to an .onnx',
    sources: ['src/engine/jobs/retrain.ts', checkpoints],
    args: ['retrain', 'm.onnx', ...train, '--out', 'o.onnx', '--checkpoint', 'c.checkpoint'],
    outputs: [{ path: 'o.onnx' }],
    transient: ['c.checkpoint'],
  },
  {
    name: 'sensitivity into a record',
    sources: [record],
    args: [
      ...['sensitivity', 'm.onnx', '--data', 'd.csv', '--sparsities', '0.5', '--bits', '2'],
      ...['--threads', '1', '--into', 'm.dcz'],
    ],
    outputs: [{ path: 'm.training.json', isWhole: isRecord }],
  },
  {
    name: 'export for stock runtimes',
    sources: ['src/engine/jobs/export.ts'],
    args: ['export', 'm.onnx', '--to', 'int8', '--out', 'o.onnx'],
    outputs: [{ path: 'o.onnx' }],
  },
  {
    name: 'inspect for Netron and Model Explorer',
    sources: [exports],
    args: ['inspect', 'm.dcz', '--netron', 'o.netron.json', '--model-explorer', 'o.nodes.json'],
    outputs: [{ path: 'o.netron.json' }, { path: 'o.nodes.json' }],
  },
  {
    name: 'simulate as a table',
    sources: [tables],
    args: ['simulate', 'm.dcz', '--csv', 'o.csv', '--no-host', '--threads', '1'],
    outputs: [{ path: 'o.csv' }],
  },
  {
    name: 'remove channels',
    sources: ['src/engine/jobs/slim.ts'],
    args: [
      'slim',
      'm.onnx',
      '--keep',
      '0.6',
      '--data',
      'd.csv',
      '--out',
      'o.onnx',
      '--threads',
      '1',
    ],
    outputs: [{ path: 'o.onnx' }],
  },
  {
    name: 'impact as a table',
    sources: ['src/cli/search-commands.ts'],
    args: ['impact', 'm.onnx', '--data', 'd.csv', '--out', 'o.csv', '--threads', '1'],
    outputs: [{ path: 'o.csv' }],
  },
  {
    name: 'search as a picture',
    sources: ['src/cli/search-commands.ts'],
    args: ['search', 'm.onnx', '--data', 'd.csv', '--out', 'o.svg', '--threads', '1'],
    outputs: [{ path: 'o.svg' }],
  },
  {
    name: 'sweep as a table',
    sources: [tables],
    args: ['sweep', 'm.dcz', '--axis', 'pe=4,8', '--csv', 'o.csv', '--threads', '1'],
    outputs: [{ path: 'o.csv' }],
  },
];

/** Writers that no command reaches, and the test that sees them. */
export const elsewhere: Readonly<Record<string, string>> = {
  'src/cli/queued.ts': 'test/unit/queue/survival.test.ts',
  'src/vscode/outputs.ts': 'test/ui/eie.test.ts',
};

/** Files of the program, outside src/platform, that make, move or delete files by themselves. */
export const byThemselves: Readonly<Record<string, string>> = {
  'src/cli/batch-command.ts': 'makes the folders below the one it writes in',
  'src/cli/queue-commands.ts': 'makes the folders below the one it writes in',
  'src/extension-web.ts': 'in the web, where VS Code alone writes files',
  'src/queue/cache.ts': 'keeps files by their hash in a folder of its own',
  'src/queue/files.ts': 'keeps files by their hash in a folder of its own',
  'src/queue/worker.ts': 'does each piece in a new folder, which it removes',
  'src/vscode/compressing.ts': 'makes the folder that the settings name',
  'src/vscode/commands/decompress.ts': 'makes a new folder, and deletes it when it stays empty',
  'src/vscode/commands/open-sample.ts': 'copies samples to names that are free',
  'src/vscode/outputs.ts': 'on file systems that only VS Code knows',
  'src/vscode/protect-layer.ts': 'adds to the recipe of protected layers beside a model',
};

const prototxt = `name: "small"
layer { name: "data" type: "Input" top: "data" input_param { shape: { dim: 1 dim: 64 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 900 } }`;

/** Writes all inputs but the .dcz files into a folder, with neighbours that nothing may touch. */
export function makeInputs(folder: string): void {
  const put = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(folder, name), content);
  put('m.onnx', lenet300(1, [24, 12]));
  put('other.onnx', lenet300(2, [6, 5]));
  put('d.csv', stripes(60, 4));
  put(
    'r.dcrecipe.json',
    JSON.stringify({
      name: 'short',
      prune: { method: 'sparsity', target: 0.8 },
      train: { stages: [{ kind: 'prune', epochs: 2, rate: 0.01 }] },
    }),
  );
  put('han.net', makeNet([randomLayer('ip', 64 * 900, 900, mulberry32(3))]));
  put('han.prototxt', prototxt);
  const weights = 2000;
  const at = (name: string, location: string): ReturnType<typeof externalTensor> =>
    externalTensor(name, [weights], { location, offset: '0', length: String(4 * weights) });
  mkdirSync(join(folder, 'w'));
  mkdirSync(join(folder, 'to'));
  put('w/a.bin', gaussianTensor('a', [weights], 1).rawData!);
  put('b.bin', gaussianTensor('b', [weights], 2).rawData!);
  put('e.onnx', model(graph([], { initializers: [at('a', 'w/a.bin'), at('b', 'b.bin')] })));
  put('to/notes.txt', 'mine');
  put('o.dcz.bak', 'mine');
}
