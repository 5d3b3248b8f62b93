/**
 * Every block type of GGUF against a slow reference that walks a block as ggml's dequantize_row functions do,
 * pointer by pointer.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { blockTypes, type BlockType } from '../../../src/model/dtype.ts';
import { unpackBlock } from '../../../src/model/gguf/blocks.ts';
import { fromFloat16 } from '../../../src/model/half.ts';
import { mulberry32 } from '../../../src/model/random.ts';

const int8 = (byte: number): number => new Int8Array(Uint8Array.of(byte).buffer)[0]!;
const uint32 = (b: Uint8Array, at: number): number =>
  new DataView(b.buffer, b.byteOffset).getUint32(at, true);
const half = (b: Uint8Array, at: number): number => fromFloat16(b[at]! + 256 * b[at + 1]!);

function scaleMinK4(j: number, q: Uint8Array): [number, number] {
  if (j < 4) return [q[j]! & 63, q[j + 4]! & 63];
  return [(q[j + 4]! & 0x0f) | ((q[j - 4]! >> 6) << 4), (q[j + 4]! >> 4) | ((q[j]! >> 6) << 4)];
}

/** 32 values in two halves of a nibble each, with the fifth bits where there are some. */
function small(
  b: Uint8Array,
  at: number,
  high: number | undefined,
  value: (q: number) => number,
): number[] {
  const y = new Array<number>(32);
  const qh = high === undefined ? 0 : uint32(b, high);
  for (let j = 0; j < 16; j++) {
    y[j] = value((b[at + j]! & 0x0f) | (((qh >>> j) << 4) & 0x10));
    y[j + 16] = value((b[at + j]! >> 4) | ((qh >>> (j + 12)) & 0x10));
  }
  return y;
}

