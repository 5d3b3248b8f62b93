/** Huffman blocks after docs/dcz-coding.md, sections 2 and 3, a bit at a time. */
import { check } from './independent-check.ts';

export function decodeHuffmanBlock(
  tensor: { indexBits: number; valueLengths: number[]; gapLengths: number[] },
  n: number,
  entries: number,
  valueStream: Uint8Array,
  gapStream: Uint8Array,
): number[] {
  const values = symbols(tensor.valueLengths, valueStream, entries);
  if (tensor.indexBits === 0) return values;
  const gaps = symbols(tensor.gapLengths, gapStream, entries);
  const codes = new Array<number>(n).fill(0);
  let position = -1;
  for (let i = 0; i < entries; i++) {
    position += gaps[i] + 1;
    check(position < n, 'gap');
    codes[position] = values[i];
  }
  return codes;
}

function symbols(lengths: number[], stream: Uint8Array, count: number): number[] {
  const words = new Map<string, number>();
  const occurring = lengths.map((length, s) => ({ length, s })).filter(({ length }) => length > 0);
  if (occurring.length < 2) {
    check(stream.length === 0 && (count === 0 || occurring.length === 1), 'stream of one symbol');
    return new Array<number>(count).fill(occurring[0]?.s ?? 0);
  }
  occurring.sort((a, b) => a.length - b.length || a.s - b.s);
  let word = 0;
  let before = occurring[0].length;
  let space = 0;
  for (const { length, s } of occurring) {
    word *= 2 ** (length - before);
    words.set(word.toString(2).padStart(length, '0'), s);
    word++;
    before = length;
    space += 2 ** -length;
  }
  check(space === 1, 'full code');
  const decoded: number[] = [];
  let at = 0;
  while (decoded.length < count) {
    let bits = '';
    let symbol: number | undefined;
    while (symbol === undefined) {
      check(at < 8 * stream.length, 'stream too short');
      bits += Math.floor(stream[Math.floor(at / 8)] / 2 ** (at % 8)) % 2;
      at++;
      symbol = words.get(bits);
    }
    decoded.push(symbol);
  }
  check(Math.ceil(at / 8) === stream.length, 'stream too long');
  if (at % 8 > 0) check(stream[stream.length - 1] < 2 ** (at % 8), 'unused bits');
  return decoded;
}
