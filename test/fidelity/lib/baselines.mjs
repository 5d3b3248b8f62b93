// What a user would do otherwise: weights rounded to integers with a scale for each channel, then xz over all.
import { spawnSync } from 'node:child_process';
import { channels, values, weights, without, withValues } from './onnx.mjs';

/** @throws Error where xz is not installed */
function xz(bytes) {
  const { stdout, error } = spawnSync('xz', ['-9e', '-c', '-T1'], {
    input: bytes,
    maxBuffer: 1 << 30,
  });
  if (error) throw new Error(`xz does not run: ${error.message}`);
  return stdout.length;
}

/** Nearest float16 value of a positive float32 within float16's range. */
function half(x) {
  if (x === 0) return x;
  const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(x))) - 10);
  return Math.min(65504, Math.round(x / unit) * unit);
}

/** The 16 bits of a value that half() returned. */
function halfBits(x) {
  if (x < 2 ** -14) return Math.round(x * 2 ** 24);
  const exponent = Math.floor(Math.log2(x));
  return ((exponent + 15) << 10) | Math.round((x / 2 ** exponent - 1) * 1024);
}

/**
 * Symmetric rounding to `bits`, one float16 scale an output channel.
 * @returns {{ model: Uint8Array, bytes: number }} the rounded model, and what its integers, scales and the
 * rest of the file take together after xz -9e
 */
export function rounded(bytes, bits) {
  const chosen = weights(bytes);
  const top = 2 ** (bits - 1) - 1;
  const replaced = new Map();
  const parts = [without(bytes, chosen)];
  for (const tensor of chosen) {
    const v = values(bytes, tensor);
    const [count, of] = channels(tensor);
    const max = new Float32Array(count);
    v.forEach((x, i) => (max[of(i)] = Math.max(max[of(i)], Math.abs(x))));
    const scale = max.map((m) => half(m / top) || 1);
    const codes = Int8Array.from(v, (x, i) =>
      Math.max(-top - 1, Math.min(top, Math.round(x / scale[of(i)]))),
    );
    replaced.set(
      tensor,
      v.map((_, i) => codes[i] * scale[of(i)]),
    );
    parts.push(Buffer.from(Uint16Array.from(scale, halfBits).buffer), Buffer.from(codes.buffer));
  }
  return { model: withValues(bytes, replaced), bytes: xz(Buffer.concat(parts)) };
}
