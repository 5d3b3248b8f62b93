/** Numbers and tables for people: thousands separated, bytes in binary-free units, columns aligned. */

/** 1234567 -> `1,234,567` */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** 0.1234 -> `12.3%` */
export function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)}%`;
}

/** A statistic that may be absent: four significant digits, `-` for null. */
export function number(value: number | null): string {
  if (value === null) return '-';
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

export function seconds(value: number): string {
  return value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(1)} s`;
}

/** `2x3x3`, `scalar` for []. */
export function shape(dimensions: readonly number[]): string {
  return dimensions.length === 0 ? 'scalar' : dimensions.join('x');
}

/** Keeps control characters of names out of the terminal, and names short. */
export function name(text: string, longest = 40): string {
  const clean = text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    '?',
  );
  return clean.length <= longest ? clean : `${clean.slice(0, 12)}…${clean.slice(13 - longest)}`;
}

/** A text as lines of at most `width` characters, broken between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export interface Column {
  readonly title: string;
  /** Text is put left, numbers right. */
  readonly align: 'left' | 'right';
}

/** An aligned table with a rule under the titles; rows after `footerFrom` follow a second rule. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  footer: readonly (readonly string[])[] = [],
): string {
  const all = [columns.map((c) => c.title), ...rows, ...footer];
  const widths = columns.map((_, i) => all.reduce((most, row) => Math.max(most, row[i].length), 0));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) =>
        columns[i].align === 'left' ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((w) => '-'.repeat(w)).join('  ');
  return [
    line(all[0]),
    rule,
    ...rows.map(line),
    ...(footer.length > 0 ? [rule, ...footer.map(line)] : []),
  ].join('\n');
}
