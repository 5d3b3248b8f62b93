/** Text files of data: their encoding, and labels a line. */
import { DeepCompressionError } from '../../model/errors.ts';
import { dataError } from './array.ts';
import type { TextArray } from './labels.ts';

/** A JavaScript string is not longer. */
const mostText = 2 ** 29 - 32;
const labelNames = /^(label|labels|class|target|y)$/i;

const marks = (bytes: Uint8Array): string | undefined =>
  bytes[0] === 0xff && bytes[1] === 0xfe
    ? 'utf-16le'
    : bytes[0] === 0xfe && bytes[1] === 0xff
      ? 'utf-16be'
      : undefined;

/** Whether a file begins as text does: a byte order mark, or no control characters. */
export function isText(bytes: Uint8Array): boolean {
  if (marks(bytes)) return true;
  return bytes.subarray(0, 4096).every((b) => b >= 32 || b === 9 || b === 10 || b === 13);
}

/** UTF-8, or UTF-16 that says so. @throws DeepCompressionError */
export function decodedText(bytes: Uint8Array, name: string): string {
  if (bytes.length > mostText)
    throw new DeepCompressionError(
      'unsupported',
      `${name}: a table larger than 512 MiB: save it as .npz`,
    );
  try {
    return new TextDecoder(marks(bytes) ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw dataError(name, 'text that is neither UTF-8 nor UTF-16: save it as UTF-8');
  }
}

/** A label a line; a first line that is called like one is a header. @throws DeepCompressionError */
export function labelLines(text: string, name: string): TextArray {
  const lines = text.split(/\r?\n/).map((l) => l.trim().replace(/^"(.*)"$/, '$1'));
  while (lines.at(-1) === '') lines.pop();
  if (labelNames.test(lines[0] ?? '')) lines.shift();
  if (lines.length === 0) throw dataError(name, 'no labels');
  if (lines.some((l) => /[,;\t]/.test(l)))
    throw dataError(name, 'labels are read one a line, without other columns');
  return { text: lines, shape: [lines.length] };
}
