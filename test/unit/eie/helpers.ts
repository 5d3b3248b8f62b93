/** Random layers and machines, and slow, obviously right versions of what src/eie computes. */
import fc from 'fast-check';
import { makeArithmetic } from '../../../src/eie/arithmetic.ts';
import { encode } from '../../../src/eie/encode.ts';
import type { Layer } from '../../../src/layers/layer.ts';
import { entriesPerRow, makeMachine, type Machine } from '../../../src/eie/machine.ts';
import { runReference, type ReferenceOptions, type ReferenceResult } from './reference.ts';
import { fromDense } from '../../../src/layers/sparse.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { writeEntries, toDense } from './entries.ts';

export interface LayerSpec {
  readonly rows: number;
  readonly cols: number;
  readonly weights: number;
  readonly active: number;
  readonly bias: number;
  readonly codes: number;
  readonly seed: number;
}

/** Values with all their bits in use, so that a wrong order of additions shows. */
export function makeLayer(spec: LayerSpec): Layer {
  const random = mulberry32(spec.seed);
  const code = (density: number): number =>
    random() < density ? 1 + Math.floor(random() * (spec.codes - 1)) : 0;
  const dense = Uint16Array.from({ length: spec.rows * spec.cols }, () => code(spec.weights));
  const bias = Uint16Array.from({ length: spec.rows }, () => code(spec.bias));
  return {
    name: 'random',
    matrix: fromDense(dense, spec.rows, spec.cols),
    bias,
    codebook: Float32Array.from({ length: spec.codes }, (_, k) => (k === 0 ? 0 : random() - 0.5)),
    activations: Float32Array.from({ length: spec.cols }, () => {
      const value = random() * 2;
      const kind = random();
      return kind < spec.active ? value : kind < spec.active + (1 - spec.active) / 3 ? -value : 0;
    }),
  };
}

const density = fc.oneof(
  fc.constantFrom(0, 1, 0.02, 0.1, 0.5),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

export const layerSpecs: fc.Arbitrary<LayerSpec> = fc.record({
  rows: fc.integer({ min: 1, max: 70 }),
  cols: fc.integer({ min: 1, max: 50 }),
  weights: density,
  active: density,
  bias: density,
  codes: fc.integer({ min: 2, max: 16 }),
  seed: fc.integer(),
});

export const machines: fc.Arbitrary<Machine> = fc
  .record({
    pes: fc.integer({ min: 1, max: 33 }),
    ring: fc.integer({ min: 2, max: 17 }),
    perRow: fc.integer({ min: 1, max: 16 }),
    spare: fc.integer({ min: 0, max: 4 }),
    indexBits: fc.integer({ min: 1, max: 5 }),
    hasBias: fc.boolean(),
    detect: fc.constantFrom('positive' as const, 'nonzero' as const),
  })
  .map(({ perRow, spare, ...m }) =>
    makeMachine({ ...m, sramWidth: perRow * (m.indexBits + 4) + spare }),
  );

/** The stepped machine on a layer. */
export function stepLayer(
  layer: Layer,
  machine: Machine,
  options: Partial<ReferenceOptions> = {},
): ReferenceResult {
  const encoding = encode(
    layer.matrix,
    layer.bias,
    machine.pes,
    machine.indexBits,
    machine.hasBias,
  );
  return runReference(
    encoding,
    writeEntries(encoding, layer.matrix, layer.bias),
    makeArithmetic(machine, layer.codebook, layer.activations, () => denseOutput(layer, machine)),
    {
      ring: machine.ring,
      perRow: entriesPerRow(machine),
      detect: machine.detect,
      ...options,
    },
  );
}

/** Each output as a plain loop over its row in column order, bias last, in float32. */
export function denseOutput(layer: Layer, machine: Machine): Float32Array {
  const { rows, cols } = layer.matrix;
  const codes = toDense(layer.matrix);
  return Float32Array.from({ length: rows }, (_, r) => {
    let sum = 0;
    for (let c = 0; c < cols; c++) {
      const a = layer.activations[c];
      const code = codes[r * cols + c];
      if (code === 0 || !(a > 0 || (machine.detect === 'nonzero' && a < 0))) continue;
      sum = Math.fround(sum + Math.fround(layer.codebook[code] * a));
    }
    const bias = layer.bias?.[r] ?? 0;
    return machine.hasBias && bias !== 0 ? Math.fround(sum + layer.codebook[bias]) : sum;
  });
}

/** Entries of one sub-column as the text of eie-spec 2.2 says. */
export function listEntries(column: readonly number[], indexBits: number): [number, number][] {
  const zmax = 2 ** indexBits - 1;
  const list: [number, number][] = [];
  let zeros = 0;
  for (const code of column) {
    if (code === 0) {
      zeros++;
      continue;
    }
    for (; zeros > zmax; zeros -= zmax + 1) list.push([0, zmax]);
    list.push([code, zeros]);
    zeros = 0;
  }
  return list;
}

export const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer);

/** A layer from rows of codes, bias codes and activations. */
export function layerOf(
  rows: readonly (readonly number[])[],
  bias: readonly number[] | null,
  activations: readonly number[],
  codebook: readonly number[] = Array.from({ length: 16 }, (_, k) => k),
): Layer {
  return {
    name: 'example',
    matrix: fromDense(Uint8Array.from(rows.flat()), rows.length, rows[0].length),
    bias: bias ? Uint16Array.from(bias) : null,
    codebook: Float32Array.from(codebook),
    activations: Float32Array.from(activations),
  };
}
