import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode } from '../../../src/eie/encode.ts';
import { fromDense, fromFlat } from '../../../src/layers/sparse.ts';
import { layerSpecs, listEntries, makeLayer } from './helpers.ts';
import { decode, writeEntries, toDense } from './entries.ts';

const encodeDense = (dense: number[], rows: number, cols: number, pes: number, indexBits = 4) => {
  const matrix = fromDense(Uint8Array.from(dense), rows, cols);
  const encoding = encode(matrix, null, pes, indexBits, true);
  return { encoding, entries: writeEntries(encoding, matrix, null) };
};

test('the example of section III-B becomes v = 1 2 0 3, z = 2 0 15 2', () => {
  const column = [0, 0, 1, 2, ...Array<number>(18).fill(0), 3];
  const { encoding, entries } = encodeDense(column, column.length, 1, 1);
  assert.deepEqual([...entries.code], [1, 2, 0, 3]);
  assert.deepEqual([...entries.gap], [2, 0, 15, 2]);
  assert.equal(encoding.padding, 1);
});

test('PE 0 of the example of Fig. 3 has its row indices and column pointers', () => {
  const weights = [
    [0, 0], [8, 0], [12, 0], [4, 1], [0, 2], [12, 2], [0, 4], [4, 4], [0, 5], [12, 5], [0, 6],
    [8, 7], [12, 7],
  ]; // prettier-ignore
  const dense = Array<number>(16 * 8).fill(0);
  for (const [r, c] of weights) dense[r * 8 + c] = 1;
  const { encoding, entries } = encodeDense(dense, 16, 8, 4);
  assert.deepEqual(
    [...entries.gap.subarray(0, entries.base[1])],
    [0, 1, 0, 1, 0, 2, 0, 0, 0, 2, 0, 2, 0],
  );
  const pointers = Array.from({ length: 9 }, (_, c) => encoding.ptr[c * 4]);
  assert.deepEqual(pointers, [0, 3, 4, 6, 6, 8, 10, 11, 13]);
});

test('gaps of 15, 16, 18, 31, 32 and 48 zeros take 0, 1, 1, 1, 2 and 3 fillers', () => {
  for (const [gap, fillers, z] of [
    [15, 0, 15],
    [16, 1, 0],
    [18, 1, 2],
    [31, 1, 15],
    [32, 2, 0],
    [48, 3, 0],
  ]) {
    const column = [...Array<number>(gap).fill(0), 7];
    const { encoding, entries } = encodeDense(column, column.length, 1, 1);
    assert.equal(encoding.padding, fillers);
    assert.deepEqual([...entries.code], [...Array<number>(fillers).fill(0), 7]);
    assert.equal(entries.gap[fillers], z);
  }
});

test('entries equal a plain list of each sub-column, and decode to the matrix', () => {
  fc.assert(
    fc.property(
      layerSpecs,
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 1, max: 6 }),
      (spec, pes, indexBits) => {
        const { matrix, bias } = makeLayer(spec);
        const encoding = encode(matrix, bias, pes, indexBits, true);
        const entries = writeEntries(encoding, matrix, bias);
        const dense = toDense(matrix);
        let padding = 0;
        for (let p = 0; p < pes; p++) {
          const list: [number, number][] = [];
          for (let c = 0; c < encoding.columns; c++) {
            const column: number[] = [];
            for (let r = p; r < spec.rows; r += pes) {
              if (c === encoding.groups * pes) column.push(bias?.[r] ?? 0);
              else column.push(c < spec.cols ? dense[r * spec.cols + c] : 0);
            }
            assert.equal(encoding.ptr[c * pes + p], list.length);
            const own = listEntries(column, indexBits);
            assert.equal(encoding.count[c * pes + p], own.length);
            const fillers = own.filter(([v]) => v === 0).length;
            assert.equal(encoding.filler?.[c * pes + p] ?? 0, fillers);
            padding += fillers;
            list.push(...own);
          }
          const [from, to] = [entries.base[p], entries.base[p + 1]];
          assert.deepEqual(
            [...entries.code.subarray(from, to)],
            list.map(([v]) => v),
          );
          assert.deepEqual(
            [...entries.gap.subarray(from, to)],
            list.map(([, z]) => z),
          );
        }
        assert.equal(encoding.padding, padding);
        assert.equal(encoding.stored, entries.code.length);
        const restored = decode(encoding, entries);
        assert.deepEqual(restored.codes, dense);
        assert.deepEqual(restored.bias, bias);
      },
    ),
    { numRuns: 300 },
  );
});

test('one more index bit never needs more fillers', () => {
  fc.assert(
    fc.property(layerSpecs, fc.integer({ min: 1, max: 9 }), (spec, pes) => {
      const { matrix, bias } = makeLayer(spec);
      let before = Infinity;
      for (let b = 1; b <= 7; b++) {
        const { padding } = encode(matrix, bias, pes, b, true);
        assert.ok(padding <= before);
        before = padding;
      }
    }),
    { numRuns: 200 },
  );
});

test('a stream of non-zeros gives the same columns as the dense matrix, transposed or not', () => {
  fc.assert(
    fc.property(layerSpecs, (spec) => {
      const { matrix } = makeLayer(spec);
      const dense = toDense(matrix);
      const { rows, cols } = spec;
      const across = Uint16Array.from({ length: rows * cols }, (_, i) => {
        const c = Math.floor(i / rows);
        return dense[(i - c * rows) * cols + c];
      });
      for (const [values, transposed] of [
        [dense, false],
        [across, true],
      ] as const) {
        const flat = Int32Array.from([...values.keys()].filter((i) => values[i] !== 0));
        const code = Uint16Array.from(flat, (i) => values[i]);
        const made = fromFlat(flat, code, rows, cols, transposed);
        assert.deepEqual(made, matrix);
      }
    }),
    { numRuns: 200 },
  );
});

test('a matrix with too many rows for one PE is refused with one line', () => {
  const matrix = fromDense(new Uint8Array(65536), 65536, 1);
  assert.throws(() => encode(matrix, null, 1, 4, true), /need at least 2 PEs/);
  assert.equal(encode(matrix, null, 2, 4, true).stored, 0);
  assert.throws(() => fromDense(new Uint8Array(5), 2, 3), /needs 6 codes, got 5/);
});
