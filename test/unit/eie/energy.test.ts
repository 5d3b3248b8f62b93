import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCapacity } from '../../../src/eie/capacity.ts';
import { encode } from '../../../src/eie/encode.ts';
import {
  areaMm2,
  detectionNodes,
  eventPj,
  layerEnergy,
  moduleParts,
  multiplierPj,
  operationPj,
  peakGops,
  peTotal,
  powerWatt,
  rowReadPj,
  typeParts,
} from '../../../src/eie/energy.ts';
import { makeMachine } from '../../../src/eie/machine.ts';
import { LayerSimulator } from '../../../src/eie/run.ts';
import { fromDense } from '../../../src/layers/sparse.ts';
import { makeWorkload, workloads } from '../../../src/eie/workloads.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { randomMatrix } from '../../../src/layers/random.ts';

const near = (a: number, b: number, by: number): void =>
  assert.ok(Math.abs(a - b) <= by, `${a} is not within ${by} of ${b}`);

test('the parts of Table II add up to its totals, both ways', () => {
  for (const parts of [moduleParts, typeParts]) {
    near(
      parts.reduce((n, p) => n + (p.milliwatt ?? 0), 0),
      peTotal.milliwatt,
      0.0011,
    ); // rounded in print
    assert.equal(
      parts.reduce((n, p) => n + p.squareMicron, 0),
      peTotal.squareMicron,
    );
  }
});

test('64 PEs have 21 detection nodes, 40.8 mm2, about 590 mW and 102 GOP/s', () => {
  assert.equal(detectionNodes(64), 21);
  assert.deepEqual(
    [1, 2, 4, 5, 16, 17, 100, 256, 1024].map(detectionNodes),
    [1, 1, 1, 3, 5, 8, 35, 85, 341],
  );
  const machine = makeMachine();
  near(areaMm2(machine), 40.8, 0.05);
  near(powerWatt(machine), 0.59, 0.005);
  near(peakGops(machine), 102.4, 1e-9);
});

test('the events have the energies that the steady state of Table II gives', () => {
  near(eventPj.pointerRead, 18.1, 0.05);
  near(eventPj.spmatRead64, 49.6, 0.06);
  near(eventPj.entry, 1.45, 0.005);
  near(eventPj.activationCycle, 1.4, 0.005);
  assert.equal(rowReadPj(64), eventPj.spmatRead64);
  near(rowReadPj(512), 225, 1e-9);
  near(operationPj['int multiply 32 bit'] / multiplierPj.fixed16, 5, 1e-9);
  near(operationPj['float multiply 32 bit'] / multiplierPj.fixed16, 6.2, 0.3);
});

test("in the paper's steady state both accounts agree", () => {
  const machine = makeMachine();
  const cycles = 8000;
  const energy = layerEnergy(machine, {
    cycles,
    timeUs: cycles / 800,
    pointerReads: (cycles / 8) * 64,
    spmatReads: (cycles / 8) * 64,
    entries: cycles * 64,
    validWrites: cycles * 64,
  });
  near(energy.eventBasedUj / energy.constantPowerUj, 1, 0.001);
  near(energy.constantPowerUj, 10 * powerWatt(machine), 1e-9);
  assert.ok(energy.multiplierUj > 0);
  assert.equal(
    layerEnergy(makeMachine({ precision: 'fixed16' }), {
      ...energy,
      cycles,
      timeUs: 1,
      pointerReads: 0,
      spmatReads: 0,
      entries: 9,
      validWrites: 9,
    }).multiplierUj,
    0,
  );
});

test('a wider row costs more to read and is read less often', () => {
  const simulator = new LayerSimulator(makeWorkload(workloads[1], 1));
  let [reads, each] = [Infinity, 0];
  for (const sramWidth of [16, 32, 64, 128, 256, 512]) {
    const machine = makeMachine({ sramWidth });
    const counts = simulator.counts(machine);
    assert.ok(counts.spmatReads < reads && rowReadPj(sramWidth) > each);
    [reads, each] = [counts.spmatReads, rowReadPj(sramWidth)];
    near(layerEnergy(machine, counts).partsUj.spmat, (reads * each) / 1e6, 1e-9);
  }
});

test('a layer that fits has no warnings, one that does not says how it is split', () => {
  const random = mulberry32(3);
  const small = encode(randomMatrix(1000, 4096, 0.25, 16, random), null, 64, 4, true);
  const fits = checkCapacity(small, makeMachine());
  assert.deepEqual(
    [fits.warnings, fits.parts, fits.inputBatches, fits.outputBatches],
    [[], [0], 1, 1],
  );

  const vgg = encode(randomMatrix(4096, 25088, 0.04, 16, random), null, 64, 4, true);
  const big = checkCapacity(vgg, makeMachine());
  assert.equal(big.inputBatches, 7);
  assert.ok(big.parts.length >= 2);
  assert.ok(big.pointer.needed > big.pointer.available);
  assert.match(big.warnings.join('\n'), /7 x 1 batches/);
  assert.match(big.warnings.join('\n'), /loaded in \d+ parts, cut at column/);
  // every part fits
  const cuts = [...big.parts, vgg.columns];
  for (let i = 0; i + 1 < cuts.length; i++) {
    assert.ok(2 * (cuts[i + 1] - cuts[i] + 1) <= 32768);
    for (let p = 0; p < 64; p++)
      assert.ok(vgg.ptr[cuts[i + 1] * 64 + p] - vgg.ptr[cuts[i] * 64 + p] <= 131072);
  }

  const dense = encode(fromDense(new Uint8Array(300 * 9).fill(1), 300, 9), null, 1, 4, true);
  const tight = checkCapacity(dense, makeMachine({ pes: 1, spmatBytes: 700 }));
  assert.deepEqual(tight.parts, [0, 2, 4, 6, 8]);
  const none = checkCapacity(dense, makeMachine({ pes: 1, spmatBytes: 8 }));
  assert.equal(none.parts.length, 10);
});
