/** The paper's tables with what was measured beside them, as text. */
import { table } from '../../src/cli/format.ts';
import type { Accuracy } from '../../src/engine/protocol-accuracy.ts';
import { paper } from './paper.ts';
import type { Summary } from './result.ts';
import { percent } from './timetable.ts';

const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;
const columns = (titles: readonly string[]) =>
  titles.map((title, i) => (i === 0 ? left(title) : right(title)));
const error = (score: Accuracy | null): string =>
  typeof score?.top1 === 'number' ? percent(1 - score.top1) : '-';
const times = (ratio: number): string => `${ratio.toFixed(1)}x`;

/** Table 1: error and size, before and after. */
export function summaryText({ network, original, points, chosen }: Summary): string {
  const { referenceError, compressedError, ratio } = paper[network];
  const row = (label: string, name: string): string[] => {
    const { bytes, test, ratio: measured } = points.find((p) => p.name === name)!;
    return [
      `${network}, ${label}`,
      error(original.test),
      error(test),
      String(original.bytes),
      String(bytes),
      times(measured),
    ];
  };
  return table(columns(['network', 'error', 'compressed', 'bytes', 'compressed', 'ratio']), [
    [`${network}, paper`, percent(referenceError), percent(compressedError), '', '', `${ratio}x`],
    row("the paper's densities and bits", 'paper'),
    row(`chosen on held-out digits: ${chosen}`, chosen),
  ]);
}

/** All points: error on held-out and on test digits against the whole file's size. */
export function curveText({ network, points, chosen }: Summary): string {
  const rows = points.map(({ name, weightsLeft, kept, heldOut, test, bytes, ratio }) => [
    name === chosen ? `${name} (chosen)` : name,
    String(weightsLeft),
    percent(kept),
    error(heldOut),
    error(test),
    String(bytes),
    times(ratio),
  ]);
  return table(
    columns([network, 'weights left', 'kept', 'held-out error', 'test error', 'bytes', 'ratio']),
    rows,
  );
}

/** Tables 2 and 3: layer by layer, the paper's value before the measured one. */
export function layerText({ network, points }: Summary): string {
  const titles = ['layer', 'kept', 'bits', 'bits (H)', 'index', 'index (H)', 'P+Q', 'P+Q+H'];
  const { layers } = points.find((p) => p.name === 'paper')!;
  const rows = paper[network].layers.map((p) => {
    const l = layers.find(({ name }) => name === `${p.name}.weight`);
    if (!l) return [p.name, 'stays as it is', '', '', '', '', '', ''];
    const pair = (a: number, b: number, digits: number): string =>
      `${a.toFixed(digits)} / ${b.toFixed(digits)}`;
    return [
      p.name,
      `${percent(p.kept)} / ${percent(1 - l.sparsity)}`,
      pair(p.bits, l.valueBits, 0),
      pair(p.huffmanBits, l.huffmanBits.value, 1),
      pair(p.indexBits, l.indexBits, 0),
      pair(p.huffmanIndexBits, l.huffmanBits.index, 1),
      `${percent(p.quantized)} / ${percent(l.paper.prunedQuantized)}`,
      `${percent(p.coded)} / ${percent(l.paper.prunedQuantizedHuffman)}`,
    ];
  });
  return table(columns(titles), rows);
}
