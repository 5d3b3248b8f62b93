/** npm run reproduce -- --figures: the trainings, the tables, the JSON and the pictures. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digits, reproduce } from '../setup.ts';
import { figureSvg, figureTable } from './draw.ts';
import { figuresOf } from './figures.ts';
import { plan } from './plan.ts';
import { runAll } from './run.ts';

const defaults = { samples: '24000', out: 'figures' };

await reproduce(defaults, async ({ out, publish, budget, jobs, signal }) => {
  const start = performance.now();
  const results = await runAll(plan(budget.epochs), {
    ...budget,
    folder: out,
    jobs,
    digits: digits.training,
    signal,
  });
  const seconds = Math.round((performance.now() - start) / 1000);
  const figures = figuresOf(results);
  const json = `${JSON.stringify({ ...budget, seconds, figures, runs: results }, null, 1)}\n`;
  const css = readFileSync(join('webview', 'charts', 'lines.css'), 'utf8');
  const folders = [out, ...(publish ? [join('docs', 'images')] : [])];
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    for (const figure of figures)
      writeFileSync(join(folder, `figure-${figure.name}.svg`), figureSvg(figure, css));
    writeFileSync(join(folder, 'figures.json'), json);
  }
  for (const figure of figures) console.log(`\n${figure.title}\n${figureTable(figure)}`);
  console.log(`\nheld-out errors; ${seconds} s; pictures and figures.json: ${folders.join(', ')}`);
});
