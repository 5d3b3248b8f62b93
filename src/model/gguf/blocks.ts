/**
 * Turns one block of a GGUF type into numbers: a scale (and a minimum) for 32 values, or for 256 values in
 * parts of 16 or 32 with scales of their own. Source: ggml's quantization formats (ggml-quants).
 */
import { blockTypes, type BlockType } from '../dtype.ts';
import { widenFloat16 } from '../half.ts';

type Unpack = (block: Uint8Array, out: Float32Array) => void;

const codes = new Uint16Array(1);
const wide = new Float32Array(1);

function half(block: Uint8Array, at: number): number {
  codes[0] = block[at] | (block[at + 1] << 8);
  widenFloat16(codes, wide);
  return wide[0];
}

const signed = (byte: number): number => (byte << 24) >> 24;

/** Scale and minimum of part `j` of q4_k and q5_k: six bits each, packed into twelve bytes. */
function scaleAndMin(block: Uint8Array, at: number, j: number): readonly [number, number] {
  const b = (i: number): number => block[at + i];
  return j < 4
    ? [b(j) & 63, b(j + 4) & 63]
    : [(b(j + 4) & 15) | ((b(j - 4) >> 6) << 4), (b(j + 4) >> 4) | ((b(j) >> 6) << 4)];
}

const unpackers: Readonly<Record<BlockType, Unpack>> = {
  q4_0: (block, out) => {
    const d = half(block, 0);
    for (let i = 0; i < 16; i++) {
      out[i] = d * ((block[2 + i] & 15) - 8);
      out[i + 16] = d * ((block[2 + i] >> 4) - 8);
    }
  },
  q4_1: (block, out) => {
    const d = half(block, 0);
    const m = half(block, 2);
    for (let i = 0; i < 16; i++) {
      out[i] = d * (block[4 + i] & 15) + m;
      out[i + 16] = d * (block[4 + i] >> 4) + m;
    }
  },
  q5_0: (block, out) => {
    const d = half(block, 0);
    for (let i = 0; i < 32; i++) {
      const high = (block[2 + (i >> 3)] >> (i & 7)) & 1;
      const low = i < 16 ? block[6 + i] & 15 : block[6 + i - 16] >> 4;
      out[i] = d * ((low | (high << 4)) - 16);
    }
  },
  q5_1: (block, out) => {
    const d = half(block, 0);
    const m = half(block, 2);
    for (let i = 0; i < 32; i++) {
      const high = (block[4 + (i >> 3)] >> (i & 7)) & 1;
      const low = i < 16 ? block[8 + i] & 15 : block[8 + i - 16] >> 4;
      out[i] = d * (low | (high << 4)) + m;
    }
  },
  q8_0: (block, out) => {
    const d = half(block, 0);
    for (let i = 0; i < 32; i++) out[i] = d * signed(block[2 + i]);
  },
  q8_1: (block, out) => {
    const d = half(block, 0);
    for (let i = 0; i < 32; i++) out[i] = d * signed(block[4 + i]);
  },
  q2_k: (block, out) => {
    const d = half(block, 80);
    const m = half(block, 82);
    for (let i = 0; i < 256; i++) {
      const scale = block[i >> 4];
      const quants = block[16 + (i >> 7) * 32 + (i & 31)];
      const q = (quants >> (2 * ((i >> 5) & 3))) & 3;
      out[i] = d * (scale & 15) * q - m * (scale >> 4);
    }
  },
  q3_k: (block, out) => {
    const d = half(block, 108);
    for (let i = 0; i < 256; i++) {
      const part = i >> 4;
      const low = part < 8 ? block[96 + part] & 15 : block[96 + part - 8] >> 4;
      const high = (block[104 + (part & 3)] >> (2 * (part >> 2))) & 3;
      const scale = (low | (high << 4)) - 32;
      const q = (block[32 + (i >> 7) * 32 + (i & 31)] >> (2 * ((i >> 5) & 3))) & 3;
      const kept = (block[i & 31] >> (i >> 5)) & 1;
      out[i] = d * scale * (q - (kept ? 0 : 4));
    }
  },
  q4_k: (block, out) => {
    const d = half(block, 0);
    const m = half(block, 2);
    for (let i = 0; i < 256; i++) {
      const [scale, min] = scaleAndMin(block, 4, i >> 5);
      const byte = block[16 + (i >> 6) * 32 + (i & 31)];
      out[i] = d * scale * ((i >> 5) & 1 ? byte >> 4 : byte & 15) - m * min;
    }
  },
  q5_k: (block, out) => {
    const d = half(block, 0);
    const m = half(block, 2);
    for (let i = 0; i < 256; i++) {
      const [scale, min] = scaleAndMin(block, 4, i >> 5);
      const byte = block[48 + (i >> 6) * 32 + (i & 31)];
      const high = (block[16 + (i & 31)] >> (i >> 5)) & 1;
      const q = ((i >> 5) & 1 ? byte >> 4 : byte & 15) | (high << 4);
      out[i] = d * scale * q - m * min;
    }
  },
  q6_k: (block, out) => {
    const d = half(block, 208);
    for (let i = 0; i < 256; i++) {
      const [group, l] = [i >> 7, i & 127];
      const byte = block[group * 64 + (l & 63)];
      const low = l < 64 ? byte & 15 : byte >> 4;
      const high = (block[128 + group * 32 + (l & 31)] >> (2 * (l >> 5))) & 3;
      out[i] = d * signed(block[192 + (i >> 4)]) * ((low | (high << 4)) - 32);
    }
  },
  q8_k: (block, out) => {
    const d = new DataView(block.buffer, block.byteOffset).getFloat32(0, true);
    for (let i = 0; i < 256; i++) out[i] = d * signed(block[4 + i]);
  },
};

/** The values of one block: `blockTypes[type]` says of how many bytes, and how many they are. */
export function unpackBlock(type: BlockType, block: Uint8Array, out: Float32Array): void {
  if (block.length !== blockTypes[type][1] || out.length !== blockTypes[type][0])
    throw new Error(`a block of ${type} has another size`);
  unpackers[type](block, out);
}
