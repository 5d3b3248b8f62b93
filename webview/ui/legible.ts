/**
 * Text of unknown origin: control characters, which pictures may not hold, and marks that turn the
 * direction of what follows, which could make one name look like another, become visible stand-ins.
 */
const unseen =
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;
const loneSurrogates = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Names are other people's: one legible line; `otherwise` when nothing of it is left. */
export function nameLine(name: string, otherwise: string): string {
  return legible(name.replace(/\s+/g, ' ').trim()) || otherwise;
}

/** At most `longest` characters, none of them unseen. */
export function legible(text: string, longest = 500): string {
  const clean = text.replace(unseen, '\u00b7').replace(loneSurrogates, '\ufffd');
  const letters = [...clean.slice(0, 4 * longest)];
  return letters.length > longest ? `${letters.slice(0, longest - 1).join('')}…` : clean;
}
