/** The reproduction itself; scripts/reproduce.mjs bundles and starts it, and lists the options. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecipe, type Recipe } from '../../src/recipe/recipe.ts';
import type { Accuracy } from '../../src/engine/protocol-accuracy.ts';
import { readRecord, writeRecord } from '../../src/engine/train/record.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { lenet300, lenet5 } from '../fixtures/lenet.ts';
import { writeDigits } from './digits.ts';
import { paper, type NetworkName } from './paper.ts';
import { recipesFor } from './recipes.ts';
import { summary, type Measured, type Point, type Scores } from './result.ts';
import { digits, reproduce, type Setup } from './setup.ts';
import { curveText, layerText, summaryText } from './tables.ts';
import { Timetable } from './timetable.ts';

const networks = Object.keys(paper) as NetworkName[];

/** Trains and compresses one network along its curve; nothing here sees the test digits. */
async function train(
  network: NetworkName,
  { out: folder, budget, jobs, signal }: Setup,
  timetable: Timetable,
): Promise<Measured> {
  const path = (name: string): string => join(folder, `${network}${name}`);
  const { seed, samples } = budget;
  const data = { file: { path: digits.training } };
  const recipes = recipesFor(network, paper[network], budget.epochs);
  const retrain = (name: string, file: string, recipe: object, out: string) =>
    timetable.during(`${network}, ${name}`, recipe, (onProgress, onEvent) =>
      jobs.retrain(
        {
          ...{ file: { path: file }, data, recipe, out },
          ...{ overwrite: true, seed, threads: 1, samples, fresh: true },
        },
        signal,
        onProgress,
        undefined,
        onEvent,
      ),
    );
  const untrained = path('.untrained.onnx');
  writeFileSync(untrained, network === 'lenet-5' ? lenet5(seed) : lenet300(seed));
  const model = path('.onnx');
  const training = await retrain('training', untrained, recipes.train, model);
  const point = async (name: string, recipe: object): Promise<Point> => {
    const run = await retrain(name, model, recipe, path(`.${name}.dcz`));
    return { name, file: run.output.path, run };
  };
  const points = [await point('paper', recipes.paper)];
  for (const { target, recipe } of recipes.curve) points.push(await point(String(target), recipe));
  return { network, model, points, chosen: choose(points, training.after), training };
}

/** What a compressed network may lose on the held-out digits: a quarter of a percentage point. */
const mostLost = 0.0025;

/** The smallest file that loses no more; where there is none, the one with the least error. */
function choose(points: readonly Point[], original: Accuracy | null): Point {
  const error = ({ run }: Point): number => 1 - (run.after?.top1 ?? 0);
  const most = 1 - (original?.top1 ?? 0) + mostLost;
  const bytes = ({ run }: Point): number => run.output.bytes;
  const least = (of: readonly Point[], cost: (p: Point) => number): Point =>
    of.reduce((best, p) => (cost(p) < cost(best) ? p : best));
  const good = points.filter((p) => error(p) <= most);
  return good.length > 0 ? least(good, bytes) : least(points, error);
}

/** The recipes of all runs, for the estimate of the time left. */
function planned(chosen: readonly NetworkName[], epochs: number): Recipe[] {
  return chosen.flatMap((network) => {
    const recipes = recipesFor(network, paper[network], epochs);
    const curve = recipes.curve.map(({ recipe }) => recipe);
    return [recipes.train, recipes.paper, ...curve].map(parseRecipe);
  });
}

await reproduce({ samples: '60000', out: 'reproduced' }, async (setup) => {
  const { out, budget } = setup;
  const chosen = networks.filter((n) => setup.network === undefined || setup.network === n);
  if (chosen.length === 0)
    throw new DeepCompressionError(
      'invalid-input',
      `--network is one of ${networks.join(', ')}, not '${setup.network}'`,
    );
  mkdirSync(out, { recursive: true });
  const timetable = new Timetable(planned(chosen, budget.epochs));
  for (const network of chosen) {
    const measured = await train(network, setup, timetable);
    const scores = await test(measured, setup);
    const result = { ...budget, ...summary(measured, scores) };
    const json = `${JSON.stringify(result, null, 1)}\n`;
    writeFileSync(join(out, `${network}.json`), json);
    console.log(`\nTable 1: error on the 10,000 test digits, whole files\n${summaryText(result)}`);
    console.log(
      `\nTable ${network === 'lenet-5' ? 3 : 2}: ${network}, paper / measured\n${layerText(result)}`,
    );
    console.log(`\nError against size: ${network}\n${curveText(result)}`);
    if (setup.publish) await publish(measured, scores, json);
  }
  if (budget.samples < 60_000 || budget.epochs < 1)
    console.log('\nA small budget: these errors say nothing about the method.');
  console.log(`\nmodels, .dcz files and all figures: ${out}`);
});

/** When every choice has been made: the test digits, each file once. */
async function test({ model, points }: Measured, { jobs, signal }: Setup): Promise<Scores> {
  const data = { file: { path: digits.test } };
  const scores = new Map<string, Accuracy>();
  for (const file of [model, ...points.map((p) => p.file)]) {
    const input = { file: { path: file }, data, normalisation: { scale: 1 / 256 } };
    const { samples, top1, top5, loss } = await jobs.evaluate(input, signal, () => {});
    scores.set(file, { samples, top1, top5, loss });
  }
  return scores;
}

/** What becomes the project's own samples; the record of the .dcz learns of the test digits. */
async function publish({ network, model, chosen }: Measured, scores: Scores, json: string) {
  const path = (name: string): string => join('media', 'samples', name);
  mkdirSync(path(''), { recursive: true });
  copyFileSync(model, path(`${network}.onnx`));
  copyFileSync(chosen.file, path(`${network}.dcz`));
  writeFileSync(path(`${network}.reproduction.json`), json);
  const { retraining } = readRecord(chosen.file).record!;
  await writeRecord(path(`${network}.dcz`), {
    retraining: {
      ...retraining!,
      test: { before: scores.get(model)!, after: scores.get(chosen.file)! },
    },
  });
  writeDigits(digits.test, 1000, path('mnist-test-digits.npz'));
  console.log(`published in ${path('')}`);
}
