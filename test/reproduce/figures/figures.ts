/**
 * The papers' figures from what was measured: Han et al. 2015, figure 5 (pruning with and without
 * retraining, L1 and L2, one step and many), and Deep Compression, figures 6 (error against size), 7
 * (bits of convolutions and of fully connected layers) and 8 (beginnings of k-means). Data only.
 */
import { initBits, inits, kindBits, ladder, norms, shared } from './plan.ts';
import type { Found, Results } from './run.ts';

export interface Curve {
  readonly label: string;
  /** Held-out errors, 0..1, at the figure's steps; NaN where there is none. */
  readonly errors: readonly number[];
}

export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly axis: string;
  readonly steps: readonly string[];
  /** Where the steps stand; at equal distances when absent. */
  readonly at?: readonly number[];
  readonly curves: readonly Curve[];
}

export function figuresOf(results: Results): readonly Figure[] {
  return [pruning(results), beginnings(results), kinds(results), sizes(results)];
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;
const after = (found: Found | undefined): number => found?.after ?? NaN;
const before = (found: Found | undefined): number => found?.before ?? NaN;

function pruning(results: Results): Figure {
  const curve = (label: string, id: (s: number) => string): Curve => ({
    label,
    errors: ladder.map((s) => after(results[id(s)])),
  });
  return {
    name: 'pruning',
    title:
      'LeNet-300-100 pruned: with and without retraining, by L1 and L2, in one step and in many',
    axis: 'weights pruned',
    steps: ladder.map(percent),
    at: ladder,
    curves: [
      ...norms.map((n) => curve(`${n.toUpperCase()}, not retrained`, (s) => `${n}-cut-${s}`)),
      ...norms.map((n) => curve(`${n.toUpperCase()}, one step`, (s) => `${n}-once-${s}`)),
      curve('L2, step by step', (s) => `step-${s}`),
      curve('L2, one step, as long', (s) => `long-${s}`),
    ],
  };
}

function beginnings(results: Results): Figure {
  return {
    name: 'beginnings',
    title: `LeNet-300-100, ${percent(shared)} pruned: how k-means begins, as it is and with centroids trained`,
    axis: 'bits of the shared values',
    steps: initBits.map(String),
    curves: [
      ...inits.map((init) => ({
        label: `${init}, as it is`,
        errors: initBits.map((bits) => before(results[`${init}-${bits}`])),
      })),
      ...inits.map((init) => ({
        label: `${init}, trained`,
        errors: initBits.map((bits) => after(results[`${init}-${bits}`])),
      })),
    ],
  };
}

function kinds(results: Results): Figure {
  const curve = (
    label: string,
    network: string,
    kind: string,
    error: (found: Found | undefined) => number,
  ): Curve => ({ label, errors: kindBits.map((b) => error(results[`${network}-${kind}-${b}`])) });
  const both = [
    ['conv', 'conv'],
    ['fc', 'fc'],
  ] as const;
  return {
    name: 'kinds',
    title: 'LeNet-5: values shared in convolutions alone and in fully connected layers alone',
    axis: 'bits of the shared values',
    steps: kindBits.map(String),
    curves: [
      ...both.map(([label, kind]) => curve(`${label}, not pruned`, 'lenet-5', kind, after)),
      ...both.map(([label, kind]) => curve(`${label}, pruned`, 'lenet-5-pruned', kind, before)),
      ...both.map(([label, kind]) => curve(`${label}, trained`, 'lenet-5-pruned', kind, after)),
    ],
  };
}

/** Bits a weight, of 32: what the paper counts, without Huffman codes. */
const indexBits = 5;
const sharedBits = 5;

function sizes(results: Results): Figure {
  const points: { readonly curve: number; readonly size: number; readonly error: number }[] = [];
  const add = (curve: number, size: number, found: Found | undefined): void => {
    if (found) points.push({ curve, size, error: found.after });
  };
  for (const s of ladder) {
    const cut = results[`step-${s}`];
    add(0, cut ? (cut.entries * (32 + indexBits)) / (32 * cut.weights) : NaN, cut);
    const both = results[`both-${s}`];
    if (!both) continue;
    add(2, (both.entries * (sharedBits + indexBits)) / (32 * both.weights), both);
    add(3, both.bytes / both.originalBytes, both);
  }
  for (const bits of kindBits) add(1, bits / 32, results[`quantized-${bits}`]);
  points.sort((a, b) => b.size - a.size);
  return {
    name: 'sizes',
    title:
      'LeNet-300-100: pruning alone, sharing alone, and both, against what is left of the size',
    axis: 'size, of the original',
    steps: points.map((p) => percent(p.size)),
    at: points.map((p) => -Math.log2(p.size)),
    curves: ['pruned', 'shared', 'both', 'both, whole .dcz'].map((label, k) => ({
      label,
      errors: points.map((p) => (p.curve === k ? p.error : NaN)),
    })),
  };
}
