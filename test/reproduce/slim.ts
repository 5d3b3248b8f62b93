/**
 * npm run reproduce -- --network slim: the MLP of structured sparsity learning (Wen et al. 2016, table 1 of the
 * poster) and of network slimming (Liu et al. 2017), 784-500-300-10 on MNIST, trained from nothing; units are
 * trained to zero by group lasso at two strengths, removed for real, and what is left is trained on. Errors of
 * the 10,000 test digits are computed at the end, once a file.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../src/cli/format.ts';
import type { RetrainResult } from '../../src/engine/protocol-train.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { denseNetwork } from '../fixtures/dense-network.ts';
import { digits, reproduce } from './setup.ts';
import { percent, Timetable } from './timetable.ts';

const common = {
  ...{ batch: 128, validation: 1 / 12, normalisation: { scale: 1 / 256 } },
  augment: { shift: 1, rotate: 6, scale: 0.06, shear: 0.07 },
};
/**
 * Weights of the sum of all units' norms, and the training after it, chosen on held-out digits. Columns of the
 * first layer are inputs of the model: zero ones stay.
 */
const strengths = [
  { decay: 0.015, columns: 2, after: { epochs: 10, rate: 0.001 } },
  { decay: 0.025, columns: 1, after: { epochs: 12, rate: 0.002 } },
];

function recipesFor(factor: number) {
  const epochs = (n: number): number => Math.max(0.2, Math.round(n * factor * 10) / 10);
  const recipe = (name: string, stages: readonly object[], rest: object = {}): object => ({
    ...{ name, ...rest },
    train: { ...common, stages },
  });
  const going = { kind: 'group-lasso', optimizer: 'sgd', rate: 0.05, schedule: 'constant' };
  const inputs = { of: 'columns', layers: ['fc1.weight'], decay: 0.005 };
  const share = [{ kind: 'share', epochs: epochs(2), rate: 0.0003 }];
  const four = { share: { method: 'optimal', bits: 4 }, coder: 'auto' };
  return {
    train: recipe('from nothing', [{ kind: 'train', epochs: epochs(8), rate: 0.001 }]),
    slim: strengths.map(({ decay, columns, after }) => ({
      decay,
      recipe: recipe(`group lasso ${decay}`, [
        { ...going, epochs: epochs(6), decay },
        { ...going, ...inputs, epochs: epochs(columns) },
        { kind: 'train', epochs: epochs(after.epochs), rate: after.rate },
      ]),
      coded: recipe(`group lasso ${decay}, shared`, share, four),
    })),
  };
}

await reproduce({ samples: '60000', out: 'reproduced' }, async ({ out, budget, jobs, signal }) => {
  mkdirSync(out, { recursive: true });
  const recipes = recipesFor(budget.epochs);
  const all = [recipes.train, ...recipes.slim.flatMap(({ recipe, coded }) => [recipe, coded])];
  const timetable = new Timetable(all.map(parseRecipe));
  const path = (name: string): string => join(out, `mlp${name}`);
  const retrain = (
    what: string,
    from: string,
    recipe: object,
    to: string,
  ): Promise<RetrainResult> =>
    timetable.during(what, recipe, (onProgress, onEvent) =>
      jobs.retrain(
        {
          ...{ file: { path: from }, data: { file: { path: digits.training } }, recipe, out: to },
          ...{
            overwrite: true,
            fresh: true,
            threads: 1,
            seed: budget.seed,
            samples: budget.samples,
          },
        },
        signal,
        onProgress,
        undefined,
        onEvent,
      ),
    );
  writeFileSync(path('.untrained.onnx'), denseNetwork(budget.seed, [784, 500, 300, 10]));
  const files: { what: string; run: RetrainResult }[] = [];
  const step = async (what: string, from: string, recipe: object, to: string): Promise<void> => {
    const run = await retrain(what, from, recipe, to);
    files.push({ what, run });
    console.log(what, percent(1 - run.after!.top1!), run.notes.at(-1) ?? '');
  };
  await step('trained', path('.untrained.onnx'), recipes.train, path('.onnx'));
  for (const { decay, recipe, coded } of recipes.slim) {
    const slim = path(`.${decay}.onnx`);
    await step(`group lasso, ${decay}`, path('.onnx'), recipe, slim);
    await step('shared too, as a .dcz', slim, coded, path(`.${decay}.dcz`));
  }
  const rows: string[][] = [];
  for (const { what, run } of files) {
    const file = { path: run.output.path };
    const { normalisation } = common;
    const input = { file, data: { file: { path: digits.test } }, normalisation };
    const { top1 } = await jobs.evaluate(input, signal, () => {});
    const { removed } = run;
    rows.push([
      what,
      removed ? ['784', ...removed.groups.map(({ kept }) => kept), '10'].join('-') : '',
      removed ? String(removed.after.parameters) : '',
      percent(1 - run.after!.top1!),
      percent(1 - top1!),
      String(statSync(file.path).size),
      ...[0, 1].map((i) => {
        const times = removed?.runtimes[i];
        return times ? `${(times.original / times.exported).toFixed(1)}x` : '';
      }),
    ]);
  }
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const heads = ['units', 'parameters', 'held-out error', 'test error', 'bytes', 'native', 'web'];
  console.log(`\n${table([{ title: 'step', align: 'left' }, ...heads.map(right)], rows)}`);
});
