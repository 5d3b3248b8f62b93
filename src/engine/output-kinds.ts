/**
 * The kinds of file that the jobs and the command line write, and how an earlier one is recognised: only
 * that may be replaced (src/platform/output.ts). Recognising reads the beginning or the end of a file; of
 * an .onnx its structure, as opening it does.
 */
import { readBytes, type ByteSource } from '../model/bytes.ts';
import { formatNames, type FormatId } from '../model/format-names.ts';
import { sniffFormat } from '../model/formats.ts';
import { parseModel } from '../model/onnx/parse-model.ts';
import type { OutputKind } from '../platform/port.ts';
import { isDcz } from '../container/header.ts';

const most = 1024;
const textOf = (file: ByteSource, from: number): string =>
  new TextDecoder().decode(readBytes(file, from, Math.min(file.size - from, most)));
const beginning = (file: ByteSource): string => textOf(file, 0);
const end = (file: ByteSource): string => textOf(file, Math.max(0, file.size - most));

export const dczKind: OutputKind = { name: 'a .dcz file', looksLike: isDcz };

export const onnxKind: OutputKind = {
  name: 'an ONNX model',
  looksLike: (file) => parseModel(file).graph !== undefined,
};

/** What a .dcz restores: only a model of the same format gives way to it. */
export function modelKind(format: FormatId): OutputKind {
  if (format === 'onnx') return onnxKind;
  return {
    name: formatNames[format].phrase,
    looksLike: (file) => sniffFormat(file) === format,
  };
}

/** Styles and scripts come before the data in a page (scripts/lib/standalone.mjs). */
const mostBeforeData = 8 << 20;
export const pageKind: OutputKind = {
  name: 'a report of this program',
  looksLike: (file) =>
    new TextDecoder('latin1')
      .decode(readBytes(file, 0, Math.min(file.size, mostBeforeData)))
      .includes('id="data">{"report":'),
};

/** The format that a training record states (train/record.ts). */
export const recordFormat = 'deep-compression-training';
export const recordKind: OutputKind = {
  name: 'a training record',
  looksLike: (file) => new RegExp(`^\\{\\s*"format":\\s*"${recordFormat}"`).test(beginning(file)),
};

export const netronKind: OutputKind = {
  name: 'an attachment for Netron',
  looksLike: (file) => /^\{\s*"signature":\s*"netron:attachment"/.test(beginning(file)),
};

export const modelExplorerKind: OutputKind = {
  name: 'node data for Model Explorer',
  looksLike: (file) =>
    /^\{\s*"results":\s*\{/.test(beginning(file)) && end(file).includes('"gradient"'),
};

/** A table that begins with these columns. */
export function tableKind(columns: readonly string[]): OutputKind {
  return {
    name: `a table with the columns ${columns.join(', ')}`,
    looksLike: (file) => beginning(file).startsWith(`${columns.join(',')},`),
  };
}
