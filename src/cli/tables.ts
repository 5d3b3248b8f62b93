/**
 * The results of the jobs as text. The table of a compression has the columns of Deep Compression,
 * Tables 2 to 5: what is left after pruning (P), bits a weight and an index after sharing (Q) and
 * after Huffman coding (H), and the layer's share of its 32-bit size. Those are the paper's
 * accounting of layers; the ratio in the last lines is of whole files.
 */
import type {
  CompressedLayer,
  DecompressResult,
  FilesToRestore,
  ImportResult,
  InspectResult,
  ReportResult,
} from '../engine/protocol-model.ts';
import type { PageResult } from '../engine/protocol-page.ts';
import {
  count,
  name,
  number,
  percent,
  seconds,
  shape,
  table,
  wrapped,
  type Column,
} from './format.ts';
import { sizeText } from '../model/size-text.ts';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

export function inspectTable({ model, parameters, layers, notes }: InspectResult): string {
  const columns = [
    left('name'),
    left('op'),
    left('role'),
    left('shape'),
    left('dtype'),
    right('bytes'),
    right('zeros'),
    right('distinct'),
    right('min'),
    right('max'),
    right('mean'),
    right('std'),
  ];
  const rows = layers.map((l) => [
    name(l.name),
    name(l.op || '-', 20),
    l.role,
    shape(l.shape),
    l.dtype,
    count(l.bytes),
    l.zeros === null || l.parameters === 0 ? '-' : percent(l.zeros / l.parameters),
    l.distinct === null ? '-' : count(l.distinct),
    number(l.min),
    number(l.max),
    number(l.mean),
    number(l.std),
  ]);
  return [
    table(columns, rows),
    '',
    `${model.path}: ${sizeText(model.bytes)} ${model.format}` +
      (model.version === '' ? '' : `, ${name(model.version)}`) +
      (model.producer === '' ? '' : `, by ${name(model.producer)}`),
    `${count(parameters)} values in ${count(layers.length)} ${layers.length === 1 ? 'tensor' : 'tensors'}`,
    ...noteLines(notes),
  ].join('\n');
}

export function compressTable(result: ReportResult & { readonly seconds?: number }): string {
  const { layers, input, output, otherBytes } = result;
  const columns = [
    left('layer'),
    left('op'),
    left('shape'),
    right('weights'),
    right('kept (P)'),
    right('codes'),
    right('weight bits (Q)'),
    right('(Q+H)'),
    right('index bits (Q)'),
    right('(Q+H)'),
    right('size (P+Q)'),
    right('(P+Q+H)'),
    right('bytes'),
  ];
  const sum = (of: (l: CompressedLayer) => number): number =>
    layers.reduce((total, layer) => total + of(layer), 0);
  const weights = sum((l) => l.weights);
  const nonzeros = sum((l) => l.nonzeros);
  const weighted = (of: (l: CompressedLayer) => number): number =>
    weights === 0 ? 0 : sum((l) => of(l) * l.weights) / weights;
  const total = [
    'all layers',
    '',
    '',
    count(weights),
    percent(weights === 0 ? 0 : nonzeros / weights),
    '',
    '',
    '',
    '',
    '',
    percent(weighted((l) => l.paper.prunedQuantized)),
    percent(weighted((l) => l.paper.prunedQuantizedHuffman)),
    count(sum((l) => l.bytes.total)),
  ];
  const rest = ['rest of the model', ...Array<string>(11).fill(''), count(otherBytes)];
  return [
    table(columns, layers.map(layerRow), [total, rest]),
    '',
    `${input.path}: ${count(input.bytes)} bytes -> ${output.path}: ${count(output.bytes)} bytes`,
    `whole file ${result.ratio.toFixed(2)}x smaller, everything included (recipe: ${result.recipe})`,
    ...(result.seconds === undefined
      ? []
      : [`decodes exactly: read back, decoded and compared; ${seconds(result.seconds)}`]),
    ...notCodedLines(result.notCoded),
    ...noteLines(result.notes),
  ].join('\n');
}

function notCodedLines(tensors: ReportResult['notCoded']): string[] {
  return tensors.map(
    (t) =>
      `not coded: ${name(t.name, 60)} (${t.dtype} ${shape(t.shape)}, ${sizeText(t.bytes)}): ${name(t.reason, 160)}`,
  );
}

function layerRow(l: CompressedLayer): string[] {
  const dense = l.indexBits === 0;
  return [
    name(l.name, 32),
    name(l.op || '-', 16),
    shape(l.shape),
    count(l.weights),
    percent(l.weights === 0 ? 0 : l.nonzeros / l.weights),
    l.grid ? `${l.grid.levels} levels` : `${l.codebookSize} shared`,
    String(l.valueBits),
    l.huffmanBits.value.toFixed(2),
    dense ? '-' : String(l.indexBits),
    dense ? '-' : l.huffmanBits.index.toFixed(2),
    percent(l.paper.prunedQuantized),
    percent(l.paper.prunedQuantizedHuffman),
    count(l.bytes.total),
  ];
}

export function presetsText(presets: readonly { name: string; description: string }[]): string {
  return presets
    .map((p) => [p.name, ...wrapped(p.description, 76).map((line) => `    ${line}`)].join('\n'))
    .join('\n');
}

export function decompressText(result: DecompressResult): string {
  return [
    `${result.input.path}: ${count(result.input.bytes)} bytes -> ` +
      `${result.output.path}: ${count(result.output.bytes)} bytes, ${seconds(result.seconds)}`,
    ...result.externalFiles.map((file) => `external data: ${file}`),
  ].join('\n');
}

/** What is about to be written. */
export function filesText(files: FilesToRestore['files']): string {
  return files.map(({ path, bytes }) => `to be written: ${path}, ${count(bytes)} bytes\n`).join('');
}

export function pageText({ output, layers, pictured }: PageResult): string {
  const some =
    pictured < layers ? `, pictures of ${count(pictured)} of ${count(layers)} layers` : '';
  return `${output.path}: ${count(output.bytes)} bytes${some}`;
}

export function importTable({ output, layers }: ImportResult): string {
  const columns = [left('layer'), left('shape'), right('weights'), right('kept'), right('entries')];
  const rows = layers.map((l) => {
    const weights = l.shape.reduce((a, b) => a * b, 1);
    return [
      name(l.name),
      shape(l.shape),
      count(weights),
      percent(weights === 0 ? 0 : l.nonzeros / weights),
      count(l.entries),
    ];
  });
  return [table(columns, rows), '', `${output.path}: ${count(output.bytes)} bytes`].join('\n');
}

/** Many notes of one kind say little one by one: a few are shown, the JSON has all. */
const shownNotes = 8;

export function noteLines(notes: readonly string[]): string[] {
  const shown = notes.length > shownNotes + 1 ? notes.slice(0, shownNotes) : notes;
  const hidden = notes.length - shown.length;
  return [
    ...shown.map((note) => `note: ${name(note, 160)}`),
    ...(hidden > 0 ? [`note: … and ${hidden} more (--json lists all)`] : []),
  ];
}
