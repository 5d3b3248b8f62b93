/**
 * npm run reproduce -- --network hashed: HashedNets' curve on MNIST (Chen et al. 2015; the figures are those
 * of a public run of the authors' method), 784-1000-10 with a share of its weights as values, beside dense
 * networks of as many parameters trained the same way. Whole `.dcz` files, test digits once a file, at the end.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../src/cli/format.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { denseNetwork } from '../fixtures/dense-network.ts';
import { digits, reproduce } from './setup.ts';
import { percent, Timetable } from './timetable.ts';

/** Errors in percent of `example.ipynb` in github.com/jfainberg/hashed_nets, one seed. */
const published = [
  { part: 1 / 64, hashed: 3.15, dense: 5.91 },
  { part: 1 / 32, hashed: 2.25, dense: 3.53 },
  { part: 1 / 16, hashed: 1.84, dense: 2.28 },
  { part: 1 / 8, hashed: 1.52, dense: 1.75 },
];
const hidden = 1000;

const train = {
  ...{ batch: 128, validation: 1 / 12, normalisation: { scale: 1 / 256 } },
  augment: { shift: 1, rotate: 6, scale: 0.06, shear: 0.07 },
};

/** As many epochs for both; everything is coded as it is, but that a float32 keeps the bits that matter. */
function recipeFor(name: string, factor: number, stage: object): object {
  const epochs = Math.max(0.2, Math.round(6 * factor * 10) / 10);
  const coding = { share: { method: 'exact' }, restNoise: 1e-5, coder: 'auto' };
  const all = { roles: ['weight', 'bias'], minimumWeights: 1 };
  return {
    name,
    ...coding,
    ...all,
    train: { ...train, stages: [{ epochs, rate: 0.003, ...stage }] },
  };
}

interface Row {
  readonly what: string;
  readonly published: number;
  readonly parameters: number;
  readonly heldOut: number;
  readonly file: string;
}

await reproduce({ samples: '60000', out: 'reproduced' }, async ({ out, budget, jobs, signal }) => {
  mkdirSync(out, { recursive: true });
  const planned = published.flatMap(({ part, ...errors }) => {
    const width = Math.round(hidden * part);
    const parameters = (units: number): number => 795 * units + 10;
    const hashed = [784 * hidden, hidden, 10 * hidden, 10].reduce(
      (sum, n) => sum + Math.ceil(n * part),
      0,
    );
    return [
      {
        what: `hashed, 1/${1 / part}`,
        width: hidden,
        stage: { kind: 'hash', part },
        published: errors.hashed,
        parameters: hashed,
      },
      {
        what: `dense, ${width} units`,
        width,
        stage: { kind: 'train' },
        published: errors.dense,
        parameters: parameters(width),
      },
    ];
  });
  const recipes = planned.map(({ what, stage }) => recipeFor(what, budget.epochs, stage));
  const timetable = new Timetable(recipes.map(parseRecipe));
  const rows: Row[] = [];
  for (const [i, { what, width, published, parameters }] of planned.entries()) {
    const model = join(out, 'hashed.untrained.onnx');
    writeFileSync(model, denseNetwork(budget.seed, [784, width, 10]));
    const file = join(out, `${what.replace(/\W+/g, '-')}.dcz`);
    const recipe = recipes[i]!;
    const run = await timetable.during(what, recipe, (onProgress, onEvent) =>
      jobs.retrain(
        {
          ...{
            file: { path: model },
            data: { file: { path: digits.training } },
            recipe,
            out: file,
          },
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
    rows.push({ what, published, parameters, heldOut: 1 - run.after!.top1!, file });
    console.log(what, percent(1 - run.after!.top1!), statSync(file).size);
  }
  const lines: string[][] = [];
  for (const { what, published, parameters, heldOut, file } of rows) {
    const input = {
      file: { path: file },
      data: { file: { path: digits.test } },
      normalisation: { scale: 1 / 256 },
    };
    const { top1 } = await jobs.evaluate(input, signal, () => {});
    lines.push([
      what,
      String(parameters),
      `${published}%`,
      percent(heldOut),
      percent(1 - top1!),
      String(statSync(file).size),
    ]);
  }
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const heads = ['parameters', 'published', 'held-out error', 'test error', '.dcz'].map(right);
  console.log(
    `\n784-${hidden}-10 on MNIST\n${table([{ title: 'network', align: 'left' }, ...heads], lines)}`,
  );
});
