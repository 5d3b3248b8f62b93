/** The first test digits as a small .npz (x: n x 28 x 28 bytes, y: n labels), as numpy reads it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { zipSync } from 'fflate';

/** @param images path of MNIST's images; the labels lie beside them */
export function writeDigits(images: string, count: number, out: string): void {
  const x = readFileSync(images).subarray(16, 16 + count * 784);
  const y = readFileSync(images.replace('images-idx3', 'labels-idx1')).subarray(8, 8 + count);
  const files = { 'x.npy': npy([count, 28, 28], x), 'y.npy': npy([count], y) };
  writeFileSync(out, zipSync(files, { level: 9, mtime: new Date(Date.UTC(1980, 1, 1)) }));
}

/** Bytes as NumPy's format 1.0: header padded to 64, row-major. */
function npy(shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${dims}), }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const file = new Uint8Array(10 + header.length + bytes.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  file.set(new TextEncoder().encode(header), 10);
  file.set(bytes, 10 + header.length);
  return file;
}
