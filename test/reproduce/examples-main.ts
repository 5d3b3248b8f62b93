/** npm run reproduce -- --network lstm|cnn: runs one of examples.ts and prints what each step cost. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../src/cli/format.ts';
import { examples, runExample, type ExampleName, type ExampleResult } from './examples.ts';
import { digits, reproduce } from './setup.ts';
import { percent } from './timetable.ts';

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

await reproduce({ samples: '60000', out: 'reproduced' }, async (setup) => {
  const { out, jobs, signal } = setup;
  const name = setup.network as ExampleName;
  const { epochs: factor, samples, seed } = setup.budget;
  const budget = { samples, factor, seed };
  const result = await runExample(name, jobs, {
    ...budget,
    small: false,
    folder: out,
    data: { file: { path: digits.training } },
    test: { file: { path: digits.test } },
    signal,
  });
  const file = join(out, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ ...budget, ...result }, null, 1)}\n`);
  const { title } = examples[name];
  console.log(`\n${title}: accuracy on the 10,000 test digits, whole files\n${text(result)}`);
  if (samples < 60_000 || factor < 1)
    console.log('\nA small budget: these figures say nothing about the method.');
  console.log(`\nmodels, the .dcz and all figures: ${out}`);
});