const references: Record<BlockType, (b: Uint8Array) => number[]> = {
  q4_0: (b) => small(b, 2, undefined, (q) => (q - 8) * half(b, 0)),
  q4_1: (b) => small(b, 4, undefined, (q) => q * half(b, 0) + half(b, 2)),
  q5_0: (b) => small(b, 6, 2, (q) => (q - 16) * half(b, 0)),
  q5_1: (b) => small(b, 8, 4, (q) => q * half(b, 0) + half(b, 2)),
  q8_0: (b) => Array.from(b.subarray(2), (q) => int8(q) * half(b, 0)),
  q8_1: (b) => Array.from(b.subarray(4), (q) => int8(q) * half(b, 0)),
  q8_k: (b) => {
    const d = new DataView(b.buffer, b.byteOffset).getFloat32(0, true);
    return Array.from(b.subarray(4, 260), (q) => int8(q) * d);
  },
  q2_k: (b) => {
    const y: number[] = [];
    const [d, min] = [half(b, 80), half(b, 82)];
    let is = 0;
    for (let q = 16; q < 80; q += 32)
      for (let shift = 0; shift < 8; shift += 2)
        for (const from of [q, q + 16]) {
          const sc = b[is++]!;
          for (let l = 0; l < 16; l++)
            y.push(d * (sc & 0xf) * ((b[from + l]! >> shift) & 3) - min * (sc >> 4));
        }
    return y;
  },
  q3_k: (b) => {
    const [a0, a1, tmp] = [uint32(b, 96), uint32(b, 100), uint32(b, 104)];
    const aux = Uint32Array.of(
      (a0 & 0x0f0f0f0f) | ((tmp & 0x03030303) << 4),
      (a1 & 0x0f0f0f0f) | (((tmp >>> 2) & 0x03030303) << 4),
      ((a0 >>> 4) & 0x0f0f0f0f) | (((tmp >>> 4) & 0x03030303) << 4),
      ((a1 >>> 4) & 0x0f0f0f0f) | (((tmp >>> 6) & 0x03030303) << 4),
    );
    const scales = new Int8Array(aux.buffer);
    const y: number[] = [];
    let is = 0;
    let m = 1;
    for (let q = 32; q < 96; q += 32)
      for (let shift = 0; shift < 8; shift += 2, m <<= 1)
        for (const half16 of [0, 16]) {
          const dl = half(b, 108) * (scales[is++]! - 32);
          for (let l = half16; l < half16 + 16; l++)
            y.push(dl * (((b[q + l]! >> shift) & 3) - (b[l]! & m ? 0 : 4)));
        }
    return y;
  },
  q4_k: (b) => {
    const y: number[] = [];
    for (let q = 16, is = 0; q < 144; q += 32, is += 2)
      for (const upper of [0, 1]) {
        const [sc, m] = scaleMinK4(is + upper, b.subarray(4, 16));
        for (let l = 0; l < 32; l++) {
          const quant = upper ? b[q + l]! >> 4 : b[q + l]! & 0xf;
          y.push(half(b, 0) * sc * quant - half(b, 2) * m);
        }
      }
    return y;
  },
  q5_k: (b) => {
    const y: number[] = [];
    let bit = 1;
    for (let q = 48, is = 0; q < 176; q += 32, is += 2)
      for (const upper of [0, 1]) {
        const [sc, m] = scaleMinK4(is + upper, b.subarray(4, 16));
        for (let l = 0; l < 32; l++) {
          const quant = (upper ? b[q + l]! >> 4 : b[q + l]! & 0xf) + (b[16 + l]! & bit ? 16 : 0);
          y.push(half(b, 0) * sc * quant - half(b, 2) * m);
        }
        bit <<= 1;
      }
    return y;
  },
  q6_k: (b) => {
    const y = new Array<number>(256);
    const d = half(b, 208);
    for (let n = 0, ql = 0, qh = 128, sc = 192; n < 256; n += 128, ql += 64, qh += 32, sc += 8)
      for (let l = 0; l < 32; l++) {
        const is = sc + Math.floor(l / 16);
        const high = b[qh + l]!;
        const q1 = ((b[ql + l]! & 0xf) | ((high & 3) << 4)) - 32;
        const q2 = ((b[ql + l + 32]! & 0xf) | (((high >> 2) & 3) << 4)) - 32;
        const q3 = ((b[ql + l]! >> 4) | (((high >> 4) & 3) << 4)) - 32;
        const q4 = ((b[ql + l + 32]! >> 4) | (((high >> 6) & 3) << 4)) - 32;
        y[n + l] = d * int8(b[is]!) * q1;
        y[n + l + 32] = d * int8(b[is + 2]!) * q2;
        y[n + l + 64] = d * int8(b[is + 4]!) * q3;
        y[n + l + 96] = d * int8(b[is + 6]!) * q4;
      }
    return y;
  },
};

/** Where the scales of a block lie, which must be finite: halves, and the one float of q8_k. */
const scalesAt: Record<BlockType, readonly number[]> = {
  ...{ q4_0: [0], q4_1: [0, 2], q5_0: [0], q5_1: [0, 2], q8_0: [0], q8_1: [0, 2] },
  ...{ q2_k: [80, 82], q3_k: [108], q4_k: [0, 2], q5_k: [0, 2], q6_k: [208], q8_k: [2] },
};

for (const type of Object.keys(blockTypes) as BlockType[])
  test(`blocks of ${type} unpack to what ggml makes of them`, () => {
    const random = mulberry32(7);
    const [values, bytes] = blockTypes[type];
    for (let n = 0; n < 40; n++) {
      const block = Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
      // exponents of halves from 2^-12 to 2^3, and of floats likewise
      for (const at of scalesAt[type]) block[at + 1] = (block[at + 1]! & 0x8f) | 0x30;
      const out = new Float32Array(values);
      unpackBlock(type, block, out);
      references[type](block).forEach((expected, i) => {
        const far = Math.abs(out[i]! - expected);
        assert.ok(
          far <= 1e-6 * (1 + Math.abs(expected) * 100),
          `${type} ${i}: ${out[i]} ${expected}`,
        );
      });
    }
  });
