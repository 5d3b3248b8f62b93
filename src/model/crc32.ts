/**
 * CRC-32 as in IEEE 802.3, gzip and PNG (polynomial 0xEDB88320, reflected, complemented), eight bytes
 * a step with eight tables ("slicing by 8", Kounavis and Berry 2005).
 */
const tables = buildTables();

function buildTables(): Int32Array {
  const t = new Int32Array(8 * 256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    t[n] = c;
  }
  for (let k = 1; k < 8; k++) {
    for (let n = 0; n < 256; n++) {
      const c = t[(k - 1) * 256 + n];
      t[k * 256 + n] = (c >>> 8) ^ t[c & 255];
    }
  }
  return t;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** CRC of `bytes`, continuing from `seed` (the CRC of what came before). An unsigned 32-bit number. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const t = tables;
  const end = bytes.length;
  let c = ~seed;
  let i = 0;
  // up to a word boundary, then two words a step
  const head = Math.min(end, -bytes.byteOffset & 3);
  while (i < head) c = (c >>> 8) ^ t[(c ^ bytes[i++]) & 255];
  if (littleEndian && end - i >= 8) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + i, (end - i) >> 2);
    const pairs = words.length & ~1;
    for (let w = 0; w < pairs; w += 2) {
      const a = c ^ words[w];
      const b = words[w + 1];
      c =
        t[1792 + (a & 255)] ^
        t[1536 + ((a >>> 8) & 255)] ^
        t[1280 + ((a >>> 16) & 255)] ^
        t[1024 + (a >>> 24)] ^
        t[768 + (b & 255)] ^
        t[512 + ((b >>> 8) & 255)] ^
        t[256 + ((b >>> 16) & 255)] ^
        t[b >>> 24];
    }
    i += pairs * 4;
  }
  while (i < end) c = (c >>> 8) ^ t[(c ^ bytes[i++]) & 255];
  return ~c >>> 0;
}
