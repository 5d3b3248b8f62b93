/**
 * Cases files: small layers with, optionally, what they are known to take (the format of
 * golden-cases.json; docs/eie.md lists the fields). Arrays are base64, little endian. The text is not
 * trusted: every field is checked, and what is wrong is said in one line that names the case.
 */
import { DeepCompressionError } from '../model/errors.ts';
import { checkLayer, type Layer } from '../layers/layer.ts';
import { makeMachine, type Machine } from './machine.ts';
import { checkShape, fromDense } from '../layers/sparse.ts';

/** Figures a case may carry; each present one must come out exactly (the ratio to 1e-6). */
export interface Expected {
  readonly cycles?: number;
  readonly ptrReads?: number;
  readonly spmReads?: number;
  readonly paddingEntries?: number;
  readonly validWritesPerPeCycle?: number;
  readonly entriesPerPe?: readonly number[];
  readonly output?: Float32Array;
}

export interface EieCase {
  readonly layer: Layer;
  readonly machine: Machine;
  readonly expected: Expected;
}

type Fields = Record<string, unknown>;

const fail = (line: string): never => {
  throw new DeepCompressionError('invalid-input', `cases file: ${line}`);
};
/** A value as a short, one-line text. */
const show = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
};
const isObject = (x: unknown): x is Fields =>
  typeof x === 'object' && x !== null && !Array.isArray(x);

function wholeNumber(fields: Fields, key: string, where: string): number {
  const value = fields[key];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : fail(`${where}: ${key} must be a whole number, not ${show(value)}`);
}

/** The bytes of base64 field `key`, which must be `length` of them. */
function base64(
  fields: Fields,
  key: string,
  length: number,
  where: string,
): Uint8Array<ArrayBuffer> {
  const text = fields[key];
  if (typeof text !== 'string') return fail(`${where}: ${key} must be a base64 string`);
  if (text.length !== 4 * Math.ceil(length / 3) || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    return fail(`${where}: ${key} is not the base64 of ${length} bytes`);
  const binary = atob(text);
  if (binary.length !== length)
    return fail(`${where}: ${key} holds ${binary.length} bytes instead of ${length}`);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function base64Floats(fields: Fields, key: string, count: number, where: string): Float32Array {
  const view = new DataView(base64(fields, key, 4 * count, where).buffer);
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
}

function codebookOf(value: unknown, where: string): Float32Array {
  if (!Array.isArray(value) || value.length < 1 || value.length > 65536)
    return fail(`${where} must be a list of numbers`);
  const wrong = value.findIndex((v) => typeof v !== 'number' || !Number.isFinite(Math.fround(v)));
  if (wrong >= 0) return fail(`${where}: value ${wrong} is not a finite number`);
  if (value[0] !== 0) return fail(`${where}: value 0 must be 0, code 0 stands for no weight`);
  return Float32Array.from(value as number[]);
}

function expectedOf(fields: Fields, rows: number, pes: number, where: string): Expected {
  const expected: { -readonly [K in keyof Expected]: Expected[K] } = {};
  for (const key of ['cycles', 'ptrReads', 'spmReads', 'paddingEntries'] as const)
    if (fields[key] !== undefined) expected[key] = wholeNumber(fields, key, where);
  const ratio = fields['validWritesPerPeCycle'];
  if (ratio !== undefined) {
    if (typeof ratio !== 'number' || !(ratio >= 0 && ratio <= 1))
      fail(`${where}: validWritesPerPeCycle must be a number from 0 to 1, not ${show(ratio)}`);
    expected.validWritesPerPeCycle = ratio as number;
  }
  const perPe = fields['entriesPerPe'];
  if (perPe !== undefined) {
    if (!Array.isArray(perPe) || perPe.length !== pes || !perPe.every((n) => Number.isInteger(n)))
      fail(`${where}: entriesPerPe must be a list of ${pes} whole numbers`);
    expected.entriesPerPe = perPe as number[];
  }
  if (fields['output'] !== undefined) expected.output = base64Floats(fields, 'output', rows, where);
  return expected;
}

function caseOf(fields: Fields, position: number, shared: Float32Array | null): EieCase {
  const name = fields['name'];
  if (typeof name !== 'string' || name === '' || name.length > 200)
    return fail(`case ${position} has no name`);
  const where = `case ${show(name)}`;
  const rows = wholeNumber(fields, 'rows', where);
  const cols = wholeNumber(fields, 'cols', where);
  const optional = (key: string): number | undefined =>
    fields[key] === undefined ? undefined : wholeNumber(fields, key, where);
  const ring = wholeNumber(fields, 'fifoParam', where);
  const usable = optional('usableFifo');
  if (usable !== undefined && usable !== ring - 1)
    fail(`${where}: a ring of ${ring} slots holds ${ring - 1}, not usableFifo ${usable}`);
  const changes: { -readonly [K in keyof Machine]?: Machine[K] } = {
    pes: wholeNumber(fields, 'npe', where),
    ring,
    sramWidth: optional('sramWidthBits') ?? 64,
    indexBits: optional('indexBits') ?? 4,
    weightBits: optional('weightBits') ?? 4,
  };
  if (fields['clockMHz'] !== undefined) changes.clockMHz = fields['clockMHz'] as number;
  if (fields['hasBias'] !== undefined) changes.hasBias = fields['hasBias'] as boolean;
  if (fields['detect'] !== undefined) changes.detect = fields['detect'] as 'positive';
  const codebook =
    fields['codebook'] === undefined
      ? (shared ?? fail(`${where}: there is no codebook`))
      : codebookOf(fields['codebook'], `${where}: codebook`);
  try {
    checkShape(rows, cols);
    const machine = makeMachine(changes);
    const bias =
      fields['biasCodes'] === undefined
        ? null
        : Uint16Array.from(base64(fields, 'biasCodes', rows, where));
    const layer: Layer = {
      name,
      matrix: fromDense(base64(fields, 'weightCodes', rows * cols, where), rows, cols),
      bias,
      codebook,
      activations: base64Floats(fields, 'act', cols, where),
    };
    checkLayer(layer, machine.weightBits);
    return { layer, machine, expected: expectedOf(fields, rows, machine.pes, where) };
  } catch (error) {
    if (!(error instanceof DeepCompressionError) || error.message.startsWith('cases file'))
      throw error;
    const line = error.message.startsWith(`${name}: `)
      ? error.message.slice(name.length + 2)
      : error.message;
    throw new DeepCompressionError(error.code, `cases file: ${where}: ${line}`);
  }
}

/**
 * The cases of a file's text.
 * @throws DeepCompressionError `invalid-input`, one line naming the case and the field.
 */
export function parseCases(text: string): readonly EieCase[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    const where = /position \d+/.exec(String(error))?.[0];
    return fail(`not valid JSON${where ? ` (${where})` : ''}`);
  }
  if (!isObject(file)) return fail('must be an object with "cases"');
  const { cases } = file as { cases?: unknown };
  if (!Array.isArray(cases) || cases.length === 0)
    return fail('"cases" must be a list with at least one case');
  const book = file['codebook'];
  const shared = book === undefined ? null : codebookOf(book, 'codebook');
  return cases.map((entry: unknown, i) =>
    isObject(entry) ? caseOf(entry, i, shared) : fail(`case ${i} is not an object`),
  );
}
