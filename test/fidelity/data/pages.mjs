// Pages with text for detection. The labels are the boxes that were drawn.
import { createCanvas } from '@napi-rs/canvas';
import { npy } from '../lib/npy.mjs';
import { random } from '../lib/random.mjs';
import { fontOf, lineText } from './text.mjs';

const side = 480;
/** Labelled pages of both parts, and the calibration part as inputs of the detector. */
export function pages({ save, saveJson }) {
  for (const [split, count, seed] of [
    ['calibration', 16, 21],
    ['test', 50, 22],
  ]) {
    const r = random(seed),
      truth = [],
      blobs = [];
    for (let n = 0; n < count; n++) {
      const canvas = createCanvas(side, side),
        c = canvas.getContext('2d'),
        boxes = [];
      const base = r.between(190, 255);
      const sky = c.createLinearGradient(0, 0, side, side);
      sky.addColorStop(0, `rgb(${base},${base - 10},${base - 5})`);
      sky.addColorStop(1, `rgb(${base - r.between(0, 60)},${base - 40},${base - 10})`);
      c.fillStyle = sky;
      c.fillRect(0, 0, side, side);
      for (let i = 0; i < 6; i++) {
        c.fillStyle = `rgba(${r.int(256)},${r.int(256)},${r.int(256)},0.25)`;
        c.fillRect(r.int(side), r.int(side), r.int(120), r.int(60));
      }
      for (let y = 16 + r.int(20); y < side - 50;) {
        const text = lineText(r),
          size = 12 + r.int(18),
          x = 10 + r.int(120);
        c.font = `${size}px ${fontOf(text, r)}`;
        c.textBaseline = 'alphabetic';
        const m = c.measureText(text);
        if (x + m.width > side - 8) continue;
        c.fillStyle = `rgb(${r.int(90)},${r.int(90)},${r.int(90)})`;
        c.fillText(text, x, y + size);
        boxes.push([
          x - m.actualBoundingBoxLeft,
          y + size - m.actualBoundingBoxAscent,
          x + m.actualBoundingBoxRight,
          y + size + m.actualBoundingBoxDescent,
        ]);
        y += size * r.between(1.7, 2.8);
      }
      const p = c.getImageData(0, 0, side, side).data,
        out = new Uint8Array(side * side * 3),
        level = r.between(0, 25);
      for (let i = 0; i < side * side; i++) {
        const noise = level * r.normal();
        for (let k = 0; k < 3; k++)
          out[i * 3 + k] = Math.max(0, Math.min(255, p[i * 4 + k] + noise));
      }
      truth.push(boxes);
      blobs.push(out);
    }
    saveJson(`pages-${split}.json`, { side, truth });
    save(`pages-${split}.bin`, Buffer.concat(blobs));
    if (split === 'test') continue;
    const x = new Float32Array(count * 3 * side * side),
      mean = [0.485, 0.456, 0.406],
      sd = [0.229, 0.224, 0.225];
    blobs.forEach((blob, n) => {
      for (let k = 0; k < 3; k++)
        for (let i = 0; i < side * side; i++)
          x[(n * 3 + k) * side * side + i] = (blob[i * 3 + 2 - k] / 255 - mean[k]) / sd[k];
    });
    save('calibration/ocr-det.npy', npy(x, [count, 3, side, side]));
  }
}
