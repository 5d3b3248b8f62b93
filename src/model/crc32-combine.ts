/**
 * The CRC-32 of two stretches of bytes from the CRC of each: appending n zero bytes to the first is a
 * linear map of its 32 bits, raised to n by squaring. Source: zlib's crc32_combine (Mark Adler).
 */
type Matrix = Uint32Array;

function times(matrix: Matrix, vector: number): number {
  let sum = 0;
  for (let bit = 0; vector !== 0; bit++, vector >>>= 1) if (vector & 1) sum ^= matrix[bit];
  return sum >>> 0;
}

function squared(matrix: Matrix): Matrix {
  return Uint32Array.from(matrix, (row) => times(matrix, row));
}

/** The map of one zero byte: of one zero bit, squared three times. */
function zeroByte(): Matrix {
  const bit = Uint32Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xedb88320 : 1 << (i - 1)));
  return squared(squared(squared(bit)));
}

const powers: Matrix[] = [];

/** @param length bytes of the second stretch, below 2^53 */
export function combineCrc32(first: number, second: number, length: number): number {
  let crc = first;
  for (let power = 0; length > 0; power++, length = Math.floor(length / 2)) {
    powers[power] ??= power === 0 ? zeroByte() : squared(powers[power - 1]);
    if (length % 2 === 1) crc = times(powers[power], crc);
  }
  return (crc ^ second) >>> 0;
}
