/**
 * Text from files, as it may reach a terminal, a log, a notification or an agent: no control characters
 * (C0, C1: terminal escapes), none that are invisible or turn the direction of writing, and cut.
 */
const hidden = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line of at most `longest` characters; of a longer text the beginning and the end. */
export function plainText(text: string, longest: number): string {
  const cut =
    text.length <= longest
      ? text
      : `${text.slice(0, Math.ceil(longest * 0.7) - 1)}…${text.slice(-Math.floor(longest * 0.3))}`;
  return cut.replace(/\s*[\r\n]+\s*/g, ' ').replace(hidden, '?');
}

/** Lines of our own making with texts of files in them; only their ends of line stay. */
export function plainLines(text: string): string {
  return text.replace(hidden, (c) => (c === '\n' ? c : '?'));
}

/** JSON in which everything that a terminal could take for more than text is escaped. */
export function plainJson(json: string): string {
  return json.replace(hidden, (c) =>
    c === '\n' ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
