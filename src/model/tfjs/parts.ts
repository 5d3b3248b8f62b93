/** Several sources laid end to end. */
import { checkRange, type ByteSource } from '../bytes.ts';

export function sourceOfParts(parts: readonly ByteSource[]): {
  readonly whole: ByteSource;
  /** Where each begins. */
  readonly starts: readonly number[];
} {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.size;
  }
  const whole: ByteSource = {
    name: parts[0]?.name ?? '',
    size,
    readInto(target, offset) {
      checkRange(whole, offset, target.length);
      parts.forEach((part, i) => {
        const from = Math.max(offset, starts[i]!);
        const to = Math.min(offset + target.length, starts[i]! + part.size);
        if (from < to)
          part.readInto(target.subarray(from - offset, to - offset), from - starts[i]!);
      });
    },
  };
  return { whole, starts };
}
