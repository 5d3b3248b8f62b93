/** Goals as people type them, and as names of files show them. Pure. */
import type { GoalRecipe } from '../compress/recipe.ts';

const units: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1e3, k: 1e3, mb: 1e6, m: 1e6 };

/** `2 MB`, `500k`, `2000000`, or `8x`; undefined when it is none of these. */
export function sizeIn(text: string): GoalRecipe | undefined {
  const [, digits, unit = ''] =
    /^\s*(\d+(?:[.,]\d+)?)\s*([a-z×]*)\s*$/.exec(text.toLowerCase()) ?? [];
  const number = Number(digits?.replace(',', '.'));
  if (unit === 'x' || unit === '×') return number > 1 ? { ratio: number } : undefined;
  const bytes = Math.floor(number * (units[unit] ?? NaN));
  return bytes >= 1 ? { maxBytes: bytes } : undefined;
}

/** `1 %`, `0,5%` or `0.5`: percent, which is what was asked for. */
export function lossIn(text: string): GoalRecipe | undefined {
  const [, digits] = /^\s*(\d+(?:[.,]\d+)?)\s*%?\s*$/.exec(text) ?? [];
  const percent = Number(digits?.replace(',', '.'));
  return percent > 0 && percent < 100 ? { maxLoss: percent / 100 } : undefined;
}

/** `8x`, `2000kB`, `loss-1`. */
export function fileSuffix({ ratio, maxBytes, maxLoss }: GoalRecipe): string {
  if (ratio !== undefined) return `${ratio}x`;
  if (maxBytes !== undefined)
    return maxBytes < 1000 ? `${maxBytes}B` : `${Math.round(maxBytes / 1000)}kB`;
  return `loss-${Number(((maxLoss ?? 0) * 100).toPrecision(3))}`;
}
