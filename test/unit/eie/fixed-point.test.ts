/** Fixed-point outputs against an exact model in big integers, and the rounding rules themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { roundToInteger, shiftedProduct, type FixedFormat } from '../../../src/eie/arithmetic.ts';
import type { Layer } from '../../../src/layers/layer.ts';
import { makeMachine, type Machine } from '../../../src/eie/machine.ts';
import { roundings, type Rounding } from '../../../src/shared/machine.ts';
import { LayerSimulator } from '../../../src/eie/run.ts';
import { bits, layerOf, layerSpecs, machines, makeLayer, stepLayer } from './helpers.ts';
import { toDense } from './entries.ts';

/** value / 2^shift, rounded; BigInt's >> is a floor. */
function shiftBig(value: bigint, shift: number, rounding: Rounding): bigint {
  const floor = value >> BigInt(shift);
  if (rounding === 'floor' || shift === 0) return floor;
  const rest = value - (floor << BigInt(shift));
  const half = 1n << BigInt(shift - 1);
  if (rest < half) return floor;
  if (rest > half || rounding === 'half-up') return floor + 1n;
  return (floor & 1n) === 0n ? floor : floor + 1n;
}

/** A float32 with `fraction` bits, exactly: as a fraction of 2^200. */
function quantiseBig(x: number, fraction: number, format: FixedFormat): bigint {
  let shift = 0;
  while (!Number.isInteger(x)) {
    x *= 2;
    shift++;
  }
  const wide = BigInt(x) << BigInt(fraction + 200);
  const q = shiftBig(wide, shift + 200, format.rounding);
  return clampBig(q, format.bits);
}

const clampBig = (q: bigint, width: number): bigint => {
  const high = (1n << BigInt(width - 1)) - 1n;
  return q > high ? high : q < -high - 1n ? -high - 1n : q;
};

/** The exact integer model: accumulators as big integers, and the saturations it met. */
function modelOutput(layer: Layer, machine: Machine, format: FixedFormat) {
  const { rows, cols } = layer.matrix;
  const { weightFraction: fw, activationFraction: fa } = format;
  const weights = Array.from(layer.codebook, (w) => quantiseBig(w, fw, format));
  const inputs = Array.from(layer.activations, (a) => quantiseBig(a, fa, format));
  const codes = toDense(layer.matrix);
  let saturations = 0;
  const output = Array.from({ length: rows }, (_, r) => {
    let acc = 0n;
    const add = (weight: bigint, a: bigint): void => {
      const sum = acc + shiftBig(weight * a, fw, format.rounding);
      acc = clampBig(sum, format.bits);
      if (acc !== sum) saturations++;
    };
    for (let c = 0; c < cols; c++) {
      const code = codes[r * cols + c];
      if (code === 0 || !(inputs[c] > 0n || (machine.detect === 'nonzero' && inputs[c] < 0n)))
        continue;
      add(weights[code], inputs[c]);
    }
    const bias = layer.bias?.[r] ?? 0;
    if (machine.hasBias && bias !== 0) add(weights[bias], quantiseBig(1, fa, format));
    return Math.fround(Number(acc) / 2 ** fa);
  });
  return { output: Float32Array.from(output), saturations };
}

const fixed = fc.record({
  precision: fc.constantFrom('fixed8' as const, 'fixed16' as const, 'fixed32' as const),
  rounding: fc.constantFrom(...roundings),
  weightFraction: fc.option(fc.integer({ min: 0, max: 30 })),
  activationFraction: fc.option(fc.integer({ min: 0, max: 30 })),
});

test('outputs and saturations equal the exact integer model, in both engines', () => {
  fc.assert(
    fc.property(
      layerSpecs,
      machines,
      fixed,
      fc.constantFrom(0.01, 1, 100),
      (spec, base, f, scale) => {
        const machine = makeMachine({ ...base, ...f });
        const plain = makeLayer(spec);
        const layer = { ...plain, codebook: plain.codebook.map((w) => w * scale) };
        const result = new LayerSimulator(layer).run(machine);
        assert.ok(result.format !== null);
        const model = modelOutput(layer, machine, result.format);
        assert.deepEqual(bits(result.output), bits(model.output));
        assert.equal(result.saturations, model.saturations);
        const stepped = stepLayer(layer, machine);
        assert.deepEqual(bits(stepped.output), bits(model.output));
        assert.equal(stepped.saturations, model.saturations);
        assert.equal(stepped.cycles, result.statistics.cycles);
      },
    ),
    { numRuns: 600 },
  );
});

test('products of 32-bit integers are shifted exactly, for every shift and rounding', () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(
      word,
      word,
      fc.integer({ min: 0, max: 30 }),
      fc.constantFrom(...roundings),
      (w, a, shift, rounding) => {
        const exact = shiftBig(BigInt(w) * BigInt(a), shift, rounding);
        const got = shiftedProduct(w, a, shift, rounding);
        if (exact < 1n << 52n && exact > -(1n << 52n)) assert.equal(BigInt(got), exact);
        else assert.ok(Math.abs(got) > 2 ** 51); // far beyond every accumulator: saturates either way
      },
    ),
    { numRuns: 5000 },
  );
});

test('ties round up, to even, or down, as the rule says', () => {
  const round = (rule: Rounding) =>
    [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.75, -0.25].map((x) => roundToInteger(x, rule) + 0);
  assert.deepEqual(round('half-up'), [-2, -1, 0, 1, 2, 3, 3, 0]);
  assert.deepEqual(round('half-even'), [-2, -2, 0, 0, 2, 2, 3, 0]);
  assert.deepEqual(round('floor'), [-3, -2, -1, 0, 1, 2, 2, -1]);
});

test('inputs that quantise to zero are not broadcast', () => {
  const layer = layerOf([[1, 2, 3]], [0], [1, 0.001, 1], [0, 0.5, 0.5, 0.5]);
  const machine = makeMachine({ pes: 1, precision: 'fixed8' });
  const exact = new LayerSimulator(layer).run(makeMachine({ pes: 1 }));
  const coarse = new LayerSimulator(layer).run(machine);
  assert.equal(exact.statistics.broadcasts, 4);
  assert.equal(coarse.statistics.broadcasts, 3);
  assert.equal(coarse.output[0], 1);
});

test('an accumulator saturates instead of wrapping, and says how often', () => {
  const layer = layerOf([[1, 1, 1, 1]], [0], [100, 100, 100, 100], [0, 1]);
  const machine = makeMachine({
    pes: 1,
    precision: 'fixed8',
    weightFraction: 6,
    activationFraction: 0,
  });
  const { output, saturations } = new LayerSimulator(layer).run(machine);
  assert.equal(output[0], 127);
  assert.equal(saturations, 3);
});
