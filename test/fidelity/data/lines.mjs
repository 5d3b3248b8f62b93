// Lines of text for recognition and direction. The label is what was rendered.
import { createCanvas } from '@napi-rs/canvas';
import { npy } from '../lib/npy.mjs';
import { random } from '../lib/random.mjs';
import { lineText, renderLine } from './text.mjs';

/** Labelled lines of both parts, and the calibration part as inputs of the two models that read lines. */
export function lines({ save, saveJson }) {
  for (const [split, count, seed] of [
    ['calibration', 120, 11],
    ['test', 400, 12],
  ]) {
    const r = random(seed),
      items = [],
      blobs = [];
    let at = 0;
    for (let i = 0; i < count; i++) {
      const text = lineText(r),
        line = renderLine(text, r);
      items.push({ text, width: line.width, at });
      at += line.pixels.length;
      blobs.push(line.pixels);
    }
    saveJson(`lines-${split}.json`, items);
    save(`lines-${split}.bin`, Buffer.concat(blobs));
    if (split === 'test') continue;
    const rec = new Float32Array(count * 3 * 48 * 320),
      cls = new Float32Array(count * 3 * 48 * 192);
    items.forEach((item, n) => {
      const flip = n % 2 === 1;
      for (const [into, wide, turned] of [
        [rec, 320, false],
        [cls, 192, flip],
      ]) {
        const canvas = createCanvas(item.width, 48),
          c = canvas.getContext('2d'),
          image = c.createImageData(item.width, 48);
        for (let i = 0; i < 48 * item.width; i++)
          for (let k = 0; k < 4; k++) image.data[i * 4 + k] = k < 3 ? blobs[n][i * 3 + k] : 255;
        c.putImageData(image, 0, 0);
        const w = Math.min(wide, item.width),
          fit = createCanvas(w, 48),
          f = fit.getContext('2d');
        if (turned) {
          f.translate(w, 48);
          f.rotate(Math.PI);
        }
        f.drawImage(canvas, 0, 0, w, 48);
        const p = f.getImageData(0, 0, w, 48).data;
        for (let k = 0; k < 3; k++)
          for (let y = 0; y < 48; y++)
            for (let x = 0; x < w; x++)
              into[((n * 3 + k) * 48 + y) * wide + x] = p[(y * w + x) * 4 + 2 - k] / 127.5 - 1;
      }
    });
    save('calibration/ocr-rec.npy', npy(rec, [count, 3, 48, 320]));
    save('calibration/ocr-cls.npy', npy(cls, [count, 3, 48, 192]));
  }
}
