/** Cases files that are wrong: one clear line each, whatever is broken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCases } from '../../../src/eie/cases.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';

const floats = (...values: number[]): string =>
  Buffer.from(Float32Array.from(values).buffer).toString('base64');
const bytes = (...values: number[]): string => Buffer.from(values).toString('base64');

const good = {
  name: 'tiny',
  rows: 2,
  cols: 3,
  npe: 2,
  fifoParam: 8,
  usableFifo: 7,
  sramWidthBits: 64,
  indexBits: 4,
  weightCodes: bytes(1, 0, 2, 0, 1, 0),
  biasCodes: bytes(0, 2),
  act: floats(1, 2, -3),
  cycles: 13,
  output: floats(1, 2),
};
const file = (changes: object, top: object = {}): string =>
  JSON.stringify({ codebook: [0, 0.5, -1], cases: [{ ...good, ...changes }], ...top });

const refused = (text: string, pattern: RegExp): void => {
  assert.throws(
    () => parseCases(text),
    (error: unknown) => {
      assert.ok(error instanceof DeepCompressionError, String(error));
      assert.equal(error.code, 'invalid-input');
      assert.doesNotMatch(error.message, /\n/);
      assert.ok(error.message.length < 300, error.message);
      assert.match(error.message, pattern);
      return true;
    },
  );
};

test('a good case is read with its machine and expectations', () => {
  const [{ layer, machine, expected }] = parseCases(file({}));
  assert.equal(layer.name, 'tiny');
  assert.equal(machine.pes, 2);
  assert.equal(machine.ring, 8);
  assert.deepEqual([...layer.activations], [1, 2, -3]);
  assert.deepEqual([...(layer.bias ?? [])], [0, 2]);
  assert.equal(expected.cycles, 13);
  assert.deepEqual([...(expected.output ?? [])], [1, 2]);
  assert.equal(expected.spmReads, undefined);
});

test('optional fields may be missing, and a case may bring its own codebook and machine', () => {
  const [{ layer, machine }] = parseCases(
    file({
      biasCodes: undefined,
      usableFifo: undefined,
      sramWidthBits: undefined,
      weightBits: 8,
      hasBias: false,
      detect: 'nonzero',
      codebook: [0, 1, 2],
    }),
  );
  assert.equal(layer.bias, null);
  assert.deepEqual([...layer.codebook], [0, 1, 2]);
  assert.deepEqual(
    [machine.sramWidth, machine.weightBits, machine.hasBias, machine.detect],
    [64, 8, false, 'nonzero'],
  );
});

test('every kind of damage is one line that names the case and the field', () => {
  refused('{', /not valid JSON/);
  refused('', /not valid JSON/);
  refused('{"a":\n\n]', /not valid JSON/);
  refused('[]', /must be an object/);
  refused('{"cases":[]}', /at least one case/);
  refused('{"cases":[7]}', /case 0 is not an object/);
  refused(file({ name: 5 }), /case 0 has no name/);
  refused(file({ rows: 0 }), /"tiny".*rows/);
  refused(file({ rows: 1e15 }), /"tiny".*(rows|weightCodes)/);
  refused(file({ rows: 'many' }), /"tiny".*rows must be a whole number, not "many"/);
  refused(file({ cols: 4 }), /weightCodes is not the base64 of 8 bytes/);
  refused(file({ npe: 0 }), /number of PEs must be a whole number from 1 to 1024, not 0/);
  refused(file({ npe: 1025 }), /number of PEs/);
  refused(file({ fifoParam: 1, usableFifo: 0 }), /queue ring/);
  refused(file({ usableFifo: 8 }), /holds 7, not usableFifo 8/);
  refused(file({ sramWidthBits: 7 }), /cannot hold one entry/);
  refused(file({ indexBits: 0 }), /index bits/);
  refused(file({ weightCodes: 'AA==' }), /weightCodes is not the base64 of 6 bytes/);
  refused(file({ weightCodes: '!!!!!!!!' }), /weightCodes is not the base64/);
  refused(file({ weightCodes: bytes(1, 0, 3, 0, 1, 0) }), /weight code 3 is outside the codebook/);
  refused(file({ biasCodes: bytes(9, 0) }), /weight code 9 is outside/);
  refused(file({ act: floats(1, NaN, 2) }), /activation 1 is not a finite number/);
  refused(file({ act: floats(1, 2, Infinity) }), /activation 2 is not a finite number/);
  refused(file({ act: 12 }), /act must be a base64 string/);
  refused(file({ output: floats(1) }), /output is not the base64 of 8 bytes/);
  refused(file({ entriesPerPe: [1] }), /entriesPerPe must be a list of 2/);
  refused(file({ cycles: -1 }), /cycles must be a whole number/);
  refused(file({ clockMHz: 'fast' }), /clock/);
  refused(file({ detect: 'all' }), /detect/);
  refused(file({}, { codebook: undefined }), /no codebook/);
  refused(file({}, { codebook: [1, 2, 3] }), /value 0 must be 0/);
  refused(file({}, { codebook: [0, 'x'] }), /value 1 is not a finite number/);
  refused(file({}, { codebook: [0, 1e300, 1] }), /value 1 is not a finite number/);
  refused(file({}, { codebook: Array(17).fill(0) }), /17 values does not fit 4-bit codes/);
});

test('a file with random damage is read or refused, never anything else', () => {
  const text = file({});
  fc.assert(
    fc.property(
      fc.nat({ max: text.length - 1 }),
      fc.string({ maxLength: 6 }),
      fc.nat({ max: 8 }),
      (at, insert, cut) => {
        try {
          parseCases(text.slice(0, at) + insert + text.slice(at + cut));
        } catch (error) {
          assert.ok(error instanceof DeepCompressionError, String(error));
          assert.doesNotMatch(error.message, /\n/);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
