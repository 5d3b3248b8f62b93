/**
 * npm run reproduce: trains LeNet-300-100 and LeNet-5 on MNIST from nothing, compresses them with the
 * engine a user has, and prints Deep Compression's Tables 1, 2 and 3 beside what was measured.
 *   --network NAME   lenet-300-100 or lenet-5 (default: both); lstm and cnn are two other networks,
 *                    pruned, retrained and shared in steps; hashed is HashedNets' curve, slim the
 *                    MLP of structured sparsity learning (docs/reproduction.md)
 *   --figures        the papers' figures instead: tables, figures.json and SVGs (dist-test/figures)
 *   --samples N      train on the first N digits only (default: all 60,000)
 *   --epochs F       multiply all epochs by F (default: 1); --samples 4000 --epochs 0.2 takes a minute
 *   --seed N         (default: 1)
 *   --out DIR        models, .dcz files and a JSON of all figures (default: dist-test/reproduced)
 *   --web            onnxruntime-web, even where onnxruntime-node is installed
 *   --publish        make the models and what was chosen the samples of media/samples
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTogether, temporaryOut } from './lib/bundle.mjs';
import { run } from './lib/process.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const out = temporaryOut('reproduce');
process.on('exit', () => rmSync(out, { recursive: true, force: true }));
const main = join(out, 'main.js');
const wanted = process.argv[process.argv.indexOf('--network') + 1];
const entry = process.argv.includes('--figures')
  ? 'figures/main'
  : ['lstm', 'cnn'].includes(wanted)
    ? 'examples-main'
    : ['hashed', 'slim'].includes(wanted)
      ? wanted
      : 'main';
await bundleTogether([`test/reproduce/${entry}.ts`], main);
const { code } = await run(
  process.execPath,
  ['--enable-source-maps', main, ...process.argv.slice(2)],
  { timeout: 86_400_000 },
);
process.exitCode = code;
